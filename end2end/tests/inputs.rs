//! What is given to an agent: prompts that are sent now, and what goes with them.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::api::{Api, text};
use octobot_end2end::{Server, rehearse};
use serde_json::{Value, json};

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
        let begun = Instant::now();
        let turns = format!("/sessions/{session}/turns");
        let now = text(&api.post(&turns, &json!({ "prompt": "sleep 61", "steer": true })).await?["id"])?;
        api.post(&format!("{turns}/{last}/steer"), &Value::Null).await?;
        let cancel = format!("{turns}/{now}/cancel");
        api.post(&cancel, &Value::Null).await?;
        api.idle(&session).await?;
        ensure!(begun.elapsed() < SOON, "it waited for {:?}", begun.elapsed());

        let view = api.get(&format!("/sessions/{session}")).await?;
        let messages = view["messages"].as_array().context("no messages")?;
        let said = |message: &Value| message["parts"][0]["body"]["text"].as_str().map(str::to_owned);
        let prompts: Vec<_> = messages.iter().filter(|message| message["role"] == "user").filter_map(said).collect();
        ensure!(prompts[..2] == ["sleep 60", "echo last"], "{prompts:?}");
        let stopped = &messages[1]["parts"][0]["body"];
        ensure!(stopped["status"] == "cancelled", "{stopped}");
        ensure!(messages[3]["parts"][0]["body"]["output"]["lines"][0] == "last", "{messages:?}");
        Ok(())
    })
    .await;
}
