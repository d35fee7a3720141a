//! "Create hello.txt and run the tests", as a person has it done in the browser: by each agent in a container, and once on this
//! machine.

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::api::{Api, text};
use octobot_end2end::casting::{self, Part, Role, Scene};
use octobot_end2end::page::{
    self, QUESTION, complains_only_of, hide, hydrated, looks_right, permit_until, press, see, write,
};
use octobot_end2end::{Stage, skip};

/// What the agent says at the end.
const END: &str = "//strong[text()='pass']";

/// Begins a session in the browser, gives the permissions that are asked for in two tabs, across a kill of the server, and
/// looks at what is there at the end.
async fn journey(name: &str, role: Role, scene: Scene) {
    if let Some(why) = scene.lacks(role) {
        return skip(name, &why);
    }
    let model = Model::start().await.expect("the model API starts where sandboxes reach it");
    let part = role.part(model.url());
    part.rehearsed(&model);
    scene
        .stage(&part, name, async |stage: &mut Stage| -> Result<()> {
            let folder = tempfile::tempdir()?;
            casting::set_up(folder.path()).await?;
            let session = begin(stage, &part, &folder.path().display().to_string()).await?;
            let api = Api::new(&stage.server.url(""));
            see(stage, &format!("{QUESTION}[contains(., 'hello.txt')]")).await?;
            stage.browser.screenshot(&format!("{name} asks")).await?;

            // The question is there in a second tab, and after the server was killed; it is answered once.
            let first = stage.browser.driver().window().await?;
            let address = stage.browser.driver().current_url().await?;
            let second = stage.browser.driver().new_tab().await?;
            stage.browser.driver().switch_to_window(second.clone()).await?;
            stage.server.kill_and_restart().await?;
            stage.browser.driver().goto(address.as_str()).await?;
            hydrated(stage).await?;
            press(stage, &format!("{QUESTION}[contains(., 'hello.txt')]//button[contains(@class, 'button--primary')]"))
                .await?;
            stage.browser.driver().switch_to_window(first).await?;
            hide(stage, &format!("{QUESTION}[contains(., 'hello.txt')]")).await?;
            permit_until(stage, END).await?;
            api.idle(&session).await?;

            see(stage, "//*[contains(@class,'permission__answer')]").await?;
            // Of what a command is given at first nothing is left but the command.
            hide(stage, "//pre[@aria-label='Script'][contains(., 'cwd')]").await?;
            if part.shows_output {
                see(stage, "//*[contains(@class,'output')]//*[text()='passed']").await?;
            }
            let told = model.requests().iter().any(|request| request.body.to_string().contains("passed"));
            ensure!(told, "the model wasn't told that the tests pass");
            looks_right(stage, name, 844).await?;
            stage.browser.driver().switch_to_window(second).await?;
            see(stage, END).await?;
            hide(stage, QUESTION).await?;
            // The connections that broke when the server was killed are on the console, as they should be.
            complains_only_of(stage, &["net::ERR_"]).await
        })
        .await;
}

/// Adds the workspace, chooses the agent, and sends the prompt that the session begins with.
async fn begin(stage: &Stage, part: &Part, source: &str) -> Result<String> {
    let agent = Api::new(&stage.server.url("")).post("/agents", &part.agent).await?;
    let name = text(&agent["name"])?;
    page::add_workspace(stage, source).await?;
    press(stage, &format!("//select[@aria-label='Agent']/option[text()='{name}']")).await?;
    write(stage, page::PROMPT, casting::PROMPT).await?;
    press(stage, "//button[contains(., 'Start session')]").await?;
    see(stage, "//*[contains(@class,'message--user')]").await?;
    let address = stage.browser.driver().current_url().await?;
    let session = address.path_segments().and_then(|mut segments| segments.next_back().map(str::to_owned));
    session.context("the address names no session")
}

#[tokio::test(flavor = "multi_thread")]
async fn claude_code_works_in_a_container_as_the_browser_shows() {
    journey("claude code in a container", Role::ClaudeCode, Scene::container()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gemini_cli_works_in_a_container_as_the_browser_shows() {
    journey("gemini cli in a container", Role::GeminiCli, Scene::container()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codex_works_in_a_container_as_the_browser_shows() {
    journey("codex in a container", Role::Codex, Scene::container()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opencode_works_in_a_container_as_the_browser_shows() {
    journey("opencode in a container", Role::OpenCode, Scene::container()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn claude_code_works_on_this_machine_as_the_browser_shows() {
    let scene = Scene::local().expect("a folder can be made");
    journey("claude code on this machine", Role::ClaudeCode, scene).await;
}
