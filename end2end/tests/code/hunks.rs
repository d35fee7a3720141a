//! Lines that are thrown away, where lines are from, and branches: over the REST API, and in the browser.

use anyhow::{Result, ensure};
use octobot_end2end::api::{Api, Method};
use octobot_end2end::page::{self, hide, looks_right, press, see, write};
use octobot_end2end::{Place, Stage, play, rehearse_at};
use serde_json::json;
use thirtyfour::prelude::*;

use super::{changed, row, set_up};

/// Changes in two places of one file, of which one is committed.
const CHANGES: &str = "sed -i 's/number 7;/number 8;/' src/main.rs; git commit -qam 'Change seven'; \
                       sed -i 's/number 60;/number 61;/' src/main.rs; echo last >>notes.txt";

/// The button with the name of the branch that is checked out.
const BRANCH: &str = "//button[contains(@class,'branches__button')]";

#[tokio::test]
async fn lines_are_discarded_and_blamed_and_branches_checked_out_over_the_api() {
    rehearse_at(Place::default(), "hunks", async |server, folder| {
        set_up(folder).await?;
        // A host that the policy, as it is at first, doesn't list.
        let origin = ["remote", "add", "origin", "https://me:secret@git.example.org/a.git"];
        let status = std::process::Command::new("git").args(origin).current_dir(folder).status()?;
        ensure!(status.success(), "git: {status}");
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        let turn = api.submit(&session, CHANGES).await?;
        api.idle(&session).await?;
        let diff = format!("/sessions/{session}/changes/diff?path=src/main.rs");
        let path = format!("/sessions/{session}/repository");

        let shown = api.get(&diff).await?;
        let request =
            json!({ "path": "src/main.rs", "state": shown["state"], "new": { "first": 8, "last": 8 }, "isWhole": true });
        let discarded = api.post(&format!("{path}/discards/lines"), &request).await?;
        let after = api.get(&diff).await?;
        ensure!(after["stops"].as_array().map(Vec::len) == Some(1) && after["state"] != shown["state"], "{after}");
        let (status, problem) = api.send(Method::POST, &format!("{path}/discards/lines"), Some(&request)).await?;
        let detail = problem["detail"].as_str().unwrap_or_default();
        ensure!(status == 409 && detail.contains("has changed since it was shown"), "{problem}");
        let undo = format!("{path}/discards/{}/undo", discarded["number"]);
        ensure!(api.send(Method::POST, &undo, None).await?.0 == 204);
        ensure!(api.get(&diff).await?["state"] == shown["state"]);
        let unchanged = json!({ "path": "run.sh", "new": { "first": 1, "last": 1 } });
        ensure!(api.send(Method::POST, &format!("{path}/discards/lines"), Some(&unchanged)).await?.0 == 409);
        let backwards = json!({ "path": "src/main.rs", "state": shown["state"], "new": { "first": 2, "last": 1 } });
        ensure!(api.send(Method::POST, &format!("{path}/discards/lines"), Some(&backwards)).await?.0 == 422);

        let blame = api.get(&format!("{path}/blame?path=src/main.rs&from=6&count=60")).await?;
        let runs: Vec<_> = blame["runs"].as_array().into_iter().flatten().collect();
        let of = |place: usize| Some(blame["commits"][usize::try_from(runs[place]["commit"].as_u64()?).ok()?].clone());
        ensure!(runs.len() == 5 && of(1).is_some_and(|commit| commit["subject"] == "Change seven"), "{blame}");
        ensure!(of(3).is_none() && runs[3]["first"] == 61 && of(4) == of(0), "{blame}");
        ensure!(api.send(Method::GET, &format!("{path}/blame?path=none"), None).await?.0 == 404);

        let made = api.post(&format!("{path}/branches"), &json!({ "name": "try/it" })).await?;
        ensure!(made["current"] == "refs/heads/try/it" && made["origin"] == "https://git.example.org/a.git", "{made}");
        let (status, problem) = api.send(Method::POST, &format!("{path}/branches"), Some(&json!({ "name": "a..b" }))).await?;
        ensure!(status == 409, "{problem}");
        let checkout = format!("{path}/branches/checkout");
        let outcome = api.post(&checkout, &json!({ "name": "refs/heads/octobot" })).await?;
        ensure!(outcome["end"] == "uncommitted" && outcome["files"] == json!(["notes.txt", "src/main.rs"]), "{outcome}");
        let outcome = api.post(&checkout, &json!({ "name": "refs/heads/octobot", "keep": true })).await?;
        ensure!(outcome["end"] == "checkedOut", "{outcome}");
        let gone = json!({ "name": "refs/heads/none" });
        ensure!(api.send(Method::POST, &checkout, Some(&gone)).await?.0 == 404);
        let outcome = api.post(&format!("{path}/branches/fetch"), &json!({})).await?;
        ensure!(outcome["end"] == "refused" && outcome["changed"] == 0, "{outcome}");
        ensure!(outcome.to_string().contains("the network policy doesn't allow this: default deny"), "{outcome}");
        let branches = api.get(&format!("{path}/branches")).await?;
        ensure!(branches["branches"].as_array().map(Vec::len) == Some(2), "{branches}");

        // Whether what a turn has made of a file is what it is now.
        let of_turn = format!("{diff}&turn={turn}");
        ensure!(api.get(&of_turn).await?["isPast"].is_null());
        api.submit(&session, "echo '// end' >>src/main.rs").await?;
        api.idle(&session).await?;
        ensure!(api.get(&of_turn).await?["isPast"] == true);
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hunks_blame_and_branches_are_in_the_browser() {
    play("hunks", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        set_up(folder.path()).await?;
        page::add_workspace(stage, &folder.path().display().to_string()).await?;
        write(stage, page::PROMPT, CHANGES).await?;
        press(stage, "//button[contains(., 'Start session')]").await?;
        see(stage, "//h2[contains(., '2 files changed')]").await?;
        press(stage, &changed("main.rs")).await?;
        discard(stage).await?;
        blame(stage).await?;
        branch(stage).await?;
        commit(stage).await
    })
    .await;
}

/// Throws away a hunk, one of its lines, and a hunk by a key.
async fn discard(stage: &Stage) -> Result<()> {
    let (seven, eight) = (row("removed", "number 7;"), row("added", "number 8;"));
    press(stage, &seven).await?;
    see(stage, &eight).await?;
    stage.browser.screenshot("hunk").await?;
    press(stage, &format!("{seven}//button[text()='Discard hunk']")).await?;
    see(stage, "//p[contains(., 'Hunk of main.rs discarded')]").await?;
    hide(stage, &eight).await?;
    press(stage, "//div[@aria-label='Messages']//button[text()='Undo']").await?;
    see(stage, &eight).await?;

    let (sixty, other) = (row("removed", "number 60;"), row("added", "number 61;"));
    press(stage, &format!("{other}/button[contains(@aria-label,'Comment on line')]")).await?;
    see(stage, "//span[contains(., 'when the session started')]").await?;
    looks_right(stage, "hunk chosen", 844).await?;
    press(stage, "//section[@aria-label='Comment']//button[text()='Discard line']").await?;
    hide(stage, &other).await?;
    see(stage, &sixty).await?;
    press(stage, "//div[@aria-label='Messages']//button[text()='Undo']").await?;
    see(stage, &other).await?;

    press(stage, &format!("{sixty}/span[contains(@class,'code__text')]")).await?;
    see(stage, "//div[contains(@class,'code__rows')]").await?.send_keys("d").await?;
    hide(stage, &other).await?;
    hide(stage, &sixty).await
}

/// Sees where lines are from, and finds one of the commits in the list.
async fn blame(stage: &Stage) -> Result<()> {
    press(stage, "//div[contains(@class,'code__bar')]//a[text()='File']").await?;
    press(stage, "//button[text()='Blame'][@aria-pressed='false']").await?;
    let seven = format!("{}/span[contains(@class,'blame')]/button", row("same", "number 8;"));
    see(stage, &seven).await?;
    looks_right(stage, "blame", 844).await?;
    press(stage, &seven).await?;
    see(stage, "//li[contains(@class,'log__commit--found')]/p[text()='Change seven']").await?;
    looks_right(stage, "blame found", 844).await?;
    press(stage, "//a[contains(@class,'files__row')][contains(., 'notes.txt')]").await?;
    press(stage, "//div[contains(@class,'code__bar')]//a[text()='File']").await?;
    press(stage, "//button[text()='Blame'][@aria-pressed='false']").await?;
    see(stage, "//span[contains(@class,'blame--uncommitted')]/span[text()='Not committed']").await.map(drop)
}

/// Makes a branch, and goes back to the other one with what isn't committed.
async fn branch(stage: &Stage) -> Result<()> {
    see(stage, &format!("{BRANCH}[contains(., 'octobot')]")).await?;
    press(stage, BRANCH).await?;
    see(stage, "//div[@id='branches-menu']//button[@aria-current='true'][contains(., 'octobot')]").await?;
    looks_right(stage, "branches", 844).await?;
    press(stage, "//div[@id='branches-menu']//button[contains(., 'New branch')]").await?;
    let name = see(stage, "//input[@aria-label='Name of the new branch']").await?;
    name.send_keys("try/it").await?;
    name.send_keys(Key::Enter + "").await?;
    see(stage, &format!("{BRANCH}[contains(., 'try/it')]")).await?;
    press(stage, BRANCH).await?;
    press(stage, "//div[@id='branches-menu']//li/button[not(@disabled)][contains(., 'octobot')]").await?;
    see(stage, "//li[text()='notes.txt']").await?;
    looks_right(stage, "branches asked", 844).await?;
    press(stage, "//button[text()='Keep my changes']").await?;
    see(stage, &format!("{BRANCH}[contains(., 'octobot')]")).await?;
    see(stage, "//h2[contains(., '2 files changed')]").await.map(drop)
}

/// Commits one of two hunks of a file, and not the other.
async fn commit(stage: &Stage) -> Result<()> {
    press(stage, "//a[text()='Chat']").await?;
    page::send(stage, "sed -i 's/number 20;/number 21;/; s/number 90;/number 91;/' src/main.rs").await?;
    press(stage, "//button[contains(., 'Commit 2 files')]").await?;
    press(stage, "//button[@aria-label='Choose hunks of src/main.rs']").await?;
    press(stage, "//input[@aria-label='Hunk at line 21']").await?;
    write(stage, "//textarea[@id='commit-message']", "Only ninety").await?;
    looks_right(stage, "commit hunks", 844).await?;
    see(stage, "//textarea[@id='commit-message']").await?.send_keys(Key::Control + Key::Enter).await?;
    see(stage, "//ul[@aria-label='Commits of this session']//p[text()='Only ninety']").await?;
    press(stage, "//button[contains(., 'Commit 1 file…')]").await?;
    press(stage, "//button[@aria-label='Choose hunks of src/main.rs']").await?;
    see(stage, "//div[contains(@class,'parts__row')][@data-kind='added'][contains(., 'number 21;')]").await?;
    hide(stage, "//div[contains(@class,'parts__row')][contains(., 'number 91;')]").await
}
