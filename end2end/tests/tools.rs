//! What a person sees of what agents do: each kind of tool in its own view. The tools are the agents' own.

use anyhow::Result;
use axum::Router;
use axum::routing::get;
use octobot_end2end::api::{Api, make_repository};
use octobot_end2end::casting::{Part, Role, Scene};
use octobot_end2end::model::{Scenario, Step};
use octobot_end2end::page::{hydrated, looks_right, permit_until, press, see, send};
use octobot_end2end::{Stage, skip};
use serde_json::json;

/// What the agents are asked to do.
const CUE: &str = "use every tool";

/// A file with something to read, to find and to change.
const SOURCE: &str = "//! Greets.\n\n/// Says hello to somebody.\npub fn greet(name: &str) -> String {\n    \
                      format!(\"Hello {name}\")\n}\n\nfn main() {\n    println!(\"{}\", greet(\"world\"));\n}\n";

/// So many pixels a page needs for everything that is done here.
const HEIGHT: u32 = 2_000;

/// The path of that file in a sandbox.
const FILE: &str = "/home/octobot/workspace/src/main.rs";

/// Has an agent do what the model says, permits all of it, and looks at what is shown.
async fn shows(name: &str, scene: &Scene, part: &Part, look: impl AsyncFnOnce(&Stage) -> Result<()>) {
    let test = async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join("src"))?;
        std::fs::write(folder.path().join("src/main.rs"), SOURCE)?;
        make_repository(folder.path()).await?;
        let api = Api::new(&stage.server.url(""));
        let workspace = api.add_workspace(&folder.path().display().to_string()).await?;
        let session = api.create_session_with(&workspace, &part.agent).await?;
        stage.open(&format!("/projects/local/sessions/{session}")).await?;
        hydrated(stage).await?;
        send(stage, CUE).await?;
        permit_until(stage, "//strong[text()='all']").await?;
        api.idle(&session).await?;
        // All of it is in view: what is looked at isn't scrolled away by what comes.
        stage.browser.resize(1280, HEIGHT).await?;
        look(stage).await?;
        looks_right(stage, name, HEIGHT).await
    };
    scene.stage(part, name, test).await;
}

/// The view of a tool call, by a part of its title.
fn call(title: &str) -> String {
    format!("//*[contains(@class,'tool-call')][contains(@aria-label, '{title}')]")
}

/// Unfolds a tool call of which only a line stands there, and waits for what it shows.
async fn unfold(stage: &Stage, title: &str, shown: &str) -> Result<()> {
    press(stage, &format!("{}//button", call(title))).await?;
    let text = format!("{}//*[contains(@class,'tool-call__text')][contains(., '{shown}')]", call(title));
    see(stage, &text).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_a_change_a_read_and_a_plan_have_each_their_view() {
    const NAME: &str = "tools of claude code";
    let scene = Scene::local().expect("a folder can be made");
    if let Some(why) = scene.lacks(Role::ClaudeCode) {
        return skip(NAME, &why);
    }
    let model = Model::start().await.expect("the model API starts");
    let command = "printf '\\e[1;32mtest result: ok\\e[0m\\n'; seq 3; echo 'no such flag' >&2";
    let change = json!({ "file_path": FILE, "old_string": "Hello {name}", "new_string": "Hello, {name}!" });
    let todo = |content: &str, status: &str| json!({ "content": content, "status": status, "activeForm": content });
    let plan = [todo("Look around", "completed"), todo("Change the greeting", "in_progress"), todo("Test", "pending")];
    model.play(
        Scenario::cued(CUE)
            .step(Step::tool("TodoWrite", json!({ "todos": plan })))
            .step(Step::tool("Read", json!({ "file_path": FILE })))
            .step(Step::tool("Edit", change))
            .step(Step::tool("Bash", json!({ "command": command, "description": "Run the tests" })))
            .step(Step::text("That was **all**.")),
    );
    shows(NAME, &scene, &Role::ClaudeCode.part(model.url()), async |stage| {
        see(stage, "//section[@aria-label='Plan']//li[@data-state='now'][contains(., 'Change the greeting')]").await?;
        see(stage, "//section[@aria-label='Plan']/p[contains(., '1 of 3')]").await?;
        // A command and a change are there at once, with what came of them.
        see(stage, "//*[contains(@class,'output')]//*[contains(text(),'test result: ok')]").await?;
        see(stage, "//*[contains(@class,'diff__line')][contains(., 'Hello, {name}!')]").await?;
        see(stage, "//*[contains(@class,'diff__line')][contains(., 'Hello {name}')]").await?;
        unfold(stage, "Read", "Says hello to somebody").await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_fetched_and_what_is_found_have_each_their_view() {
    const NAME: &str = "tools of opencode";
    let scene = Scene::container();
    if let Some(why) = scene.lacks(Role::OpenCode) {
        return skip(NAME, &why);
    }
    let model = Model::start().await.expect("the model API starts where containers reach it");
    let listener = origin::listen().await.expect("a port is free");
    let page = format!("http://{}/guide.html", listener.local_addr().expect("it is bound"));
    let html = ([("content-type", "text/html")], "<h1>Guide</h1><p>Greet <b>politely</b>.</p>");
    let site = Router::new().route("/guide.html", get(async move || html));
    let site = tokio::spawn(async move { axum::serve(listener, site).await });
    model.play(
        Scenario::cued(CUE)
            .step(Step::tool("webfetch", json!({ "url": page, "format": "markdown" })))
            .step(Step::tool("grep", json!({ "pattern": "greet" })))
            .step(Step::text("That was **all**.")),
    );
    shows(NAME, &scene, &Role::OpenCode.part(model.url()), async |stage| {
        unfold(stage, "guide.html", "politely").await?;
        unfold(stage, "greet", "main.rs").await
    })
    .await;
    site.abort();
    let told = model.requests().iter().any(|request| request.body.to_string().contains("politely"));
    assert!(told, "the model wasn't told what was fetched");
}
