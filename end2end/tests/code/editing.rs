//! Files that a person changes beside the agent: over the REST API, and in the browser.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::api::{Api, Method, make_repository};
use octobot_end2end::page::{complains_only_of, hide, hydrated, looks_right, press, see};
use octobot_end2end::{Place, Stage, play, rehearse_at};
use serde_json::json;
use thirtyfour::prelude::*;

/// The text that is edited.
const TEXT: &str = "//div[contains(@class,'cm-content')]";

/// A repository with some files, and a session in it whose sandbox runs.
async fn session_in(folder: &Path, server: &str) -> Result<(Api, String)> {
    std::fs::create_dir_all(folder.join("src"))?;
    std::fs::write(folder.join("src/main.rs"), "fn main() {\n    println!(\"one\");\n}\n")?;
    std::fs::write(folder.join("notes.txt"), "first\r\nsecond\r\n")?;
    make_repository(folder).await?;
    let api = Api::new(server);
    let workspace = api.add_workspace(&folder.display().to_string()).await?;
    let session = api.create_session(&workspace).await?;
    run(&api, &session, "true").await?;
    Ok((api, session))
}

async fn run(api: &Api, session: &str, script: &str) -> Result<()> {
    api.submit(session, script).await?;
    api.idle(session).await
}

/// What a file has, and its state.
async fn content(api: &Api, session: &str, path: &str) -> Result<(String, String)> {
    let address = format!("/api/projects/local/sessions/{session}/files/content?path={path}");
    let answer = api.fetch(&address).await?.error_for_status()?;
    let state = answer.headers().get("etag").context("a file has a state")?.to_str()?.to_owned();
    Ok((answer.text().await?, state))
}

#[tokio::test]
async fn files_are_written_moved_deleted_and_brought_back_over_the_api() {
    rehearse_at(Place::default(), "editing", async |server, folder| {
        let (api, session) = session_in(folder, &server.url("")).await?;
        let files = format!("/sessions/{session}/files");
        let put = async |path: &str, header: Option<(&str, &str)>, data: &[u8]| {
            api.put(&format!("{files}/content?path={path}"), header, data).await
        };
        let (_, first) = content(&api, &session, "src/main.rs").await?;
        ensure!(put("src/main.rs", Some(("if-match", &first)), b"fn main() {}\n").await? == 204);
        ensure!(put("src/main.rs", Some(("if-match", &first)), b"fn other() {}\n").await? == 412);
        ensure!(put("src/main.rs", None, b"").await? == 428);
        ensure!(put("src/main.rs", Some(("if-none-match", "*")), b"").await? == 412);
        ensure!(put("new.bin", Some(("if-none-match", "*")), b"\0\xff").await? == 201);
        ensure!(put("../x", Some(("if-none-match", "*")), b"").await? == 409);
        ensure!(put("large", Some(("if-none-match", "*")), &vec![0; 17 << 20]).await? == 413);
        ensure!(content(&api, &session, "src/main.rs").await?.0 == "fn main() {}\n");

        let (status, _) = api.send(Method::PUT, &format!("{files}/folder?path=docs"), None).await?;
        ensure!(status == 201);
        api.post(&format!("{files}/move"), &json!({ "from": "notes.txt", "to": "docs/notes.txt" })).await?;
        let again = json!({ "from": "new.bin", "to": "docs/notes.txt" });
        let (status, problem) = api.send(Method::POST, &format!("{files}/move"), Some(&again)).await?;
        ensure!(status == 409 && problem["detail"].as_str().is_some_and(|text| text.contains("already")), "{problem}");
        let (status, trashed) = api.send(Method::DELETE, &format!("{files}/entry?path=docs"), None).await?;
        ensure!(status == 200, "{trashed}");
        ensure!(api.get(&format!("{files}/tree?path=docs")).await.is_err());
        api.post(&format!("{files}/restore"), &trashed).await?;
        ensure!(content(&api, &session, "docs/notes.txt").await?.0 == "first\r\nsecond\r\n");
        let (status, _) = api.send(Method::POST, &format!("{files}/restore"), Some(&trashed)).await?;
        ensure!(status == 409);

        let found = api.fetch(&format!("/api/projects/local{files}/search?q=SECOND")).await?.text().await?;
        ensure!(found.lines().count() == 2 && found.contains("\"path\":\"docs/notes.txt\",\"line\":2"), "{found}");
        let refused = api.get(&format!("{files}/search?q=(&regex=true")).await?;
        ensure!(refused["refused"].as_str().is_some_and(|why| why.contains("regular expression")), "{refused}");
        Ok(())
    })
    .await;
}

/// Where the editor says how far it is.
fn state(word: &str) -> String {
    format!("//span[contains(@class,'editor__state')][contains(., '{word}')]")
}

/// A line that is edited.
fn line(text: &str) -> String {
    format!("//div[contains(@class,'cm-line')][contains(., '{text}')]")
}

/// Types at the end of the text.
async fn type_at_end(stage: &Stage, text: &str) -> Result<()> {
    Ok(see(stage, TEXT).await?.send_keys(Key::Control + Key::End + Key::Null + text).await?)
}

/// Comes back to the page, as from another window.
async fn look(stage: &Stage) -> Result<()> {
    stage.browser.driver().execute("window.dispatchEvent(new Event('focus'))", vec![]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_edited_beside_the_agent_and_nobodys_work_is_lost() {
    play("editor", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (api, session) = session_in(folder.path(), &stage.server.url("")).await?;
        stage.open(&format!("/projects/local/sessions/{session}?file=notes.txt")).await?;
        hydrated(stage).await?;
        press(stage, "//button[text()='Edit']").await?;
        see(stage, &line("second")).await?;
        see(stage, &state("Saved")).await?;

        // What isn't saved outlives a reload, and saving keeps the ends of lines.
        type_at_end(stage, "third").await?;
        see(stage, &state("Not saved yet")).await?;
        see(stage, "//a[contains(@class,'tabs__link')][contains(., 'not saved')]").await?;
        stage.browser.driver().refresh().await?;
        hydrated(stage).await?;
        see(stage, &line("third")).await?;
        see(stage, &state("Not saved yet")).await?;
        see(stage, TEXT).await?.send_keys(Key::Control + "s").await?;
        see(stage, &state("Saved")).await?;
        ensure!(content(&api, &session, "notes.txt").await?.0 == "first\r\nsecond\r\nthird");

        // The editor follows the agent while nothing is unsaved.
        run(&api, &session, "printf 'from the agent\\r\\n' >notes.txt").await?;
        see(stage, &line("from the agent")).await?;
        hide(stage, &line("third")).await?;
        see(stage, &state("Saved")).await?;

        // Both have changed it: nothing is lost until somebody chooses.
        type_at_end(stage, "mine").await?;
        see(stage, &state("Not saved yet")).await?;
        run(&api, &session, "printf 'theirs\\r\\n' >notes.txt").await?;
        see(stage, "//section[contains(@class,'notice')][contains(., 'changed meanwhile')]").await?;
        see(stage, &line("mine")).await?;
        press(stage, "//button[text()='See difference']").await?;
        see(stage, "//*[contains(@class,'cm-deletedChunk')][contains(., 'theirs')]").await?;
        looks_right(stage, "editor conflict", 844).await?;
        press(stage, "//button[text()='Keep mine']").await?;
        see(stage, &state("Saved")).await?;
        ensure!(content(&api, &session, "notes.txt").await?.0 == "from the agent\r\nmine");
        type_at_end(stage, " again").await?;
        see(stage, &state("Not saved yet")).await?;
        run(&api, &session, "printf 'theirs\\r\\n' >notes.txt").await?;
        press(stage, "//button[text()='Take theirs']").await?;
        see(stage, &line("theirs")).await?;
        see(stage, &state("Saved")).await?;
        hide(stage, &line("mine")).await?;

        // Of a file that git ignores nothing tells: it is looked at when the page gets the focus. Where it can't be read, that is said.
        run(&api, &session, "echo ignored >.gitignore; echo before >ignored").await?;
        stage.open(&format!("/projects/local/sessions/{session}?file=ignored")).await?;
        hydrated(stage).await?;
        press(stage, "//button[text()='Edit']").await?;
        see(stage, &line("before")).await?;
        see(stage, &state("Saved")).await?;
        run(&api, &session, "echo after >ignored").await?;
        look(stage).await?;
        see(stage, &line("after")).await?;
        let cdp = stage.browser.driver().cdp();
        cdp.send_raw("Network.enable", json!({})).await?;
        cdp.send_raw("Network.setBlockedURLs", json!({ "urls": ["*/api/fn/*"] })).await?;
        look(stage).await?;
        see(stage, "//p[contains(., 'read again')]").await?;
        cdp.send_raw("Network.setBlockedURLs", json!({ "urls": [] })).await?;
        complains_only_of(stage, &["ERR_BLOCKED_BY_CLIENT"]).await?;
        press(stage, "//button[text()='Try again']").await?;
        hide(stage, "//p[contains(., 'read again')]").await?;
        stage.open(&format!("/projects/local/sessions/{session}?file=notes.txt")).await?;
        hydrated(stage).await?;
        press(stage, "//button[text()='Edit']").await?;
        see(stage, &line("theirs")).await?;

        // What is discarded can be had back; a language has its colours.
        type_at_end(stage, "regretted").await?;
        press(stage, "//button[text()='Discard']").await?;
        hide(stage, TEXT).await?;
        press(stage, "//button[text()='Undo']").await?;
        see(stage, &line("regretted")).await?;
        press(stage, "//button[contains(., 'src')][@aria-expanded='false']").await?;
        press(stage, "//ul[not(@aria-label)]//a[contains(., 'main.rs')]").await?;
        press(stage, "//button[text()='Edit']").await?;
        see(stage, "//span[contains(@class,'hl-keyword')][text()='fn']").await?;
        looks_right(stage, "editor", 844).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_files_is_found_and_opened_at_its_line() {
    play("file search", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        let many: Vec<_> = (1..=900).map(|line| format!("line number {line}")).collect();
        std::fs::write(folder.path().join("many.txt"), many.join("\n"))?;
        let (_, session) = session_in(folder.path(), &stage.server.url("")).await?;
        stage.open(&format!("/projects/local/sessions/{session}")).await?;
        hydrated(stage).await?;
        let field = see(stage, "//input[@aria-label='Search in files']").await?;
        field.send_keys("NUMBER 700\n").await?;
        see(stage, "//p[text()='1 line']").await?;
        looks_right(stage, "file search", 844).await?;
        press(stage, "//a[contains(@class,'file-search__hit')]").await?;
        see(stage, "//div[contains(@class,'code__row--at')][contains(., 'line number 700')]").await?;
        see(stage, "//body").await?.send_keys(Key::Control + "p").await?;
        let field = By::Css("input[aria-label='Find files']:focus");
        stage.browser.driver().query(field).first().await?.send_keys("main.rs\n").await?;
        see(stage, "//h2[text()='src/main.rs']").await?;
        press(stage, "//button[@aria-label='Match capital letters']").await?;
        see(stage, "//p[contains(., 'Nothing was found')]").await?;
        // A regular expression that isn't finished is no failure.
        press(stage, "//button[@aria-label='Regular expression']").await?;
        let field = see(stage, "//input[@aria-label='Search in files']").await?;
        field.send_keys(Key::Control + "a").await?;
        field.send_keys("number (\n").await?;
        see(stage, "//p[contains(., 'regular expression')]").await?;
        Ok(())
    })
    .await;
}

/// A file or folder in the tree.
fn entry(name: &str) -> String {
    format!("//div[contains(@class,'files__entry')][.//span[text()='{name}']]")
}

/// Chooses something in the menu of a file or folder.
async fn choose(stage: &Stage, name: &str, action: &str) -> Result<()> {
    press(stage, &format!("//button[@aria-label='Actions for {name}']")).await?;
    press(stage, &format!("//div[@id='file-menu']//*[normalize-space(.)='{action}'][self::button or self::a]")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_created_renamed_uploaded_deleted_and_brought_back_in_the_browser() {
    play("file operations", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (api, session) = session_in(folder.path(), &stage.server.url("")).await?;
        stage.open(&format!("/projects/local/sessions/{session}")).await?;
        hydrated(stage).await?;
        see(stage, &entry("src")).await?;

        choose(stage, "src", "New file").await?;
        let name = see(stage, "//input[@aria-label='Name of the new file']").await?;
        stage.browser.screenshot("file naming").await?;
        name.send_keys("lib.rs\n").await?;
        see(stage, &entry("lib.rs")).await?;
        see(stage, TEXT).await?.send_keys("pub mod a;").await?;
        see(stage, TEXT).await?.send_keys(Key::Control + "s").await?;
        see(stage, &state("Saved")).await?;
        ensure!(content(&api, &session, "src/lib.rs").await?.0 == "pub mod a;");

        choose(stage, "lib.rs", "Rename").await?;
        let name = see(stage, "//input[@aria-label='New name']").await?;
        name.send_keys(Key::Control + "a").await?;
        name.send_keys("root.rs\n").await?;
        see(stage, &entry("root.rs")).await?;
        see(stage, "//h2[text()='src/root.rs']").await?;
        hide(stage, &entry("lib.rs")).await?;

        choose(stage, "root.rs", "Delete").await?;
        hide(stage, &entry("root.rs")).await?;
        stage.browser.screenshot("file deleted").await?;
        press(stage, "//button[text()='Undo']").await?;
        see(stage, &entry("root.rs")).await?;
        // The last of what moves the menu's button.
        see(stage, "//button[contains(., 'Commit 1 file…')]").await?;

        choose(stage, "all files", "New folder").await?;
        see(stage, "//input[@aria-label='Name of the new folder']").await?.send_keys("docs\n").await?;
        see(stage, &entry("docs")).await?;
        octobot_end2end::page::drop_onto(
            stage,
            ".files > .files__list:last-of-type",
            "new File(['dropped'], 'dropped.txt', { type: 'text/plain' })",
        )
        .await?;
        see(stage, &entry("dropped.txt")).await?;
        ensure!(content(&api, &session, "dropped.txt").await?.0 == "dropped");
        looks_right(stage, "file tree", 844).await?;
        Ok(())
    })
    .await;
}
