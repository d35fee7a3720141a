//! Sessions in real containers: real agents in the image that `cargo xtask image` builds, the whole way from the REST API
//! to a simulated model API and back, and what holds for any session in a container.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::agreement;
use octobot_end2end::api::{Api, Method, make_repository, text};
use octobot_end2end::casting::{self, PROMPT, Role, Scene};
use octobot_end2end::engine::{Engine, IMAGE};
use octobot_end2end::model::{Model, Scenario, Step};
use octobot_end2end::registry::Registry;
use octobot_end2end::{Server, rehearse_in, skip};
use octobot_wire::permission::PermissionKind;
use serde_json::{Value, json};

/// Plays the piece in a container.
async fn plays(name: &str, role: Role) {
    let engine = Engine::of_machine();
    let scene = Scene::Container(engine.clone());
    if let Some(why) = scene.lacks(role) {
        return skip(name, &why);
    }
    let model = Model::start().await.expect("the model API starts where containers reach it");
    let part = role.part(model.url());
    part.rehearsed(&model);
    model.play(Scenario::cued("are you still there").step(Step::text("Still here.")));
    rehearse_in(&engine, scene.place_of(&part), name, async |server: &mut Server, folder: &Path| -> Result<()> {
        casting::set_up(folder).await?;
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session_with(&workspace, &part.agent).await?;
        writes_and_tests(&api, server, &engine, &session, part.shows_output).await?;
        let told = model.requests().iter().any(|request| request.body.to_string().contains("passed"));
        ensure!(told, "the model wasn't told that the tests pass");

        // A stopped session starts again with the next prompt, and the agent knows what was said.
        api.post(&format!("/sessions/{session}/stop"), &Value::Null).await?;
        api.session_state(&session, "stopped").await?;
        api.submit(&session, "are you still there").await?;
        api.idle(&session).await?;
        ensure!(model.heard(&["are you still there", PROMPT]), "the agent has forgotten what was said");
        let view = api.get(&format!("/sessions/{session}")).await?.to_string();
        let says_so = view.contains("The agent's thread couldn't be loaded again");
        ensure!(says_so != part.keeps_its_thread, "{view}");
        agreement::check(&api, &session, &engine.data(&session)?).await
    })
    .await;
}

/// The agent asks before it writes; the server is killed meanwhile; the file is written once that is permitted, and the
/// tests pass.
async fn writes_and_tests(
    api: &Api,
    server: &mut Server,
    engine: &Engine,
    session: &str,
    shows_output: bool,
) -> Result<()> {
    api.submit(session, PROMPT).await?;
    let asked = api.asked(session).await?.context("nothing was asked")?;
    let file = engine.data(session)?.join("home/workspace/hello.txt");
    ensure!(!file.exists(), "it was written without permission");
    server.kill_and_restart().await?;
    let again = api.asked(session).await?;
    ensure!(again.as_ref() == Some(&asked), "what was asked is now {again:?}");
    let mut next = again;
    while let Some(asked) = next {
        api.answer(session, &asked, PermissionKind::AllowOnce).await?;
        next = api.asked(session).await?;
    }
    ensure!(std::fs::read_to_string(&file).context("the file wasn't written")? == "Hello\n");
    let view = api.get(&format!("/sessions/{session}")).await?.to_string();
    ensure!(view.contains("All tests **pass**"), "{view}");
    ensure!(!shows_output || view.contains(r#""lines":["passed"]"#), "what the tests printed isn't shown: {view}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_of_a_workspace_hold_from_the_next_start_on_and_never_exceed_the_ceiling() {
    const NAME: &str = "limits of a workspace";
    let engine = Engine::of_machine();
    if let Some(why) = engine.lacks(IMAGE) {
        return skip(NAME, &why);
    }
    let mut place = engine.place(IMAGE);
    place.options = vec!["--sandbox-pids=300".to_owned(), "--sandbox-max-pids=400".to_owned()];
    rehearse_in(&engine, place, NAME, async |server: &mut Server, folder: &Path| -> Result<()> {
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        let name = format!("octobot-{session}");
        let inspect = ["container", "inspect", "--format", "{{.HostConfig.PidsLimit}}", &name];
        ensure!(engine.lines(&inspect)? == ["300"]);

        let path = format!("/workspaces/{workspace}/limits");
        let (status, problem) = api.send(Method::PUT, &path, Some(&json!({ "pids": 401 }))).await?;
        ensure!(status == 422 && problem["errors"][0]["field"] == "pids", "{status}: {problem}");
        let (status, changed) = api.send(Method::PUT, &path, Some(&json!({ "pids": 400 }))).await?;
        ensure!(status == 200 && changed["limits"] == json!({ "pids": 400 }), "{status}: {changed}");
        ensure!(engine.lines(&inspect)? == ["300"], "a sandbox that runs was changed");
        api.submit(&session, "touch kept").await?;
        api.idle(&session).await?;
        api.post(&format!("/sessions/{session}/stop"), &Value::Null).await?;
        api.session_state(&session, "stopped").await?;
        api.submit(&session, "ls").await?;
        api.idle(&session).await?;
        ensure!(engine.lines(&inspect)? == ["400"]);
        ensure!(engine.data(&session)?.join("home/workspace/kept").exists());
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_fetched_from_its_registry_with_progress_and_again_after_a_failure() {
    const NAME: &str = "fetching an image";
    let engine = Engine::of_machine();
    if let Some(why) = engine.lacks(IMAGE).or_else(Registry::missing) {
        return skip(NAME, &why);
    }
    let mut registry = Registry::start(&engine).expect("the registry starts");
    let place = engine.place(&registry.image());
    rehearse_in(&engine, place, NAME, async |server: &mut Server, folder: &Path| -> Result<()> {
        make_repository(folder).await?;
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        registry.pause()?;
        let created = api.post("/sessions", &json!({ "workspaceId": workspace })).await?;
        let session = text(&created["id"])?;
        api.session_state(&session, "error").await?;
        let failed = api.get(&format!("/sessions/{session}")).await?;
        let state = &failed["session"]["state"];
        ensure!(state["stage"] == "pullingImage", "{state}");
        ensure!(state["reason"].as_str().is_some_and(|why| why.contains("the registry can't be reached")), "{state}");

        registry.go_on()?;
        api.post(&format!("/sessions/{session}/start"), &Value::Null).await?;
        api.session_state(&session, "ready").await?;
        let log = api.get(&format!("/sessions/{session}")).await?["log"].clone();
        let lines = log.as_array().into_iter().flatten().filter(|line| line["stage"] == "pullingImage");
        let told: Vec<_> = lines.filter_map(|line| line["text"].as_str()).collect();
        ensure!(told.iter().any(|line| line.starts_with("Fetching the image")), "{told:?}");
        ensure!(told.iter().any(|line| line.contains("Downloaded newer image")), "{told:?}");
        api.submit(&session, "git log --oneline").await?;
        api.idle(&session).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_sandbox_is_the_next_sessions_and_another_one_follows() {
    const NAME: &str = "warm sandboxes";
    let engine = Engine::of_machine();
    if let Some(why) = engine.lacks(IMAGE) {
        return skip(NAME, &why);
    }
    let mut place = engine.place(IMAGE);
    place.options = vec!["--sandbox-warm=2".to_owned()];
    let warm = std::sync::Mutex::new(Vec::new());
    rehearse_in(&engine, place, NAME, async |server: &mut Server, folder: &Path| -> Result<()> {
        make_repository(folder).await?;
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let before = warm_sessions(server).await?;
        let session = api.create_session(&workspace).await?;
        ensure!(before.contains(&session), "{session} isn't one of {before:?}");
        let log = api.get(&format!("/sessions/{session}")).await?["log"].to_string();
        ensure!(log.contains("The sandbox runs already."), "{log}");
        api.submit(&session, "git log --oneline").await?;
        api.idle(&session).await?;
        let after = warm_sessions(server).await?;
        ensure!(after.len() == 3 && before.iter().all(|session| after.contains(session)), "{before:?}, {after:?}");
        *warm.lock().expect("nobody panics while holding it") = after;
        Ok(())
    })
    .await;
    for session in warm.into_inner().expect("nobody panicked while holding it") {
        let left = engine.traces(&session).expect("the engine answers");
        assert!(left.is_empty(), "the server has left {left:?}");
    }
}

/// Waits until there are two warm sandboxes, and returns every session that has a sandbox.
async fn warm_sessions(server: &Server) -> Result<Vec<String>> {
    while !reqwest::get(server.url("/metrics")).await?.text().await?.contains("octobot_warm_sandboxes 2") {
        // Metrics have to be asked for.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let installation = std::fs::read_dir(server.data().join("places"))?.next().context("there is none")??;
    let places = std::fs::read_dir(installation.path())?;
    Ok(places.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn claude_code_writes_and_tests_in_a_container_across_a_kill_of_the_server() {
    plays("Claude Code in a container", Role::ClaudeCode).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gemini_cli_writes_and_tests_in_a_container_across_a_kill_of_the_server() {
    plays("Gemini CLI in a container", Role::GeminiCli).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codex_writes_and_tests_in_a_container_across_a_kill_of_the_server() {
    plays("Codex in a container", Role::Codex).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opencode_writes_and_tests_in_a_container_across_a_kill_of_the_server() {
    plays("OpenCode in a container", Role::OpenCode).await;
}
