//! What a session changes, looked at and commented on: over the REST API, and in the browser.

#[path = "code/agent_commit.rs"]
mod agent_commit;
#[path = "code/documents.rs"]
mod documents;
#[path = "code/editing.rs"]
mod editing;
#[path = "code/fetching.rs"]
mod fetching;
#[path = "code/fork.rs"]
mod fork;
#[path = "code/hunks.rs"]
mod hunks;
#[path = "code/plain_folder.rs"]
mod plain_folder;
#[path = "code/pull_request.rs"]
mod pull_request;
#[path = "code/review.rs"]
mod review;
#[path = "code/rewind.rs"]
mod rewind;
#[path = "code/sha256.rs"]
mod sha256;
#[path = "code/staging.rs"]
mod staging;

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::api::{Api, Method, make_repository};
use octobot_end2end::page::{self, hide, hydrated, looks_right, press, see, write};
use octobot_end2end::{Place, Stage, play, rehearse_at};
use serde_json::{Value, json};
use thirtyfour::prelude::*;

/// A program of this many lines, of which a script then changes some.
const LINES: usize = 120;

/// Ten changes of every kind.
const SCRIPT: &str = "sed -i 's/number 7;/number 8;/; s/number 60;/number 61;/' src/main.rs; printf 'new\\n' >added.txt; rm gone.txt; \
                      git mv docs/old.md docs/new.md; chmod +x run.sh; ln -s src link; mkdir -p a/b; echo deep >a/b/deep; \
                      printf '\\0\\1' >data.bin; cp two.png one.png; git commit -qam work; echo last >>notes.txt";

/// Two pictures of one colour each, as PNG.
const PICTURES: [&str; 2] = [
    "89504e470d0a1a0a0000000d4948445200000030000000300802000000d8606ed00000003a4944415478daedce310d00000803b0e9e347388e7041389a5440533daf4448484848484848484848484848484848484848484848484848e8ce022a8cf0b59d65f8540000000049454e44ae426082",
    "89504e470d0a1a0a0000000d4948445200000030000000300802000000d8606ed00000003b4944415478daedce310d00000803b0b9c0136af07fe1827034a980a6a65f8990909090909090909090909090909090909090909090909090d09d0502aa596a18fcca9e0000000049454e44ae426082",
];

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter_map(|byte| u8::try_from(char::from(byte).to_digit(16)?).ok()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// A repository with some files.
async fn set_up(folder: &Path) -> Result<()> {
    let write = |name: &str, content: &[u8]| -> Result<()> {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().context("a file is in a folder")?)?;
        Ok(std::fs::write(path, content)?)
    };
    let program: Vec<_> = (1..=LINES).map(|line| format!("    let line_{line} = \"number {line};\";")).collect();
    write("src/main.rs", format!("fn main() {{\n{}\n}}\n", program.join("\n")).as_bytes())?;
    write("gone.txt", b"one\ntwo\n")?;
    write("docs/old.md", b"# Title\n\nSome text that stays as it is.\nMore of it.\n")?;
    write("run.sh", b"echo run\n")?;
    write("notes.txt", b"first\n")?;
    write(".gitignore", b"ignored/\n")?;
    write("ignored/file", b"")?;
    write("one.png", &bytes(PICTURES[0]))?;
    write("two.png", &bytes(PICTURES[1]))?;
    make_repository(folder).await
}

/// The changed files, each as its change and its path.
fn told(changes: &Value) -> Vec<String> {
    let files = changes["files"].as_array().into_iter().flatten();
    files.map(|file| format!("{} {}", file["change"], file["path"]).replace('"', "")).collect()
}

#[tokio::test]
async fn what_a_session_changed_is_told_compared_and_read() {
    rehearse_at(Place::default(), "changes", async |server, folder| {
        set_up(folder).await?;
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        api.submit(&session, "true").await?;
        api.idle(&session).await?;
        let path = format!("/sessions/{session}");
        let changes = api.get(&format!("{path}/changes")).await?;
        ensure!(changes["files"] == json!([]) && changes["isWatched"] == true, "{changes}");

        let mut events = api.events(&format!("after=0&session={session}")).await?;
        api.submit(&session, SCRIPT).await?;
        while events.next().await?["type"] != "codeChanged" {}
        api.idle(&session).await?;
        let changes = api.get(&format!("{path}/changes")).await?;
        let expected = [
            "added a/b/deep",
            "added added.txt",
            "added data.bin",
            "renamed docs/new.md",
            "removed gone.txt",
            "added link",
            "modified notes.txt",
            "modified one.png",
            "modified run.sh",
            "modified src/main.rs",
        ];
        ensure!(told(&changes) == expected, "{changes}");
        ensure!(changes["lines"] == json!({ "added": 6, "removed": 4 }), "{changes}");

        // Folds, and rows from a place on.
        let diff = api.get(&format!("{path}/changes/diff?path=src/main.rs")).await?;
        let kinds: Vec<_> = diff["rows"].as_array().into_iter().flatten().map(|row| row["kind"].clone()).collect();
        ensure!(diff["shape"] == "text" && kinds[0] == "fold" && diff["stops"] == json!([4, 13]), "{diff}");
        ensure!(diff["rows"][4]["html"].as_str().is_some_and(|html| html.contains("code-mark")), "{diff}");
        let opened =
            api.get(&format!("{path}/changes/diff?path=src/main.rs&open=1-122&layout=split&from=60&count=2")).await?;
        ensure!(opened["total"] == LINES + 2 && opened["rows"][0]["kind"] == "replaced", "{opened}");
        ensure!(opened["rows"][0]["right"].as_str().is_some_and(|html| html.contains("61")), "{opened}");
        let renamed = api.get(&format!("{path}/changes/diff?path=docs/new.md")).await?;
        ensure!(renamed["file"]["oldPath"] == "docs/old.md" && renamed["stops"].is_null(), "{renamed}");
        for (file, shape) in [("one.png", "image"), ("data.bin", "binary"), ("src", "nothing"), ("link", "text")] {
            let diff = api.get(&format!("{path}/changes/diff?path={file}")).await?;
            ensure!(diff["shape"] == shape, "{file}: {diff}");
        }

        let view = api.get(&format!("{path}/files/view?path=notes.txt&ref=start")).await?;
        ensure!(view["total"] == 1 && view["rows"][0]["html"] == "first", "{view}");
        let tree = api.get(&format!("{path}/files/tree")).await?;
        let ignored =
            tree["entries"].as_array().into_iter().flatten().filter(|entry| entry["isIgnored"] == true).count();
        ensure!(ignored == 0 && tree["entries"][0] == json!({ "name": "a", "kind": "folder" }), "{tree}");
        let picture = api.fetch(&format!("/api/projects/local{path}/files/content?path=one.png&ref=start")).await?;
        ensure!(picture.headers().get("content-type").is_some_and(|kind| kind == "image/png"));
        ensure!(picture.bytes().await? == bytes(PICTURES[0]));

        for query in [
            "files/view?path=../x",
            "files/view?path=none",
            "files/tree?path=..",
            "files/content?path=notes.txt&ref=none",
        ] {
            let (status, problem) = api.send(Method::GET, &format!("{path}/{query}"), None).await?;
            ensure!(status == 404 && problem["kind"] == "not-found", "{query}: {problem}");
        }
        let (status, problem) = api.send(Method::GET, &format!("{path}/changes/diff?path=a&open=x"), None).await?;
        ensure!(status == 422, "{problem}");
        api.post(&format!("{path}/stop"), &json!({})).await?;
        api.session_state(&session, "stopped").await?;
        let (status, problem) = api.send(Method::GET, &format!("{path}/changes"), None).await?;
        ensure!(status == 409 && problem["detail"].as_str().is_some_and(|text| text.contains("Start")), "{problem}");
        Ok(())
    })
    .await;
}

/// A row of the difference that is shown.
fn row(kind: &str, text: &str) -> String {
    format!("//div[contains(@class,'code__row')][@data-kind='{kind}'][contains(., '{text}')]")
}

/// A changed file in the panel.
fn changed(name: &str) -> String {
    format!("//ul[@aria-label='Changed files']//a[contains(., '{name}')]")
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_reviewed_in_the_browser_and_comments_sent() {
    play("code", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        set_up(folder.path()).await?;
        page::add_workspace(stage, &folder.path().display().to_string()).await?;
        write(stage, page::PROMPT, "true").await?;
        press(stage, "//button[contains(., 'Start session')]").await?;
        see(stage, "//h2[contains(., 'Nothing changed yet')]").await?;
        page::send(stage, SCRIPT).await?;
        see(stage, "//h2[contains(., '10 files changed')]").await?;
        looks_right(stage, "code panel", 844).await?;

        press(stage, &changed("main.rs")).await?;
        see(stage, &row("removed", "number 7;")).await?;
        see(stage, &row("added", "number 8;")).await?;
        looks_right(stage, "code diff", 844).await?;
        press(stage, "//select[@aria-label='Layout']/option[@value='split']").await?;
        see(stage, &row("replaced", "number 60;")).await?;
        looks_right(stage, "code split", 844).await?;
        press(stage, "//select[@aria-label='Layout']/option[@value='unified']").await?;
        let fold = "//button[contains(@class,'code__fold')][contains(., 'unchanged lines')]";
        see(stage, &row("removed", "number 7;")).await?;
        press(stage, fold).await?;
        see(stage, &row("same", "number 2;")).await?;

        // Viewed is kept for the state that was viewed.
        press(stage, "//label[contains(@class,'code__viewed')]/input").await?;
        see(stage, &format!("{}[contains(@class,'files__row--viewed')]", changed("main.rs"))).await?;
        let address = stage.browser.driver().current_url().await?;
        ensure!(address.query() == Some("diff=src%2Fmain.rs"), "{address}");
        stage.browser.driver().refresh().await?;
        hydrated(stage).await?;
        see(stage, &format!("{}[contains(@class,'files__row--viewed')]", changed("main.rs"))).await?;

        comment(stage).await?;

        // What the session writes while the difference is open is there at once.
        press(stage, &changed("notes.txt")).await?;
        see(stage, &row("added", "last")).await?;
        press(stage, "//a[text()='Chat']").await?;
        page::send(stage, "echo later >>notes.txt; sed -i 's/number 8;/number 9;/' src/main.rs").await?;
        press(stage, &changed("notes.txt")).await?;
        see(stage, &row("added", "later")).await?;
        hide(stage, &format!("{}[contains(@class,'files__row--viewed')]", changed("main.rs"))).await?;

        // Other shapes, and a file by itself.
        press(stage, &changed("one.png")).await?;
        see(stage, "//figure[contains(., 'After')]/img").await?;
        looks_right(stage, "code image", 844).await?;
        press(stage, "//button[contains(., 'src')][@aria-expanded='false']").await?;
        press(stage, "//ul[not(@aria-label)]//a[contains(., 'main.rs')]").await?;
        see(stage, &row("same", "number 9;")).await?;
        looks_right(stage, "code file", 844).await?;
        write(stage, "//input[@aria-label='Find files']", "deep").await?;
        see(stage, "//ul[not(@aria-label)]//a[contains(., 'a/b/deep')]").await?;
        Ok(())
    })
    .await;
}

/// Comments that wait outlive the page. Of one whose line has become another meanwhile that is said at once.
async fn comments_are_kept(stage: &Stage) -> Result<()> {
    let address = stage.browser.driver().current_url().await?;
    let mut parts = address.path_segments().context("a page has a path")?;
    let session = parts.nth(3).context("the page is a session's")?.to_owned();
    let api = Api::new(&stage.server.url(""));
    let run = async |script: &str| -> Result<()> {
        api.submit(&session, script).await?;
        api.idle(&session).await
    };
    stage.browser.driver().goto("about:blank").await?;
    run("sed -i 's/number 8;/number 88;/' src/main.rs").await?;
    stage.browser.driver().goto(address.as_str()).await?;
    hydrated(stage).await?;
    see(stage, "//li[contains(@class,'notes__note')][contains(., 'Why eight?')][contains(., 'have changed since')]")
        .await?;
    hide(stage, "//li[contains(@class,'notes__note')][contains(., 'Looking')]").await?;
    let other = "//li[contains(@class,'notes__note')][contains(., 'And this?')]//p[contains(@class,'notes__stale')]";
    ensure!(
        stage.browser.driver().find_all(By::XPath(other)).await?.is_empty(),
        "another line is said to have changed"
    );
    run("sed -i 's/number 88;/number 8;/' src/main.rs").await?;
    hide(stage, "//p[contains(@class,'notes__stale')]").await
}

/// Comments on two lines, by the pointer and by keys, and sends both.
async fn comment(stage: &Stage) -> Result<()> {
    press(stage, &format!("{}/button[contains(@aria-label,'Comment on line')]", row("added", "number 8;"))).await?;
    write(stage, "//textarea[@id='note-text']", "Why eight?").await?;
    looks_right(stage, "code comment", 844).await?;
    press(stage, "//button[text()='Add comment']").await?;
    let rows = see(stage, "//div[contains(@class,'code__rows')]").await?;
    rows.send_keys("nc").await?;
    write(stage, "//textarea[@id='note-text']", "And this?").await?;
    press(stage, "//button[text()='Add comment']").await?;
    comments_are_kept(stage).await?;
    press(stage, "//button[contains(., 'Send 2 comments')]").await?;
    let said = see(stage, "//*[contains(@class,'message--user')][contains(., 'Why eight?')]").await?.text().await?;
    ensure!(said.contains("src/main.rs") && said.contains("line 8") && said.contains("And this?"), "{said}");
    hide(stage, "//section[@aria-label='Comments']").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_is_looked_at_alone_and_its_files_are_put_back() {
    play("rewind", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        set_up(folder.path()).await?;
        page::add_workspace(stage, &folder.path().display().to_string()).await?;
        write(stage, page::PROMPT, "echo first turn >first.txt").await?;
        press(stage, "//button[contains(., 'Start session')]").await?;
        see(stage, "//h2[contains(., '1 file changed')]").await?;
        page::send(stage, "echo second turn >>first.txt; rm notes.txt; git commit -qam work").await?;
        see(stage, "//h2[contains(., '2 files changed')]").await?;

        press(stage, "//select[@aria-label='Whose changes']//option[contains(., 'echo second')]").await?;
        press(stage, &changed("first.txt")).await?;
        see(stage, &row("same", "first turn")).await?;
        see(stage, &row("added", "second turn")).await?;
        looks_right(stage, "code turn", 844).await?;

        press(stage, "//button[text()='Rewind to before this turn…']").await?;
        press(stage, "//dialog[@open]//label[contains(., 'Files only')]").await?;
        press(stage, "//dialog[@open]//button[text()='Rewind']").await?;
        see(stage, "//p[contains(., '2 files were put back')]").await?;
        see(stage, "//h2[contains(., '1 file changed')]").await?;
        looks_right(stage, "code rewound", 844).await?;
        hide(stage, &row("added", "second turn")).await?;
        see(stage, &row("added", "first turn")).await?;
        press(stage, "//div[@role='status']//button[text()='Undo']").await?;
        see(stage, "//h2[contains(., '2 files changed')]").await?;
        see(stage, &row("added", "second turn")).await?;
        Ok(())
    })
    .await;
}

/// Commits what is in a folder, as its user does.
async fn commit_all(folder: &Path) -> Result<()> {
    let script = "git add -A && git commit -qm Mine";
    let status = tokio::process::Command::new("sh").args(["-c", script]).current_dir(folder).status().await?;
    ensure!(status.success(), "git: {status}");
    Ok(())
}

/// What a file of the workspace holds.
fn in_workspace(folder: &Path, name: &str) -> Option<String> {
    std::fs::read_to_string(folder.join(name)).ok()
}

#[tokio::test]
async fn commits_are_made_put_back_and_applied_over_the_api() {
    rehearse_at(Place::default(), "repository", async |server, folder| {
        set_up(folder).await?;
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        api.submit(&session, "echo last >>notes.txt; echo x >added.txt").await?;
        api.idle(&session).await?;
        let path = format!("/sessions/{session}/repository");
        let state = api.get(&path).await?;
        ensure!(state["uncommitted"] == json!(["added.txt", "notes.txt"]) && state["branch"] == "octobot", "{state}");
        let discarded = api.post(&format!("{path}/discards"), &json!({ "paths": ["added.txt"] })).await?;
        ensure!(api.get(&path).await?["uncommitted"] == json!(["notes.txt"]));
        let undo = format!("{path}/discards/{}/undo", discarded["number"]);
        let (status, _) = api.send(Method::POST, &undo, None).await?;
        ensure!(status == 204, "{status}");
        let (status, problem) = api.send(Method::POST, &undo, None).await?;
        ensure!(
            status == 409 && problem["detail"].as_str().is_some_and(|text| text.contains("changed since")),
            "{problem}"
        );
        let request = json!({ "message": "Notes", "paths": ["notes.txt"] });
        let commit = api.post(&format!("{path}/commits"), &request).await?;
        ensure!(commit["subject"] == "Notes", "{commit}");
        let (status, problem) = api.send(Method::POST, &format!("{path}/commits"), Some(&request)).await?;
        ensure!(status == 409, "{problem}");
        let log = api.get(&format!("{path}/commits?count=1")).await?;
        ensure!(log["commits"][0]["isNew"] == true && log["hasMore"] == true, "{log}");

        let outcome = api.post(&format!("{path}/apply"), &json!({})).await?;
        ensure!(outcome["end"] == "applied" && outcome["commits"] == 2, "{outcome}");
        ensure!(in_workspace(folder, "notes.txt").as_deref() == Some("first\nlast\n"));
        ensure!(in_workspace(folder, "added.txt").as_deref() == Some("x\n"));
        let outcome_again = api.post(&format!("{path}/apply"), &json!({ "method": "merge" })).await?;
        ensure!(outcome_again["end"] == "nothingNew", "{outcome_again}");
        let (status, _) = api.send(Method::DELETE, &format!("{path}/apply"), Some(&outcome["applied"])).await?;
        ensure!(status == 204, "{status}");
        ensure!(in_workspace(folder, "notes.txt").as_deref() == Some("first\n"));
        ensure!(in_workspace(folder, "added.txt").is_none());
        let (status, problem) = api.send(Method::DELETE, &format!("{path}/apply"), Some(&outcome["applied"])).await?;
        ensure!(
            status == 409 && problem["detail"].as_str().is_some_and(|text| text.contains("other commits")),
            "{problem}"
        );
        std::fs::write(folder.join("notes.txt"), "mine\n")?;
        let outcome = api.post(&format!("{path}/apply"), &json!({})).await?;
        ensure!(outcome["end"] == "dirty" && outcome["files"] == json!(["notes.txt"]), "{outcome}");
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_committed_discarded_and_applied_in_the_browser() {
    play("repository", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        set_up(folder.path()).await?;
        page::add_workspace(stage, &folder.path().display().to_string()).await?;
        write(stage, page::PROMPT, "true").await?;
        press(stage, "//button[contains(., 'Start session')]").await?;
        see(stage, "//h2[contains(., 'Nothing changed yet')]").await?;
        press(stage, "//button[contains(., 'Commits')]").await?;
        see(stage, "//p[contains(., 'Nothing was committed in this session yet')]").await?;
        page::send(stage, "echo last >>notes.txt; echo x >added.txt; rm gone.txt").await?;
        see(stage, "//button[contains(., 'Commit 3 files')]").await?;

        let discard = "//button[@aria-label='Discard changes of added.txt']";
        press(stage, discard).await?;
        see(stage, "//h2[contains(., '2 files changed')]").await?;
        press(stage, "//button[text()='Undo']").await?;
        see(stage, "//h2[contains(., '3 files changed')]").await?;
        see(stage, discard).await?;

        press(stage, "//button[contains(., 'Commit 3 files')]").await?;
        press(stage, "//ul[@aria-label='Files to commit']//label[contains(., 'added.txt')]/input").await?;
        see(stage, "//button[text()='Commit 2']").await?;
        write(stage, "//textarea[@id='commit-message']", "Tidy the notes").await?;
        looks_right(stage, "commit form", 844).await?;
        let message = see(stage, "//textarea[@id='commit-message']").await?;
        message.send_keys(Key::Control + Key::Enter).await?;
        see(stage, "//ul[@aria-label='Commits of this session']//p[text()='Tidy the notes']").await?;
        see(stage, "//button[contains(., 'Commit 1 file…')]").await?;
        hide(stage, "//button[@aria-label='Discard changes of notes.txt']").await?;
        looks_right(stage, "commit log", 844).await?;

        // The workspace has a commit of its own by now.
        std::fs::write(folder.path().join("mine.txt"), "mine\n")?;
        commit_all(folder.path()).await?;
        press(stage, "//button[text()='Apply']").await?;
        see(stage, "//p[contains(., 'has 1 commit by now')]").await?;
        looks_right(stage, "apply diverged", 844).await?;
        press(stage, "//button[text()='Rebase']").await?;
        see(stage, "//p[contains(., '2 commits applied to')]").await?;
        looks_right(stage, "applied", 844).await?;
        ensure!(in_workspace(folder.path(), "notes.txt").as_deref() == Some("first\nlast\n"));
        ensure!(in_workspace(folder.path(), "mine.txt").as_deref() == Some("mine\n"));
        press(stage, "//div[contains(@class,'files')]//button[text()='Undo']").await?;
        see(stage, "//button[text()='Apply']").await?;
        ensure!(in_workspace(folder.path(), "notes.txt").as_deref() == Some("first\n"));

        // What the agent commits changes no file, and is seen all the same.
        page::send(stage, "git add -A && git commit -qm Rest").await?;
        see(stage, "//ul[@aria-label='Commits of this session']//p[text()='Rest']").await?;
        hide(stage, "//button[contains(., 'Commit 1 file…')]").await?;
        page::send(stage, "echo more >>notes.txt").await?;

        // On a phone.
        stage.browser.resize(390, 844).await?;
        press(stage, "//button[@aria-label='Show or hide files and details']").await?;
        press(stage, "//button[contains(., 'Commit 1 file…')]").await?;
        see(stage, "//textarea[@id='commit-message']").await?;
        stage.browser.screenshot("commit form phone").await?;
        page::has_no_barriers(stage).await?;
        Ok(())
    })
    .await;
}
