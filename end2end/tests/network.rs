//! The network policy over the REST API: kept, explained, changed one host at a time, and told of.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use octobot_end2end::api::{Api, Method, text};
use octobot_end2end::{Place, origin, rehearse_at};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// A host that answers every request with `hello`, and that no policy names. Returns its address.
async fn host() -> Result<String> {
    let listener = origin::listen_unlisted().await?;
    let address = listener.local_addr()?.ip().to_string();
    let router = Router::new().fallback(async || "hello");
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

/// A script that asks a host until it answers with this status; its proxy reads what has changed within a moment.
fn until_answered(host: &str, status: u16) -> String {
    let curl = format!("curl -s -o /dev/null -w '%{{http_code}}' http://{host}/one?secret");
    format!(
        "for try in $(seq 100); do code=$({curl}); [ $code = {status} ] && break; sleep 0.1; done; echo answered $code"
    )
}

/// Runs a script in a session, to its end.
async fn run(api: &Api, session: &str, script: &str) -> Result<String> {
    api.submit(session, script).await?;
    api.idle(session).await?;
    let view = api.get(&format!("/sessions/{session}")).await?;
    Ok(view["messages"].as_array().and_then(|messages| messages.last()).context("no message")?["parts"].to_string())
}

/// What the policy says about a host: the refusal, and where its rule comes from.
async fn verdict(api: &Api, query: &str) -> Result<(Value, Value)> {
    let verdict = api.get(&format!("/network/check?{query}")).await?;
    Ok((verdict["refusal"].clone(), verdict["origin"]["from"].clone()))
}

#[tokio::test]
async fn a_policy_is_kept_explained_and_changed_from_what_was_seen() {
    rehearse_at(Place::default(), "network policy", async |server, folder| {
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let view = api.get("/network").await?;
        let mut policy = view["policy"].clone();
        ensure!(policy["presets"] == json!(["model-apis", "package-registries", "github"]), "{policy}");
        ensure!(policy["revision"] == 0 && policy["enabled"] == true && view["mayEdit"] == true, "{view}");
        ensure!(verdict(&api, "host=github.com").await? == (Value::Null, json!("preset")));
        ensure!(verdict(&api, "host=other.example").await? == (json!("unlisted"), Value::Null));

        policy["allowed"] = json!([{ "host": "Other.example.", "ports": ["443"] }, { "host": "10.1.2.3/16" }]);
        policy["denied"] = json!(["gist.github.com"]);
        let (status, stored) = api.send(Method::PUT, "/network", Some(&policy)).await?;
        ensure!(status == 200 && stored["revision"] == 1, "{stored}");
        ensure!(stored["allowed"][0]["host"] == "other.example" && stored["allowed"][1]["host"] == "10.1.0.0/16");
        let (status, problem) = api.send(Method::PUT, "/network", Some(&policy)).await?;
        ensure!(status == 409, "{problem}");
        policy["allowed"][1]["host"] = json!("10.1.2.3/99");
        let (status, problem) = api.send(Method::PUT, "/network", Some(&policy)).await?;
        ensure!(status == 422 && problem["errors"][0]["field"] == "allowed.1.host", "{problem}");

        ensure!(verdict(&api, "host=https://other.example/a").await? == (Value::Null, json!("project")));
        ensure!(verdict(&api, "host=other.example:80").await? == (json!("port"), json!("project")));
        ensure!(verdict(&api, "host=gist.github.com").await? == (json!("denied"), json!("project")));
        ensure!(verdict(&api, "host=10.1.9.9").await? == (Value::Null, json!("project")));
        ensure!(verdict(&api, "host=10.2.9.9").await? == (json!("unlisted"), Value::Null));

        // A workspace adds to it, for its own sandboxes.
        let additions = json!({ "revision": 0, "allowed": [{ "host": "own.example" }], "denied": ["github.com"] });
        let path = format!("/workspaces/{workspace}/network");
        ensure!(api.send(Method::PUT, &path, Some(&additions)).await?.0 == 200);
        let of_workspace = |host: &str| format!("host={host}&workspace={workspace}");
        ensure!(verdict(&api, &of_workspace("own.example")).await? == (Value::Null, json!("workspace")));
        ensure!(verdict(&api, &of_workspace("github.com")).await? == (json!("denied"), json!("workspace")));
        ensure!(verdict(&api, "host=own.example").await? == (json!("unlisted"), Value::Null));
        let effective = api.get(&format!("/network/effective?workspace={workspace}")).await?;
        ensure!(effective["denied"].as_array().is_some_and(|denied| denied.len() == 2), "{effective}");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_host_is_allowed_and_taken_back_and_pages_hear_of_it() {
    rehearse_at(Place::default(), "allowed hosts", async |server, folder| {
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let asked = json!({ "host": "new.example", "port": 8443, "workspace": workspace });
        let added = api.post("/network/allow", &asked).await?["added"].clone();
        ensure!(added["host"] == "new.example" && added["ports"] == json!(["8443"]), "{added}");
        ensure!(api.post("/network/allow", &asked).await?["added"].is_null());
        let taken = json!({ "entry": added, "workspace": workspace });
        for _ in 0..2 {
            ensure!(api.send(Method::POST, "/network/disallow", Some(&taken)).await?.0 == 204);
        }
        let left = api.get(&format!("/workspaces/{workspace}/network")).await?;
        ensure!(left["allowed"] == json!([]) && left["revision"] == 2, "{left}");

        // What a list denies, no other list allows.
        let additions = json!({ "revision": 2, "allowed": [], "denied": ["*.evil.example"] });
        let path = format!("/workspaces/{workspace}/network");
        ensure!(api.send(Method::PUT, &path, Some(&additions)).await?.0 == 200);
        let denied = json!({ "host": "a.evil.example", "workspace": workspace });
        let (status, problem) = api.send(Method::POST, "/network/allow", Some(&denied)).await?;
        ensure!(status == 409 && problem["detail"].as_str().is_some_and(|text| text.contains("evil")), "{problem}");
        let mut events = api.events("after=0").await?;
        while events.next().await?["type"] != "networkPolicy" {}
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_a_sandbox_asks_for_is_logged_counted_exported_and_allowed() {
    let host = host().await.expect("a host can be reached");
    rehearse_at(Place::default(), "network log", async |server, folder| {
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        let first = run(&api, &session, &until_answered(&host, 403)).await?;
        ensure!(first.contains("\"answered 403\""), "{first}");

        let path = format!("/sessions/{session}/network");
        let denied = api.get(&format!("{path}/log?decision=deny&host={host}")).await?;
        let record = &denied["records"][0];
        ensure!(record["host"] == host && record["remedy"] == "allowHost", "{denied}");
        ensure!(record["rule"] == "default deny" && !record.to_string().contains("secret"), "{record}");

        // Followed, allowed, and in force while the sandbox runs.
        let log = server.url(&format!("/api/projects/local{path}/log?after={}", denied["last"]));
        let accept = reqwest::Client::new().get(log).header("accept", "text/event-stream");
        let mut stream = accept.send().await?.error_for_status()?;
        let asked = json!({ "host": host, "port": record["port"], "workspace": workspace });
        let added = api.post("/network/allow", &asked).await?["added"].clone();
        ensure!(added["host"] == host, "{added}");
        let second = run(&api, &session, &until_answered(&host, 200)).await?;
        ensure!(second.contains("\"answered 200\""), "{second}");
        let mut told = String::new();
        while !told.contains("\"decision\":\"allow\"") {
            let chunk = tokio::time::timeout(std::time::Duration::from_secs(20), stream.chunk()).await??;
            told.push_str(std::str::from_utf8(&chunk.context("the stream has ended")?)?);
        }

        let summary = api.get(&format!("{path}/summary")).await?;
        let counted = summary["hosts"].as_array().into_iter().flatten().find(|known| known["host"] == host);
        let counted = counted.context("the host isn't counted")?;
        ensure!(
            counted["allowed"] == 1 && counted["denied"].as_u64() > Some(0) && counted["bytesDown"].as_u64() > Some(5),
            "{counted}"
        );
        ensure!(summary["cache"]["maxSizeBytes"].as_u64() > Some(0), "{summary}");
        ensure!(api.send(Method::DELETE, &format!("{path}/cache"), None).await?.0 == 204);
        let export = async |format: &str| -> Result<String> {
            let url = server.url(&format!("/api/projects/local{path}/export?format={format}&host={host}"));
            Ok(reqwest::get(url).await?.error_for_status()?.text().await?)
        };
        let lines = export("jsonl").await?;
        let last: Value = serde_json::from_str(lines.lines().last().context("nothing was exported")?)?;
        ensure!(last["decision"] == "allow" && last["path"] == "/one", "{last}");
        ensure!(export("csv").await?.contains(&format!("http,{host},")), "{}", export("csv").await?);

        // Taken back, it is refused again.
        let taken = json!({ "entry": added, "workspace": workspace });
        ensure!(api.send(Method::POST, "/network/disallow", Some(&taken)).await?.0 == 204);
        let third = run(&api, &session, &until_answered(&host, 403)).await?;
        ensure!(third.contains("\"answered 403\""), "{third}");

        api.post(&format!("/sessions/{session}/stop"), &json!({})).await?;
        api.session_state(&session, "stopped").await?;
        let (status, problem) = api.send(Method::GET, &format!("{path}/log"), None).await?;
        ensure!(status == 409 && problem["detail"].as_str().is_some_and(|text| text.contains("Start")), "{problem}");
        Ok(())
    })
    .await;
}

/// Gives the project a policy.
async fn set_policy(api: &Api, mode: &str, allowed: &str) -> Result<()> {
    let policy = json!({
        "revision": 0, "enabled": true, "mode": mode, "presets": [], "allowed": [{ "host": allowed }], "denied": [],
    });
    let (status, problem) = api.send(Method::PUT, "/network", Some(&policy)).await?;
    ensure!(status == 200, "{problem}");
    Ok(())
}

#[tokio::test]
async fn a_setup_script_reaches_what_an_offline_agent_does_not_even_across_a_kill() {
    let asked = Arc::new(Notify::new());
    let goes_on = Arc::new(Notify::new());
    let listener = origin::listen_unlisted().await.expect("a host can be reached");
    let host = listener.local_addr().expect("it is bound").ip().to_string();
    let held = (asked.clone(), goes_on.clone());
    let first = async move || {
        held.0.notify_one();
        held.1.notified().await;
        "first"
    };
    let router = Router::new().route("/first", axum::routing::get(first)).fallback(async || "more");
    tokio::spawn(async move { axum::serve(listener, router).await });
    rehearse_at(Place::default(), "setup network", async |server, folder| {
        let api = Api::new(&server.url(""));
        set_policy(&api, "offline-agent", &host).await?;
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let curl =
            |who: &str, path: &str| format!("curl -s -o /dev/null -w '{who} %{{http_code}} ' http://{host}/{path}");
        let setup = format!("({}; {}) > ../seen", curl("first", "first"), curl("second", "second"));
        let agent = json!({ "name": "Set up", "agentType": "shell", "setupScript": setup });
        let agent = api.post("/agents", &agent).await?;
        let prompt = format!("cat ../seen; {}", curl("agent", "agent"));
        let session = json!({ "workspaceId": workspace, "agentId": agent["id"], "prompt": prompt });
        let session = text(&api.post("/sessions", &session).await?["id"])?;
        asked.notified().await;
        server.kill_and_restart().await?;
        goes_on.notify_one();
        api.idle(&session).await?;
        let view = api.get(&format!("/sessions/{session}")).await?;
        ensure!(view.to_string().contains("first 200 second 200 agent 403"), "{view}");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_repository_takes_away_from_what_its_sessions_reach_and_nothing_more() {
    let host = host().await.expect("a host can be reached");
    rehearse_at(Place::default(), "repository policy", async |server, folder| {
        let api = Api::new(&server.url(""));
        set_policy(&api, "online", &host).await?;
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        std::fs::create_dir_all(folder.join(".octobot/proxy"))?;
        let says = |text: &str| std::fs::write(folder.join(".octobot/proxy/config.yaml"), text);
        says("allowlist:\n  enabled: false\n  deny: { ips: ['127.8.0.0/16'] }\n")?;
        let narrowed = api.create_session(&workspace).await?;
        let ran = run(&api, &narrowed, &until_answered(&host, 403)).await?;
        ensure!(ran.contains("\"answered 403\""), "{ran}");
        let log = api.get(&format!("/sessions/{narrowed}/network/log?decision=deny")).await?;
        let record = &log["records"][0];
        ensure!(record["rule"].as_str().is_some_and(|rule| rule.starts_with("workspace ")), "{record}");
        ensure!(record["remedy"] != "allowHost", "{record}");

        // It allows nothing by itself.
        says("allowlist: { ips: ['127.8.0.0/16', '169.254.0.0/16'] }\n")?;
        let session = api.create_session(&workspace).await?;
        let metadata = "curl -s -o /dev/null -w 'metadata %{http_code}' http://169.254.169.254/";
        let ran = run(&api, &session, &format!("{}; {metadata}", until_answered(&host, 200))).await?;
        ensure!(ran.contains("answered 200") && ran.contains("metadata 403"), "{ran}");

        says("allowlist:\n  enabled: perhaps\n")?;
        let broken = api.post("/sessions", &json!({ "workspaceId": workspace })).await?;
        let broken = text(&broken["id"])?;
        api.session_state(&broken, "error").await?;
        let why = api.get(&format!("/sessions/{broken}")).await?["session"]["state"].clone();
        ensure!(why.to_string().contains("config.yaml can't be used: line 2"), "{why}");
        Ok(())
    })
    .await;
}
