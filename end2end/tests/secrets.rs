//! What nobody inside a sandbox may get at, and what nobody there reaches: Claude Code works with a key that it never has, installs a
//! package, and is refused everywhere else until somebody allows it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::routing::get;
use octobot_end2end::api::{Api, Method};
use octobot_end2end::casting::{self, Role, Scene};
use octobot_end2end::hosts::Hosts;
use octobot_end2end::model::{Model, Scenario, Step};
use octobot_end2end::page::{self, PROMPT, hydrated, permit_until, press, see, send, write};
use octobot_end2end::{Place, Stage, canary, processes, skip};
use serde_json::{Value, json};

/// The key. Only its beginning is like one, so that it isn't found in what tells of keys.
const KEY: &str = "sk-ant-api03-canary-8c61f0d2b7";

/// Where the agent works.
const WORKSPACE: &str = "/home/octobot/workspace";

/// A server of an origin, on a port of its own.
async fn serve(router: Router) -> Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

/// A registry with one package.
async fn registry() -> Result<SocketAddr> {
    let folder = tempfile::tempdir()?;
    std::fs::create_dir(folder.path().join("package"))?;
    let manifest = json!({ "name": "tiny-package", "version": "1.0.0", "main": "index.js" });
    std::fs::write(folder.path().join("package/package.json"), manifest.to_string())?;
    std::fs::write(folder.path().join("package/index.js"), "module.exports = 'tiny';\n")?;
    let packed = Command::new("tar").args(["-cz", "package"]).current_dir(folder.path()).output()?.stdout;
    ensure!(!packed.is_empty(), "the package couldn't be packed");
    let dist = json!({ "tarball": "https://registry.npmjs.org/tiny-package/-/tiny-package-1.0.0.tgz" });
    let version = json!({ "name": "tiny-package", "version": "1.0.0", "main": "index.js", "dist": dist });
    let package =
        json!({ "name": "tiny-package", "dist-tags": { "latest": "1.0.0" }, "versions": { "1.0.0": version } });
    let router = Router::new()
        .route("/tiny-package", get(async move || axum::Json(package)))
        .route("/tiny-package/-/tiny-package-1.0.0.tgz", get(async move || packed));
    serve(router).await
}

/// What a step of Claude Code's runs.
fn bash(command: &str) -> Step {
    Step::tool("Bash", json!({ "command": command, "description": "Do it" }))
}

/// How Claude Code goes about it: a prompt, its commands, and what it says at the end.
fn rehearse(model: &Model) {
    let install = format!("cd {WORKSPACE} && npm install tiny-package && node -p \"require('tiny-package')\"");
    let refused = "curl -sS --max-time 20 https://example.com; echo \"curl ended with $?\"";
    let looked = "env | grep ANTHROPIC_API_KEY";
    let first = Scenario::cued("install it").step(bash(&install)).step(bash(refused)).step(bash(looked));
    model.play(first.step(Step::text("It is **installed**.")));
    model.play(Scenario::cued("ask again").step(bash(refused)).step(Step::text("It was **asked**.")));
}

async fn keys_stay_outside_and_hosts_out_of_reach(name: &str, scene: Scene) {
    if let Some(why) = scene.lacks(Role::ClaudeCode) {
        return skip(name, &why);
    }
    let model = Model::start().await.expect("the model API starts");
    rehearse(&model);
    let example = serve(Router::new().fallback(async || "an example")).await.expect("it listens");
    let api = model.url().trim_start_matches("http://");
    let api: SocketAddr = format!("{api}:80").parse().expect("the model has an address");
    let registry = registry().await.expect("a registry starts");
    let hosts = [("api.anthropic.com", api), ("registry.npmjs.org", registry), ("example.com", example)];
    let hosts = Hosts::play(&hosts).await.expect("the hosts can be played");
    let place = Place { sandbox_proxy: Some(hosts.proxy_config().to_owned()), ..scene.place() };
    scene
        .stage_at(place, name, async |stage: &mut Stage| -> Result<()> {
            let folder = tempfile::tempdir()?;
            casting::set_up(folder.path()).await?;
            let session = begin(stage, folder.path()).await?;
            permit_until(stage, "//strong[text()='installed']").await?;
            let api = Api::new(&stage.server.url(""));
            api.idle(&session).await?;
            stage.browser.screenshot(&format!("{name} refused")).await?;
            let told = model.requests().iter().map(|request| request.body.to_string()).collect::<String>();
            ensure!(told.contains("added 1 package"), "npm didn't install the package: {told}");
            ensure!(told.contains("403") && !told.contains("an example"), "example.com wasn't refused: {told}");
            ensure!(told.contains("ANTHROPIC_API_KEY=sk-ant-api03-octobot-"), "there is no placeholder: {told}");
            let keys: Vec<_> = model.requests().into_iter().map(|request| request.key).collect();
            ensure!(keys.iter().all(|key| key.as_deref() == Some(KEY)), "{keys:?}");

            allow(stage, &session, name).await?;
            stage.open(&format!("/projects/local/sessions/{session}")).await?;
            hydrated(stage).await?;
            send(stage, "ask again").await?;
            permit_until(stage, "//strong[text()='asked']").await?;
            api.idle(&session).await?;
            let reached = model.requests().iter().any(|request| request.body.to_string().contains("an example"));
            ensure!(reached, "example.com wasn't reached");
            search(stage, &scene, &session).await
        })
        .await;
}

/// Gives the project the key, and begins the session in the browser.
async fn begin(stage: &Stage, folder: &Path) -> Result<String> {
    let api = Api::new(&stage.server.url(""));
    let key = json!({
        "name": "Anthropic", "credentialType": "anthropic", "everySession": true,
        "values": [{ "name": "ANTHROPIC_API_KEY", "value": KEY }],
    });
    api.post("/credentials", &key).await?;
    let policy = json!({
        "revision": 0, "enabled": true, "mode": "online", "presets": ["anthropic"],
        "allowed": [{ "host": "registry.npmjs.org" }], "denied": [],
    });
    let (status, problem) = api.send(Method::PUT, "/network", Some(&policy)).await?;
    ensure!(status == 200, "{problem}");
    let agent = json!({ "name": "Claude", "agentType": "claudeCode", "options": { "mode": "default" } });
    api.post("/agents", &agent).await?;
    page::add_workspace(stage, &folder.display().to_string()).await?;
    press(stage, "//select[@aria-label='Agent']/option[text()='Claude']").await?;
    write(stage, PROMPT, "install it").await?;
    press(stage, "//button[contains(., 'Start session')]").await?;
    see(stage, "//*[contains(@class,'message--user')]").await?;
    let address = stage.browser.driver().current_url().await?;
    let session = address.path_segments().and_then(|mut segments| segments.next_back().map(str::to_owned));
    session.context("the address names no session")
}

/// Sees in the log what was refused, and allows it with one press.
async fn allow(stage: &Stage, session: &str, name: &str) -> Result<()> {
    const DENIED: &str = "//tr[contains(., 'example.com')]";
    stage.open(&format!("/projects/local/sessions/{session}/network")).await?;
    hydrated(stage).await?;
    see(stage, &format!("{DENIED}//*[text()='Denied']")).await?;
    stage.browser.screenshot(&format!("{name} log")).await?;
    press(stage, &format!("{DENIED}//button[text()='Allow this host']")).await?;
    see(stage, &format!("{DENIED}//span[text()='Allowed']")).await.map(drop)
}

/// Looks for the key wherever it must not be: in the sandbox, and outside of it in the server's data, log and answers. Where
/// it has to be it is found, so that what isn't found isn't there.
async fn search(stage: &Stage, scene: &Scene, session: &str) -> Result<()> {
    let is_proxy = |id: &u32| {
        let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains("octobot-proxy")
    };
    let (proxies, inside): (Vec<_>, Vec<_>) = processes::of_session(session)?.into_iter().partition(is_proxy);
    ensure!(inside.len() > 2, "the agent doesn't run any more: {inside:?}");
    ensure!(proxies.iter().any(|&id| canary::is_in_process(id, KEY).unwrap_or_default()), "the proxy has it");
    for id in inside {
        let line = std::fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default();
        ensure!(!canary::is_in_process(id, KEY)?, "{line} has the key");
    }
    let mut folders: Vec<PathBuf> = vec![stage.server.data().to_owned()];
    folders.extend(scene.data(session)?);
    for folder in folders {
        let found = canary::files_with(&folder, KEY)?;
        // What proxies are told is kept in memory; only in tests that is a folder among the data.
        let found: Vec<_> = found.into_iter().filter(|path| !path.contains("/runtime/")).collect();
        ensure!(found.is_empty(), "the key is in {found:?}");
    }
    let api = Api::new(&stage.server.url(""));
    let mut answers = stage.server.said();
    for path in
        ["/credentials", "/network", &format!("/sessions/{session}"), &format!("/sessions/{session}/network/log")]
    {
        answers.push_str(&api.get(path).await?.to_string());
    }
    let mut events = api.events("after=0").await?;
    loop {
        let event: Value = events.next().await?;
        answers.push_str(&event.to_string());
        // The last change is that the session is ready again, after its second turn.
        if event["type"] == "session" && event["session"]["state"]["state"] == "ready" && answers.contains("asked") {
            break;
        }
    }
    for told in ["Anthropic", "registry.npmjs.org", "was delivered"] {
        ensure!(answers.contains(told), "the control: {told} was told");
    }
    ensure!(!answers.contains(KEY), "the key was told");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_container_keys_stay_outside_and_hosts_out_of_reach() {
    keys_stay_outside_and_hosts_out_of_reach("secrets in a container", Scene::container()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_this_machine_keys_stay_outside_and_hosts_out_of_reach() {
    let scene = Scene::local().expect("a folder can be made");
    keys_stay_outside_and_hosts_out_of_reach("secrets on this machine", scene).await;
}
