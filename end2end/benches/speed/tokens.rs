//! What Octobot adds to a token: from an agent's standard output to a browser's socket, while many sessions stream.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Result, ensure};
use octobot_end2end::api::{Api, Events};
use octobot_end2end::{Place, Server};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Table, median, wall_clock};

/// How many sessions stream at once.
const SESSIONS: usize = 20;

/// How many tokens each of them says.
const TOKENS: usize = 200;

/// The first tokens of a session aren't counted: its agent is still warming up.
const WARM_UP: usize = 10;

/// An agent whose tokens are the times at which it says them, 50 in a second. All of it is Bash's own, so that nothing
/// is started while it streams.
const AGENT: &str = r#"#!/bin/bash
exec {pause}<> <(:)
answer() { printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$1"; }
while IFS= read -r line; do
  [[ $line =~ \"id\":([0-9]+|\"[^\"]*\") ]] && id=${BASH_REMATCH[1]}
  case $line in
    *'"initialize"'*) answer '{"protocolVersion":1,"agentCapabilities":{},"authMethods":[]}' ;;
    *'"session/new"'*) answer '{"sessionId":"s"}' ;;
    *'"session/prompt"'*)
      for ((token = 1; token <= COUNT; token++)); do
        printf '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"%s "}}}}\n' "$EPOCHREALTIME"
        read -r -t 0.02 -u "$pause"
      done
      answer '{"stopReason":"end_turn"}' ;;
  esac
done
"#;

/// Measures with a server of its own, which knows where the agent is.
pub async fn measure(table: &mut Table) -> Result<()> {
    let tools = tempfile::tempdir()?;
    install(tools.path())?;
    let options = vec![format!("--tool-dir={}", tools.path().display())];
    let server = Server::start_at(Place { options, ..Place::default() }).await?;
    let api = Api::new(&server.url(""));
    let folder = tempfile::tempdir()?;
    let workspace = api.add_workspace(&folder.path().display().to_string()).await?;
    let mut streams = Vec::new();
    for number in 0..SESSIONS {
        let options = json!({ "command": ["token-agent"] });
        let agent = json!({ "name": format!("Tokens {number}"), "agentType": "custom", "options": options });
        let session = api.create_session_with(&workspace, &agent).await?;
        streams.push((api.events(&format!("session={session}")).await?, session));
    }
    let mut tasks = JoinSet::new();
    for (events, session) in streams {
        api.submit(&session, "go").await?;
        tasks.spawn(delays(events));
    }
    let mut all = Vec::new();
    while let Some(delays) = tasks.join_next().await {
        all.extend(delays??);
    }
    ensure!(all.len() == SESSIONS * (TOKENS - WARM_UP), "{} tokens arrived", all.len());
    let what = format!("agent's output to browser's socket, {SESSIONS} sessions, median");
    table.at_most(&what, median(&mut all), "ms", 5.0);
    table.at_most("  99th percentile", all[all.len() * 99 / 100], "ms", 20.0);
    server.end().await
}

fn install(folder: &Path) -> Result<()> {
    let program = folder.join("bin/token-agent");
    std::fs::create_dir(folder.join("bin"))?;
    std::fs::write(&program, AGENT.replace("COUNT", &TOKENS.to_string()))?;
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// How long each token of a session took, in milliseconds.
async fn delays(mut events: Events) -> Result<Vec<f64>> {
    let mut delays = Vec::new();
    let mut newest = 0.0;
    loop {
        let event = events.next().await?;
        let now = wall_clock()?;
        match event["type"].as_str() {
            // A text that has just begun comes whole.
            Some("part") => hear(&event["part"]["body"]["html"], now, &mut newest, &mut delays),
            Some("message") => {
                for part in event["message"]["parts"].as_array().into_iter().flatten() {
                    hear(&part["body"]["html"], now, &mut newest, &mut delays);
                }
            }
            Some("output") => hear(&event["lines"], now, &mut newest, &mut delays),
            Some("turn") if event["turn"]["state"]["state"] == "completed" => {
                return Ok(delays.split_off(WARM_UP.min(delays.len())));
            }
            _ => {}
        }
    }
}

/// Notes the tokens in these blocks that weren't heard before.
fn hear(blocks: &Value, now: f64, newest: &mut f64, delays: &mut Vec<f64>) {
    for block in blocks.as_array().into_iter().flatten().filter_map(Value::as_str) {
        let is_mark = |c: char| c.is_whitespace() || matches!(c, '<' | '>');
        for said in block.split(is_mark).filter_map(|word| word.parse::<f64>().ok()) {
            if said > *newest {
                delays.push((now - said) * 1e3);
                *newest = said;
            }
        }
    }
}
