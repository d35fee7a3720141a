//! A session that goes on from where another one was: over the REST API, in the browser, and what its agent is told.

use anyhow::{Result, ensure};
use octobot_end2end::api::{Api, Method, text};
use octobot_end2end::casting::{Role, Scene};
use octobot_end2end::model::{Model, Scenario, Step};
use octobot_end2end::page::{self, hide, looks_right, permit_until, press, see, write};
use octobot_end2end::{Place, Stage, play, rehearse_at, skip};
use octobot_wire::message::{Message, MessageRole, PartBody};
use serde_json::{Value, json};

use super::{set_up, told};

/// A new session that was forked from this one.
async fn fork(api: &Api, session: &str, moment: &Value) -> Result<String> {
    let fork = api.post(&format!("/sessions/{session}/fork"), moment).await?;
    ensure!(fork["forkedFrom"] == session, "{fork}");
    let id = text(&fork["id"])?;
    api.session_state(&id, "ready").await?;
    Ok(id)
}

/// What the prompts of a session were.
async fn prompts(api: &Api, session: &str) -> Result<Vec<String>> {
    let messages = api.messages(session).await?;
    let prompts = messages.into_iter().filter(|message| message.role == MessageRole::User);
    let text = |message: Message| match &message.parts.first()?.body {
        PartBody::Text(prose) => Some(prose.text.clone()),
        _ => None,
    };
    Ok(prompts.filter_map(text).collect())
}

#[tokio::test]
async fn a_session_is_forked_from_each_of_its_moments_over_the_api() {
    rehearse_at(Place::default(), "fork", async |server, folder| {
        set_up(folder).await?;
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        let first = api
            .submit(&session, "echo 1 >made.txt; git add made.txt; git commit -qm one; echo last >>notes.txt")
            .await?;
        api.idle(&session).await?;
        api.submit(&session, "git add -A; git commit -qm two; echo 2 >more.txt").await?;
        api.idle(&session).await?;

        let key = "0192b3a0-0000-7000-8000-000000000001";
        let after = fork(&api, &session, &json!({ "turn": first, "idempotencyKey": key })).await?;
        ensure!(fork(&api, &session, &json!({ "turn": first, "idempotencyKey": key })).await? == after);
        let changes = api.get(&format!("/sessions/{after}/changes")).await?;
        ensure!(told(&changes) == ["added made.txt", "modified notes.txt"], "{changes}");
        let state = api.get(&format!("/sessions/{after}/repository")).await?;
        ensure!(state["uncommitted"] == json!(["notes.txt"]), "{state}");
        ensure!(prompts(&api, &after).await?.len() == 1);
        let before = fork(&api, &session, &json!({ "turn": first, "before": true })).await?;
        ensure!(told(&api.get(&format!("/sessions/{before}/changes")).await?).is_empty());
        ensure!(prompts(&api, &before).await?.is_empty());

        // It goes on by itself, and the workspace takes over what both have made.
        let now = fork(&api, &session, &json!({})).await?;
        ensure!(prompts(&api, &now).await? == prompts(&api, &session).await?);
        api.submit(&now, "cat notes.txt more.txt; git commit -qam three; echo 3 >three.txt").await?;
        api.idle(&now).await?;
        let messages = api.messages(&now).await?;
        ensure!(messages.len() == 6, "{} messages", messages.len());
        let outcome = api.post(&format!("/sessions/{now}/repository/apply"), &json!({})).await?;
        ensure!(outcome["end"] == "applied", "{outcome}");
        ensure!(super::in_workspace(folder, "three.txt").as_deref() == Some("3\n"));
        let again = fork(&api, &now, &json!({})).await?;
        ensure!(prompts(&api, &again).await?.len() == 3);
        // The source can go.
        api.send(Method::DELETE, &format!("/sessions/{session}"), None).await?;
        let path = format!("/sessions/{session}/fork");
        ensure!(api.send(Method::POST, &path, Some(&json!({}))).await?.0 == 404);
        let path = format!("/sessions/{session}");
        let gone = async || Ok((api.send(Method::GET, &path, None).await?.0 == 404).then_some(()));
        api.until("the session is gone", gone).await?;
        ensure!(prompts(&api, &now).await?.len() == 3);

        // A sandbox that doesn't run has no files to give.
        api.post(&format!("/sessions/{now}/stop"), &json!({})).await?;
        api.session_state(&now, "stopped").await?;
        let (status, problem) = api.send(Method::POST, &format!("/sessions/{now}/fork"), Some(&json!({}))).await?;
        ensure!(
            status == 409 && problem["detail"].as_str().is_some_and(|text| text.contains("Start the session")),
            "{problem}"
        );
        ensure!(std::fs::read_dir(server.data().join("forks"))?.next().is_none());
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_forked_in_the_browser() {
    play("fork", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        set_up(folder.path()).await?;
        page::add_workspace(stage, &folder.path().display().to_string()).await?;
        write(stage, page::PROMPT, "echo first >first.txt").await?;
        press(stage, "//button[contains(., 'Start session')]").await?;
        see(stage, "//h2[contains(., '1 file changed')]").await?;
        page::send(stage, "echo second >second.txt").await?;
        see(stage, "//h2[contains(., '2 files changed')]").await?;

        press(stage, "(//button[@aria-label='Actions for the prompt'])[1]").await?;
        press(stage, "//button[contains(@class,'menu__item')][contains(., 'Fork after this turn…')]").await?;
        see(stage, "//dialog[@open]//p[contains(., 'as they were after this turn')]").await?;
        looks_right(stage, "fork dialog", 844).await?;
        press(stage, "//dialog[@open]//button[text()='Fork']").await?;
        see(stage, "//p[contains(., 'Forked from')]/a[contains(., 'echo first')]").await?;
        see(stage, "//h2[contains(., '1 file changed')]").await?;
        looks_right(stage, "forked", 844).await?;
        page::send(stage, "echo third >third.txt").await?;
        see(stage, "//h2[contains(., '2 files changed')]").await?;
        hide(stage, "//p[contains(., 'Forked from')]").await?;
        press(stage, "//button[text()='Details']").await?;
        press(stage, "//dt[text()='Forked from']/following-sibling::dd[1]/a").await?;
        see(stage, "//pre[contains(., 'second.txt')]").await?;

        press(stage, "//button[@aria-label='Actions for the session']").await?;
        press(stage, "//button[contains(@class,'menu__item')][contains(., 'Fork…')]").await?;
        see(stage, "//dialog[@open]//p[contains(., 'as they are now')]").await?;
        press(stage, "//dialog[@open]//button[text()='Fork']").await?;
        see(stage, "//p[contains(., 'Forked from')]").await?;
        see(stage, "//pre[contains(., 'second.txt')]").await.map(drop)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_of_a_fork_is_told_what_was_said_before() {
    const NAME: &str = "fork told";
    let scene = Scene::local().expect("a folder can be made");
    if let Some(why) = scene.lacks(Role::ClaudeCode) {
        return skip(NAME, &why);
    }
    let model = Model::start().await.expect("the model API starts");
    let part = Role::ClaudeCode.part(model.url());
    model.play(Scenario::cued("remember the walrus").step(Step::text("I **remember** it.")));
    model.play(Scenario::cued("what was it").step(Step::text("A **walrus**.")));
    let test = async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        set_up(folder.path()).await?;
        let api = Api::new(&stage.server.url(""));
        let workspace = api.add_workspace(&folder.path().display().to_string()).await?;
        let session = api.create_session_with(&workspace, &part.agent).await?;
        api.submit(&session, "remember the walrus").await?;
        api.idle(&session).await?;
        let fork = fork(&api, &session, &json!({})).await?;
        stage.open(&format!("/projects/local/sessions/{fork}")).await?;
        page::hydrated(stage).await?;
        see(stage, "//strong[text()='remember']").await?;
        page::send(stage, "what was it").await?;
        permit_until(stage, "//strong[text()='walrus']").await?;
        ensure!(model.heard(&["remember the walrus", "</transcript>", "what was it"]));
        Ok(())
    };
    scene.stage(&part, NAME, test).await;
}
