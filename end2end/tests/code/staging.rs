//! What is staged: over the REST API, and in the browser.

use anyhow::{Result, ensure};
use octobot_end2end::api::{Api, Method};
use octobot_end2end::page::{self, hide, looks_right, press, see, write};
use octobot_end2end::{Place, Stage, play, rehearse_at};
use serde_json::json;

use super::{changed, row, set_up};

/// Changes in two places of one file, in another one, and a file that is staged.
const CHANGES: &str = "sed -i 's/number 7;/number 8;/; s/number 60;/number 61;/' src/main.rs; echo last >>notes.txt; \
                       echo new >new.txt; git add new.txt";

#[tokio::test]
async fn changes_are_staged_over_the_api_and_committed() {
    rehearse_at(Place::default(), "staging", async |server, folder| {
        set_up(folder).await?;
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        api.submit(&session, CHANGES).await?;
        api.idle(&session).await?;
        let path = format!("/sessions/{session}/repository");
        let staged = async || -> Result<_> { Ok(api.get(&path).await?["staged"].clone()) };
        ensure!(staged().await? == json!([{ "path": "new.txt", "isWhole": true }]));

        let shown = api.get(&format!("/sessions/{session}/changes/diff?path=src/main.rs")).await?;
        let lines = json!({ "path": "src/main.rs", "state": shown["state"], "new": { "first": 61, "last": 61 },
                            "old": { "first": 61, "last": 61 } });
        ensure!(api.post(&format!("{path}/stage/lines"), &lines).await?["isChanged"] == true);
        ensure!(api.post(&format!("{path}/stage/lines"), &lines).await?["isChanged"] == false);
        let in_part = json!({ "path": "src/main.rs", "isWhole": false });
        ensure!(staged().await? == json!([{ "path": "new.txt", "isWhole": true }, in_part]));
        let hunks = api.get(&format!("{path}/hunks?path=src/main.rs&of=staged")).await?;
        ensure!(hunks["hunks"][0]["span"] == json!({ "old": [60, 61], "new": [60, 61] }), "{hunks}");
        let rest = api.get(&format!("{path}/hunks?path=src/main.rs&of=unstaged")).await?;
        ensure!(rest["hunks"].as_array().map(Vec::len) == Some(1), "{rest}");
        let part = json!({ "path": "src/main.rs", "base": rest["base"], "state": rest["state"],
                           "spans": [rest["hunks"][0]["span"]] });
        ensure!(api.send(Method::POST, &format!("{path}/stage"), Some(&json!({ "parts": [part] }))).await?.0 == 204);
        ensure!(api.send(Method::POST, &format!("{path}/stage"), Some(&json!({ "parts": [part] }))).await?.0 == 409);
        let back = json!({ "isBack": true, "path": "src/main.rs", "state": shown["state"],
                           "new": { "first": 8, "last": 8 }, "isWhole": true });
        ensure!(api.post(&format!("{path}/stage/lines"), &back).await?["isChanged"] == true);

        let made = api.post(&format!("{path}/commits"), &json!({ "message": "Staged", "staged": true })).await?;
        ensure!(made["subject"] == "Staged", "{made}");
        let state = api.get(&path).await?;
        ensure!(state["uncommitted"] == json!(["notes.txt", "src/main.rs"]) && state["staged"].is_null(), "{state}");
        ensure!(api.send(Method::POST, &format!("{path}/stage"), Some(&json!({ "paths": ["none"] }))).await?.0 == 409);
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_staged_in_the_browser_and_committed() {
    play("staging", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        set_up(folder.path()).await?;
        page::add_workspace(stage, &folder.path().display().to_string()).await?;
        write(stage, page::PROMPT, CHANGES).await?;
        press(stage, "//button[contains(., 'Start session')]").await?;
        see(stage, "//h2[contains(., '3 files changed')]").await?;
        let marked = |name: &str, words: &str| format!("{}//span[@title='{words}']", changed(name));
        see(stage, &marked("new.txt", "staged")).await?;
        press(stage, "//button[@aria-label='Stage notes.txt']").await?;
        see(stage, &marked("notes.txt", "staged")).await?;
        press(stage, "//button[@aria-label='Unstage new.txt']").await?;
        hide(stage, &marked("new.txt", "staged")).await?;

        // A hunk, by its button and back by a key.
        press(stage, &changed("main.rs")).await?;
        let seven = row("removed", "number 7;");
        press(stage, &seven).await?;
        press(stage, &format!("{seven}//button[text()='Stage hunk']")).await?;
        see(stage, &marked("main.rs", "partly staged")).await?;
        looks_right(stage, "staged", 844).await?;
        see(stage, "//div[contains(@class,'code__rows')]").await?.send_keys("u").await?;
        hide(stage, &marked("main.rs", "partly staged")).await?;
        // A line, and the whole file.
        press(stage, &format!("{}/button[contains(@aria-label,'Comment on line')]", row("added", "number 61;")))
            .await?;
        press(stage, "//section[@aria-label='Comment']//button[text()='Stage lines']").await?;
        see(stage, &marked("main.rs", "partly staged")).await?;
        see(stage, "//div[contains(@class,'code__rows')]").await?.send_keys("S").await?;
        see(stage, &marked("main.rs", "staged")).await?;

        press(stage, "//button[contains(., 'Commit 3 files')]").await?;
        see(stage, "//label[contains(., 'Only what is staged, in 2 files')]/input[@type='checkbox']").await?;
        write(stage, "//textarea[@id='commit-message']", "Only these").await?;
        looks_right(stage, "commit staged", 844).await?;
        press(stage, "//button[text()='Commit 2 staged']").await?;
        see(stage, "//p[contains(., 'Committed as')]").await?;
        press(stage, "//button[contains(., 'Commit 1 file…')]").await?;
        press(stage, "//button[text()='Stage all']").await?;
        see(stage, &marked("new.txt", "staged")).await?;
        press(stage, "//button[text()='Unstage all']").await?;
        hide(stage, &marked("new.txt", "staged")).await?;

        // What a turn has changed can't be discarded any more once the file is another one.
        press(stage, "//a[text()='Chat']").await?;
        page::send(stage, "echo '// end' >>src/main.rs").await?;
        press(stage, &changed("main.rs")).await?;
        see(stage, &row("added", "// end")).await?;
        press(stage, "//select[@aria-label='Whose changes']//option[contains(., 'number 7')]").await?;
        hide(stage, &row("added", "// end")).await?;
        see(stage, &row("added", "number 8;")).await?;
        hide(stage, "//button[text()='Discard hunk']").await
    })
    .await;
}
