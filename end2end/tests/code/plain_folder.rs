//! What a session made, put into a folder that is no repository: over the REST API, and in the browser.

use std::path::Path;

use anyhow::{Result, ensure};
use octobot_end2end::api::{Api, Method};
use octobot_end2end::page::{self, hide, looks_right, press, see, write};
use octobot_end2end::{Place, Stage, play, rehearse_at};
use serde_json::json;

use super::in_workspace;

/// What the session does: a file is changed, one is new, one is gone, one is moved, one may be run, and there is a link.
const SCRIPT: &str = "echo last >>notes.txt; mkdir -p new/deep; printf '\\0\\1' >new/deep/data; rm gone.txt; mv old.txt moved.txt; \
                      chmod +x run.sh; ln -s notes.txt link";

fn set_up(folder: &Path) -> Result<()> {
    for (name, content) in
        [("notes.txt", "first\n"), ("gone.txt", "gone\n"), ("old.txt", "old\n"), ("run.sh", "true\n")]
    {
        std::fs::write(folder.join(name), content)?;
    }
    Ok(())
}

#[tokio::test]
async fn a_folder_gets_all_of_it_or_nothing_and_has_it_taken_back_over_the_api() {
    rehearse_at(Place::default(), "plain folder", async |server, folder| {
        set_up(folder)?;
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        api.submit(&session, SCRIPT).await?;
        api.idle(&session).await?;
        let path = format!("/sessions/{session}/repository/apply");

        std::fs::write(folder.join("notes.txt"), "mine\n")?;
        let outcome = api.post(&path, &json!({})).await?;
        ensure!(outcome["end"] == "conflicts" && outcome["files"] == json!(["notes.txt"]), "{outcome}");
        ensure!(in_workspace(folder, "gone.txt").is_some() && !folder.join("new").exists());
        std::fs::write(folder.join("notes.txt"), "first\n")?;
        let outcome = api.post(&path, &json!({})).await?;
        ensure!(outcome["end"] == "applied" && outcome["changed"] == 7, "{outcome}");
        ensure!(in_workspace(folder, "link").as_deref() == Some("first\nlast\n"));
        ensure!(in_workspace(folder, "new/deep/data").as_deref() == Some("\0\u{1}"));
        ensure!(in_workspace(folder, "moved.txt").as_deref() == Some("old\n") && !folder.join("old.txt").exists());
        ensure!(api.post(&path, &json!({})).await?["end"] == "nothingNew");

        // What the session does then is measured from what it left there.
        api.submit(&session, "echo more >>notes.txt").await?;
        api.idle(&session).await?;
        let second = api.post(&path, &json!({})).await?;
        ensure!(second["changed"] == 1, "{second}");
        let undo = async |applied| Ok::<_, anyhow::Error>(api.send(Method::DELETE, &path, Some(applied)).await?);
        let (status, problem) = undo(&outcome["applied"]).await?;
        ensure!(
            status == 409 && problem["detail"].as_str().is_some_and(|text| text.contains("notes.txt")),
            "{problem}"
        );
        ensure!(undo(&second["applied"]).await?.0 == 204);
        ensure!(undo(&outcome["applied"]).await?.0 == 204);
        ensure!(undo(&outcome["applied"]).await?.0 == 409);
        ensure!(in_workspace(folder, "notes.txt").as_deref() == Some("first\n"));
        ensure!(in_workspace(folder, "gone.txt").is_some() && !folder.join("new").exists());
        // Nothing is left but what the folder had.
        ensure!(std::fs::read_dir(folder)?.count() == 4);
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_applied_to_in_the_browser() {
    play("plain folder", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        set_up(folder.path())?;
        page::add_workspace(stage, &folder.path().display().to_string()).await?;
        write(stage, page::PROMPT, SCRIPT).await?;
        press(stage, "//button[contains(., 'Start session')]").await?;
        see(stage, "//h2[contains(., '6 files changed')]").await?;
        see(stage, "//button[text()='Apply']").await?;
        // There is no repository for a branch.
        hide(stage, "//button[text()='Save as branch']").await?;
        std::fs::write(folder.path().join("notes.txt"), "mine\n")?;
        press(stage, "//button[text()='Apply']").await?;
        see(stage, "//div[@role='status'][contains(., 'Nothing was touched')]//li[text()='notes.txt']").await?;
        looks_right(stage, "folder conflict", 844).await?;
        std::fs::write(folder.path().join("notes.txt"), "first\n")?;
        press(stage, "//button[text()='Try again']").await?;
        see(stage, "//p[contains(., '7 files changed in the workspace’s folder')]").await?;
        looks_right(stage, "folder applied", 844).await?;
        ensure!(in_workspace(folder.path(), "notes.txt").as_deref() == Some("first\nlast\n"));
        press(stage, "//div[contains(@class,'files')]//button[text()='Undo']").await?;
        see(stage, "//button[text()='Apply']").await?;
        ensure!(in_workspace(folder.path(), "notes.txt").as_deref() == Some("first\n"));
        Ok(())
    })
    .await;
}
