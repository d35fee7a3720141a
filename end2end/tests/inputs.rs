//! What is given to an agent: prompts that are sent now, and what goes with them.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::api::{Api, StatusCode, text};
use octobot_end2end::{Server, rehearse};
use serde_json::{Value, json};
use tokio::time::timeout;

/// So long a prompt that is sent now waits at most, on a busy machine. What it doesn't wait for takes a minute.
const SOON: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_that_is_sent_now_doesnt_wait_for_the_turn_that_runs() {
    rehearse("sending now", async |server: &mut Server, folder: &Path| -> Result<()> {
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        api.submit(&session, "sleep 60").await?;
        api.session_state(&session, "running").await?;
        let last = api.submit(&session, "echo last").await?;
        let mut events = api.events(&format!("session={session}")).await?;
        let begun = Instant::now();
        let turns = format!("/sessions/{session}/turns");
        let now = text(&api.post(&turns, &json!({ "prompt": "sleep 61", "steer": true })).await?["id"])?;
        loop {
            let event = timeout(SOON, events.next()).await??;
            if event["turn"]["id"] == now && event["turn"]["state"]["state"] == "running" {
                break;
            }
        }
        api.post(&format!("{turns}/{last}/steer"), &Value::Null).await?;
        api.idle(&session).await?;
        ensure!(begun.elapsed() < SOON, "it waited for {:?}", begun.elapsed());

        let view = api.get(&format!("/sessions/{session}")).await?;
        let messages = view["messages"].as_array().context("no messages")?;
        let said = |message: &Value| message["parts"][0]["body"]["text"].as_str().map(str::to_owned);
        let prompts: Vec<_> = messages.iter().filter(|message| message["role"] == "user").filter_map(said).collect();
        ensure!(prompts == ["sleep 60", "sleep 61", "echo last"], "{prompts:?}");
        let stopped = &messages[1]["parts"][0]["body"];
        ensure!(stopped["status"]["status"] == "cancelled", "{stopped}");
        ensure!(messages[5]["parts"][0]["body"]["output"]["lines"][0] == "last", "{messages:?}");
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_with_a_prompt_to_the_script_and_stays_what_it_is() {
    rehearse("attaching", async |server: &mut Server, folder: &Path| -> Result<()> {
        std::fs::write(folder.join("one two.txt"), "")?;
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        let attach = format!("/sessions/{session}/attachments");
        let (status, file) = api.upload(&format!("{attach}?name=a%20page.html"), "text/html", b"<script>").await?;
        ensure!(status == StatusCode::CREATED && file["mediaType"] == "text/plain", "{status}: {file}");
        let turn = json!({ "prompt": "cat \"$OCTOBOT_ATTACHMENTS\"/*", "attachments": [file["id"]] });
        api.post(&format!("/sessions/{session}/turns"), &turn).await?;
        api.submit(&session, "echo \"${OCTOBOT_ATTACHMENTS-none}\"; git status --short").await?;
        api.idle(&session).await?;

        let view = api.get(&format!("/sessions/{session}")).await?;
        let parts = |message: usize| &view["messages"][message]["parts"];
        ensure!(parts(1)[0]["body"]["output"]["lines"][0] == "&lt;script&gt;", "{}", parts(1));
        ensure!(parts(3)[0]["body"]["output"]["lines"][0] == "none", "{}", parts(3));
        let shown = &parts(0)[1]["body"];
        ensure!(shown["kind"] == "file" && shown["name"] == "a page.html", "{shown}");
        let answer = api.fetch(shown["href"].as_str().context("no address")?).await?;
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        ensure!(header("content-type") == "application/octet-stream", "{}", header("content-type"));
        ensure!(header("content-disposition").starts_with("attachment"), "{}", header("content-disposition"));
        ensure!(header("content-security-policy").contains("sandbox") && header("x-content-type-options") == "nosniff");

        let (status, problem) = api.upload(&attach, "image/png", b"<html>").await?;
        ensure!(status == StatusCode::UNPROCESSABLE_ENTITY && problem["kind"] == "invalid", "{status}: {problem}");
        let (status, problem) = api.upload(&attach, "", &vec![b'x'; 5 * 1024 * 1024 + 1]).await?;
        ensure!(status == StatusCode::PAYLOAD_TOO_LARGE && problem["kind"] == "too-large", "{status}: {problem}");
        let found = api.get(&format!("/sessions/{session}/workspace/files?name=TWO")).await?;
        ensure!(found == json!(["one two.txt"]), "{found}");
        Ok(())
    })
    .await;
}
