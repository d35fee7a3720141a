//! A review from its beginning to its end: an agent changes ten files, and a person comments, sees what becomes of that, puts it back,
//! edits a file, runs the tests, commits, and has the workspace take it over.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::Stage;
use octobot_end2end::api::{Api, text};
use octobot_end2end::casting::{Role, Scene};
use octobot_end2end::model::{Model, Scenario, Step};
use octobot_end2end::page::{self, hide, looks_right, permit_until, press, see, write};
use octobot_end2end::skip;
use serde_json::json;
use thirtyfour::prelude::*;

use super::{SCRIPT, changed, row, set_up};

/// What the agent is asked for first.
const CUE: &str = "change ten files";

/// What the last of the comments says.
const LAST_COMMENT: &str = "Say more here.";

/// Where one types in the terminal.
const KEYBOARD: &str = "//div[@role='tabpanel' and not(@hidden)]//textarea[contains(@class,'xterm-helper-textarea')]";

/// Has a model make the agent change ten files, and then one of them again because of the comments.
fn rehearse(model: &Model) {
    let run = |command: &str| Step::tool("Bash", json!({ "command": command, "description": "Change files" }));
    let script = SCRIPT.replace("git commit -qam work; ", "");
    model.play(Scenario::cued(CUE).step(run(&script)).step(Step::text("They are **changed**.")));
    let answer = "sed -i 's/number 8;/number 80;/' src/main.rs";
    model.play(Scenario::cued(LAST_COMMENT).step(run(answer)).step(Step::text("Each is **answered**.")));
}

/// Adds the workspace, chooses the agent, and begins with a prompt.
async fn begin(stage: &Stage, agent: &serde_json::Value, folder: &Path) -> Result<()> {
    let agent = Api::new(&stage.server.url("")).post("/agents", agent).await?;
    page::add_workspace(stage, &folder.display().to_string()).await?;
    press(stage, &format!("//select[@aria-label='Agent']/option[text()='{}']", text(&agent["name"])?)).await?;
    write(stage, page::PROMPT, CUE).await?;
    press(stage, "//button[contains(., 'Start session')]").await
}

/// Comments on a line of the difference that is shown.
async fn comment(stage: &Stage, line: &str, words: &str) -> Result<()> {
    press(stage, &format!("{line}/button[contains(@aria-label,'Comment on line')]")).await?;
    write(stage, "//textarea[@id='note-text']", words).await?;
    press(stage, "//button[text()='Add comment']").await?;
    hide(stage, "//textarea[@id='note-text']").await
}

/// What a git command prints in a folder.
fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("git").args(arguments).current_dir(folder).output()?;
    ensure!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_made_is_reviewed_corrected_and_taken_over() {
    const NAME: &str = "review";
    let scene = Scene::local().expect("a folder can be made");
    if let Some(why) = scene.lacks(Role::ClaudeCode) {
        return skip(NAME, &why);
    }
    let model = Model::start().await.expect("the model API starts");
    let part = Role::ClaudeCode.part(model.url());
    rehearse(&model);
    let test = async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        set_up(&folder.path().join("project")).await?;
        let folder = folder.path().join("project");
        git(&folder, &["clone", "-q", "--bare", ".", "../origin.git"])?;
        git(
            &folder,
            &["remote", "add", "origin", &format!("file://{}", folder.with_file_name("origin.git").display())],
        )?;
        begin(stage, &part.agent, &folder).await?;
        permit_until(stage, "//strong[text()='changed']").await?;
        see(stage, "//h2[contains(., '10 files changed')]").await?;

        // Three comments, on either side, are one prompt.
        press(stage, &changed("main.rs")).await?;
        comment(stage, &row("added", "number 8;"), "Why eight?").await?;
        comment(stage, &row("removed", "number 60;"), "Was this wrong?").await?;
        press(stage, "//label[contains(@class,'code__viewed')]/input").await?;
        press(stage, &changed("notes.txt")).await?;
        comment(stage, &row("added", "last"), LAST_COMMENT).await?;
        press(stage, "//label[contains(@class,'code__viewed')]/input").await?;
        looks_right(stage, "review commented", 844).await?;
        press(stage, "//button[contains(., 'Send 3 comments')]").await?;
        permit_until(stage, "//strong[text()='answered']").await?;

        // What came of it alone; what was viewed and is another by now isn't viewed any more.
        hide(stage, &format!("{}[contains(@class,'files__row--viewed')]", changed("main.rs"))).await?;
        see(stage, &format!("{}[contains(@class,'files__row--viewed')]", changed("notes.txt"))).await?;
        press(stage, "//select[@aria-label='Whose changes']//optgroup/option[1]").await?;
        see(stage, "//h2[contains(., '1 file changed')]").await?;
        press(stage, &changed("main.rs")).await?;
        see(stage, &row("removed", "number 8;")).await?;
        see(stage, &row("added", "number 80;")).await?;
        looks_right(stage, "review answered", 844).await?;
        press(stage, "//button[text()='Rewind to before this turn…']").await?;
        press(stage, "//dialog[@open]//label[contains(., 'Files only')]").await?;
        press(stage, "//dialog[@open]//button[text()='Rewind']").await?;
        see(stage, "//p[contains(., '1 file was put back')]").await?;
        see(stage, &row("added", "number 8;")).await?;
        press(stage, "//button[text()='Done']").await?;

        edit_by_hand(stage).await?;
        run_tests(stage).await?;
        take_over(stage, &folder).await
    };
    scene.stage(&part, NAME, test).await;
}

/// Edits a file, and sees that in its difference.
async fn edit_by_hand(stage: &Stage) -> Result<()> {
    press(stage, &changed("notes.txt")).await?;
    press(stage, "//div[contains(@class,'code__bar')]//a[text()='File']").await?;
    press(stage, "//button[text()='Edit']").await?;
    let area = see(stage, "//div[contains(@class,'cm-content')]").await?;
    area.send_keys(Key::Control + Key::End + Key::Null + "by hand\n").await?;
    area.send_keys(Key::Control + "s").await?;
    see(stage, "//span[contains(@class,'editor__state')][contains(., 'Saved')]").await?;
    press(stage, &changed("notes.txt")).await?;
    see(stage, &row("added", "by hand")).await.map(drop)
}

/// Runs the tests in the terminal, whose file says that they have passed.
async fn run_tests(stage: &Stage) -> Result<()> {
    press(stage, "//a[text()='Chat']").await?;
    press(stage, "//a[@aria-label='Show the terminal']").await?;
    see(stage, KEYBOARD).await?.send_keys("grep -q 'by hand' notes.txt && echo passed >passed.txt\n").await?;
    see(stage, "//h2[contains(., '11 files changed')]").await?;
    press(stage, "//a[@aria-label='Show the chat only']").await
}

/// Commits, has the workspace take over the commit, and pushes it to where the workspace comes from.
async fn take_over(stage: &Stage, folder: &Path) -> Result<()> {
    // One that was renamed is two.
    press(stage, "//button[contains(., 'Commit 12 files')]").await?;
    let message = see(stage, "//textarea[@id='commit-message']").await?;
    message.send_keys("Reviewed work").await?;
    message.send_keys(Key::Control + Key::Enter).await?;
    hide(stage, "//textarea[@id='commit-message']").await?;
    press(stage, "//button[text()='Apply']").await?;
    see(stage, "//p[contains(., 'applied to')]").await?;
    looks_right(stage, "review taken over", 844).await?;
    let log = git(folder, &["log", "--format=%s"])?;
    ensure!(log.lines().next().context("there is no commit")? == "Reviewed work", "{log}");
    ensure!(git(folder, &["status", "--porcelain"])?.is_empty());
    ensure!(std::fs::read_to_string(folder.join("notes.txt"))? == "first\nlast\nby hand\n");
    press(stage, "//div[@role='status']//button[text()='Done']").await?;
    press(stage, "//button[text()='Push']").await?;
    let branch = see(stage, "//p[contains(., 'Pushed as')]/code").await?.text().await?;
    looks_right(stage, "review pushed", 844).await?;
    let pushed = git(&folder.with_file_name("origin.git"), &["log", "--format=%s", &branch])?;
    ensure!(pushed == log, "{pushed}");
    Ok(())
}
