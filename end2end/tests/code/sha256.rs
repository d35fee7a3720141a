//! A repository whose ids are SHA-256: the whole way of a change, over the REST API.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use octobot_end2end::api::{Api, text};
use octobot_end2end::{Place, rehearse_at};
use serde_json::json;

/// A repository, and the bare one that it comes from beside it.
const MAKE: &str = "git init -q --bare --object-format=sha256 ../origin.git && git init -q -b main --object-format=sha256 && \
                    git config user.name Test && git config user.email test@localhost && mkdir src && echo one >src/one.txt && \
                    git add . && git commit -qm First && git remote add origin \"file://$PWD/../origin.git\"";

fn sh(folder: &Path, script: &str) -> Result<String> {
    let output = Command::new("sh").args(["-ec", script]).current_dir(folder).output()?;
    ensure!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

#[tokio::test]
async fn changes_are_reviewed_committed_applied_and_pushed() {
    rehearse_at(Place::default(), "sha256", async |server, above| {
        let folder = above.join("repository");
        std::fs::create_dir(&folder)?;
        sh(&folder, MAKE)?;
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        let at = format!("/sessions/{session}");
        let first = api.submit(&session, "echo two >>src/one.txt; echo new >new.txt").await?;
        api.idle(&session).await?;
        let second = api.submit(&session, "rm new.txt").await?;
        api.idle(&session).await?;
        let of_turn = api.get(&format!("{at}/changes?turn={first}")).await?;
        ensure!(of_turn["files"].as_array().map(Vec::len) == Some(2), "{of_turn}");
        ensure!(api.post(&format!("{at}/turns/{second}/rewind"), &json!({})).await?["files"] == 1);
        let diff = api.get(&format!("{at}/changes/diff?path=src/one.txt")).await?;
        ensure!(diff["file"]["lines"]["added"] == 1, "{diff}");
        let blame = api.get(&format!("{at}/repository/blame?path=src/one.txt")).await?;
        ensure!(blame["commits"][0]["id"].as_str().is_some_and(|id| id.len() == 64), "{blame}");

        let fork = text(&api.post(&format!("{at}/fork"), &json!({})).await?["id"])?;
        api.session_state(&fork, "ready").await?;
        ensure!(api.get(&format!("/sessions/{fork}/changes")).await?["files"].as_array().map(Vec::len) == Some(2));

        api.post(&format!("{at}/repository/commits"), &json!({ "message": "Second" })).await?;
        let applied = api.post(&format!("{at}/repository/apply"), &json!({})).await?;
        ensure!(applied["end"] == "applied", "{applied}");
        let pushed = api.post(&format!("{at}/repository/push"), &json!({})).await?;
        let log = format!(
            "git log --format=%s; git -C ../origin.git log --format=%s {}; git fsck --strict",
            text(&pushed["branch"])?
        );
        ensure!(sh(&folder, &log)? == "Second\nFirst\nSecond\nFirst\n");
        ensure!(sh(&folder, "git status --porcelain; cat new.txt")? == "new\n");
        Ok(())
    })
    .await;
}
