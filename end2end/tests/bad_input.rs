//! Requests that make no sense, that mean harm, or that are too many: each gets a clear answer, and nothing breaks.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::api::{Api, Method, make_repository, text};
use octobot_end2end::{Place, Server, rehearse, server};
use serde_json::{Value, json};

/// Nobody's id.
const FOREIGN: &str = "00000000-0000-7000-8000-000000000000";

/// How many requests come at once.
const PARALLEL: usize = 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_answered_with_a_problem() {
    rehearse("bad requests", async |server: &mut Server, folder: &Path| -> Result<()> {
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        let long = "x".repeat(2 * 1024 * 1024);
        let turns = format!("/sessions/{session}/turns");
        let chat = format!("/sessions/{session}/chat");
        let approval = json!({ "id": format!("{FOREIGN}:0"), "approved": true });
        let call = json!({ "type": "dynamic-tool", "state": "approval-responded", "approval": approval });
        let answer = json!({ "messages": [{ "role": "assistant", "parts": [call] }] });
        let variables = |name: &str, value: &str| {
            let values = json!([{ "name": name, "value": value }]);
            json!({ "name": "C", "credentialType": "variables", "everySession": false, "values": values })
        };
        let network = "/network".to_owned();
        let additions = format!("/workspaces/{workspace}/network");
        let allowing = |host: &str| json!({ "host": host });
        let policy = |allowed: Value, revision: u64| {
            json!({ "revision": revision, "enabled": true, "mode": "online", "presets": [], "allowed": allowed, "denied": [] })
        };
        let cases = [
            (Method::PUT, network.clone(), json!({}), 422),
            (Method::PUT, network.clone(), policy(json!([{ "host": "**.example" }]), 0), 422),
            (Method::PUT, network.clone(), policy(json!([{ "host": "a.example", "ports": ["0"] }]), 0), 422),
            (Method::PUT, network.clone(), policy(json!([{ "host": "a.example", "port": 1 }]), 0), 422),
            (Method::PUT, network.clone(), policy(json!([]), 7), 409),
            (Method::PUT, additions.clone(), json!({ "revision": 0, "allowed": [], "denied": ["a b"] }), 422),
            (Method::PUT, additions.clone(), json!({ "revision": 1, "allowed": [], "denied": [] }), 409),
            (Method::GET, format!("/workspaces/{FOREIGN}/network"), Value::Null, 404),
            (Method::GET, format!("{network}/effective?workspace={FOREIGN}"), Value::Null, 404),
            (Method::GET, format!("{network}/effective?phase=later"), Value::Null, 422),
            (Method::GET, format!("{network}/check"), Value::Null, 422),
            (Method::GET, format!("{network}/check?host=a%20b"), Value::Null, 422),
            (Method::GET, format!("{network}/check?host=a.example&workspace={FOREIGN}"), Value::Null, 404),
            (Method::POST, format!("{network}/allow"), allowing(""), 422),
            (Method::POST, format!("{network}/allow"), allowing("0x7f.1"), 422),
            (Method::POST, format!("{network}/allow"), json!({ "host": "a.example", "port": 0 }), 422),
            (Method::POST, format!("{network}/allow"), json!({ "host": "a.example", "workspace": FOREIGN }), 404),
            (Method::POST, format!("{network}/disallow"), json!({ "entry": { "host": "" } }), 422),
            (Method::GET, format!("/sessions/{FOREIGN}/network/log"), Value::Null, 404),
            (Method::GET, format!("/sessions/{FOREIGN}/network/export"), Value::Null, 404),
            (Method::GET, format!("/sessions/{FOREIGN}/network/summary"), Value::Null, 404),
            (Method::DELETE, format!("/sessions/{FOREIGN}/network/cache"), Value::Null, 404),
            (Method::GET, format!("/sessions/{session}/network/log?status=many"), Value::Null, 422),
            (Method::GET, format!("/sessions/{session}/network/export?format=xls"), Value::Null, 422),
            (Method::GET, format!("/sessions/{FOREIGN}"), Value::Null, 404),
            (Method::GET, "/sessions/nonsense".to_owned(), Value::Null, 404),
            (Method::GET, format!("/sessions/{session}/parts/{FOREIGN}/output"), Value::Null, 404),
            (Method::GET, format!("/sessions/{session}/messages?before=-1"), Value::Null, 422),
            (Method::PUT, turns.clone(), Value::Null, 405),
            (Method::POST, turns.clone(), json!({}), 422),
            (Method::POST, turns.clone(), json!({ "prompt": "  " }), 422),
            (Method::POST, turns.clone(), json!({ "prompt": long }), 413),
            (Method::POST, turns.clone(), json!({ "prompt": "x".repeat(10_000_000) }), 413),
            (Method::POST, turns.clone(), json!({ "prompt": "ls", "more": 1 }), 422),
            (Method::PATCH, format!("{turns}/{FOREIGN}"), json!({ "prompt": "ls" }), 404),
            (Method::POST, chat.clone(), json!({ "messages": [] }), 422),
            (Method::POST, chat.clone(), json!({ "messages": [{ "role": "user", "parts": [] }] }), 422),
            (Method::POST, chat.clone(), json!({ "messages": [{ "role": "nobody", "parts": [] }] }), 422),
            (Method::POST, chat.clone(), answer, 404),
            (Method::GET, format!("{chat}/stream?turn={FOREIGN}"), Value::Null, 404),
            (Method::GET, format!("/sessions/{FOREIGN}/chat/any/stream"), Value::Null, 404),
            (Method::GET, format!("/agents/{FOREIGN}/mcp-servers"), Value::Null, 404),
            (Method::PUT, format!("/agents/{FOREIGN}/mcp-servers"), json!({ "servers": [] }), 404),
            (Method::PUT, format!("/agents/{FOREIGN}/mcp-servers"), json!({ "servers": [{ "name": "a" }] }), 422),
            (Method::PUT, format!("/credentials/{FOREIGN}"), variables("A", "1"), 404),
            (Method::DELETE, format!("/credentials/{FOREIGN}"), Value::Null, 404),
            (Method::POST, format!("/credentials/{FOREIGN}/test"), Value::Null, 404),
            (Method::POST, "/credentials".to_owned(), variables("A B", "1"), 422),
            (Method::POST, "/credentials".to_owned(), variables("A", "1\u{0}"), 422),
            (Method::GET, format!("/sessions/{FOREIGN}/credentials"), Value::Null, 404),
            (Method::PUT, format!("/sessions/{FOREIGN}/credentials"), json!({ "credentials": [] }), 404),
            (Method::PUT, format!("/sessions/{session}/credentials"), json!({ "credentials": [FOREIGN] }), 404),
            (Method::POST, format!("{turns}/{FOREIGN}/cancel"), json!({}), 404),
            (Method::POST, "/workspaces".to_owned(), json!({ "source": "ext::sh -c date" }), 422),
            (Method::POST, "/workspaces".to_owned(), json!({ "source": "--upload-pack=x" }), 422),
            (Method::POST, "/workspaces".to_owned(), json!({ "source": "https://me:secret@localhost/x" }), 422),
            (Method::POST, "/workspaces".to_owned(), json!({ "source": "/tmp", "name": "a\u{1b}[2J" }), 422),
            (Method::PATCH, format!("/workspaces/{workspace}"), json!({ "name": "a\u{202e}b" }), 422),
            (Method::POST, "/sessions".to_owned(), json!({ "workspaceId": FOREIGN }), 404),
            (Method::POST, "/sessions".to_owned(), json!({ "workspaceId": workspace, "agentId": FOREIGN }), 404),
        ];
        for (method, path, body, expected) in cases {
            let case = format!("{method} {path}");
            let (status, answer) = api.send(method, &path, (!body.is_null()).then_some(&body)).await?;
            ensure!(status.as_u16() == expected, "{case}: {status} instead of {expected}: {answer}");
            ensure!(answer["requestId"].is_string() && answer["detail"].is_string(), "{case}: no problem: {answer}");
        }
        api.submit(&session, "echo still here").await?;
        api.idle(&session).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_hosts_and_origins_are_refused() {
    rehearse("foreign hosts and origins", async |server: &mut Server, _: &Path| -> Result<()> {
        let http = reqwest::Client::new();
        let url = server.url("/api/projects/local/agents");
        let body = r#"{"name":"X","agentType":"shell"}"#;
        let own = server.url("");
        let cases = [
            ("host", "evil.example", 403),
            ("host", "127.0.0.1.evil.example", 403),
            ("origin", "http://evil.example", 403),
            ("origin", "null", 403),
            ("sec-fetch-site", "cross-site", 403),
            ("origin", own.as_str(), 201),
            ("accept", "*/*", 201),
        ];
        for (header, value, expected) in cases {
            let answer = http.post(&url).header(header, value).body(body).send().await?;
            ensure!(answer.status().as_u16() == expected, "{header}: {value}: {}", answer.status());
        }
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_printed_arrives_whatever_its_bytes() {
    rehearse("bad bytes", async |server: &mut Server, folder: &Path| -> Result<()> {
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        api.submit(&session, r"printf 'a\xffb\x00c\n<script>alert(1)</script>\n\e]52;c;ZXZpbA==\adone\n'").await?;
        api.idle(&session).await?;
        let view = api.get(&format!("/sessions/{session}")).await?;
        let lines = &view["messages"][1]["parts"][0]["body"]["output"]["lines"];
        let expected = json!(["a\u{fffd}b\u{2400}c", "&lt;script&gt;alert(1)&lt;/script&gt;", "done"]);
        ensure!(lines == &expected, "{lines}");
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_requests_at_once_have_each_their_effect_once() {
    rehearse("parallel requests", async |server: &mut Server, folder: &Path| -> Result<()> {
        make_repository(folder).await?;
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        api.submit(&session, "read -t 60 <> <(:)").await?;
        api.session_state(&session, "running").await?;
        // Clients that ask for events and never read them.
        let mut silent = Vec::new();
        for _ in 0..50 {
            silent.push(api.events(&format!("after=0&session={session}")).await?);
        }
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..PARALLEL {
            let (api, path) = (api.clone(), format!("/sessions/{session}/turns"));
            // Each prompt is sent twice, as by an impatient client.
            let key = format!("00000000-0000-7000-8000-{:012}", number / 2);
            let body = json!({ "prompt": format!("echo {}", number / 2), "idempotencyKey": key });
            tasks.spawn(async move { text(&api.post(&path, &body).await?["id"]) });
        }
        let mut ids = Vec::new();
        while let Some(id) = tasks.join_next().await {
            ids.push(id??);
        }
        ids.sort();
        ids.dedup();
        ensure!(ids.len() == PARALLEL / 2, "{} turns instead of {}", ids.len(), PARALLEL / 2);
        let turns = api.get(&format!("/sessions/{session}/turns")).await?;
        let turns = turns.as_array().context("no turns")?;
        ensure!(turns.len() == PARALLEL / 2 + 1, "{} turns are stored", turns.len());
        Ok(())
    })
    .await;
}

/// What a page is made of is gone sooner or later than its head is written when the machine is busy.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_pages_at_once_are_each_whole() {
    rehearse("parallel pages", async |server: &mut Server, folder: &Path| -> Result<()> {
        make_repository(folder).await?;
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        api.submit(&session, "for i in {1..40}; do echo $i; read -t 0.1 <> <(:) || :; done").await?;
        let pages = [
            format!("/projects/local/sessions/{session}"),
            format!("/projects/local/sessions/{session}/network"),
            format!("/projects/local/workspaces/{workspace}"),
        ];
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..PARALLEL {
            let (api, page) = (api.clone(), pages[number % pages.len()].clone());
            tasks.spawn(async move {
                let answer = api.fetch(&page).await?;
                let status = answer.status();
                let text = answer.text().await?;
                ensure!(status == 200 && text.contains(" · Octobot</title>"), "{page}: {status}");
                ensure!(text.contains("</html>"), "{page} breaks off");
                Ok(())
            });
        }
        while let Some(page) = tasks.join_next().await {
            page??;
        }
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_data_is_refused() {
    rehearse("two servers", async |first: &mut Server, _: &Path| -> Result<()> {
        let second = tokio::process::Command::new(server::program())
            .args(["--listen", "127.0.0.1:0", "--data-dir"])
            .arg(first.data())
            .stdin(Stdio::null())
            .output()
            .await?;
        ensure!(!second.status.success(), "it runs");
        let said = String::from_utf8_lossy(&second.stderr);
        ensure!(said.contains("another server") && said.contains("--data-dir"), "it says: {said}");

        let database = format!("sqlite:{}", first.data().join("octobot.db").display());
        let third = Server::start_at(Place { database: Some(database), ..Place::default() }).await;
        ensure!(third.is_err(), "one with another data folder runs on the same database");
        Ok(())
    })
    .await;
}
