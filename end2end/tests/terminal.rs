//! Terminals: in the page, and over the REST API.

#[path = "terminal/limits.rs"]
mod limits;
#[path = "terminal/person.rs"]
mod person;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::api::{Api, Method};
use octobot_end2end::page::{complains_only_of, hydrated, looks_right, press, see, write};
use octobot_end2end::{Place, Server, Stage, play, rehearse_at};
use serde_json::json;
use thirtyfour::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Where one types in the terminal that is chosen.
const KEYBOARD: &str = "//div[@role='tabpanel' and not(@hidden)]//textarea[contains(@class,'xterm-helper-textarea')]";

/// A line of the terminal that is chosen, as a screen reader is told it: what is drawn has no text in the document.
fn line(text: &str) -> String {
    format!("{LINES}[contains(., '{text}')]")
}

/// The lines of the terminal that is chosen.
const LINES: &str = "//div[@role='tabpanel' and not(@hidden)]//div[contains(@class,'xterm-accessibility-tree')]/div";

/// Has terminals tell a screen reader what they show.
async fn read_out(stage: &Stage) -> Result<()> {
    see(stage, KEYBOARD).await?;
    press(stage, "//button[@aria-label='Actions for terminals']").await?;
    press(stage, "//button[normalize-space(.)='Screen reader mode']").await
}

/// Types a line in the terminal that is chosen.
async fn type_line(stage: &Stage, text: &str) -> Result<()> {
    Ok(see(stage, KEYBOARD).await?.send_keys(format!("{text}\n")).await?)
}

/// Whether the terminal that is chosen shows a text.
async fn shows(stage: &Stage, text: &str) -> Result<bool> {
    Ok(!stage.browser.driver().find_all(By::XPath(line(text))).await?.is_empty())
}

/// Pastes a text, which is an expression of the page's, into the terminal that is chosen.
async fn paste_text(stage: &Stage, text: &str) -> Result<()> {
    see(stage, KEYBOARD).await?;
    let script = format!(
        "const data = new DataTransfer(); data.setData('text/plain', {text});\
         document.querySelector('.terminal:not([hidden]) textarea')\
         .dispatchEvent(new ClipboardEvent('paste', {{ clipboardData: data, bubbles: true, cancelable: true }}));"
    );
    stage.browser.driver().execute(&script, vec![]).await.map(drop).context("nothing can be pasted")
}

/// What is on the clipboard, once the page may look.
async fn clipboard(stage: &Stage) -> Result<String> {
    let script = "const done = arguments[arguments.length - 1];\
                  navigator.clipboard.readText().then(done, error => done(`${error}`));";
    Ok(stage.browser.driver().execute_async(script, vec![]).await?.json().as_str().unwrap_or_default().to_owned())
}

async fn session_of(server: &Server, folder: &Path) -> Result<(Api, String)> {
    let api = Api::new(&server.url(""));
    let workspace = api.add_workspace(&folder.display().to_string()).await?;
    let session = api.create_session(&workspace).await?;
    Ok((api, session))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_works_in_a_terminal_that_tabs_share_and_that_survives_everything() {
    play("terminal", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (_api, session) = session_of(&stage.server, folder.path()).await?;
        stage.open(&format!("/projects/local/sessions/{session}")).await?;
        hydrated(stage).await?;
        press(stage, "//a[@aria-label='Show the terminal']").await?;
        read_out(stage).await?;
        type_line(stage, "echo he''llo-$((40 + 2))").await?;
        see(stage, &line("hello-42")).await?;

        // Another tab sees the same, and what it types is seen here.
        let first = stage.browser.driver().window().await?;
        let second = stage.browser.driver().new_tab().await?;
        stage.browser.driver().switch_to_window(second).await?;
        stage.open(&format!("/projects/local/sessions/{session}?view=both")).await?;
        see(stage, &line("hello-42")).await?;
        type_line(stage, "echo from-$((1 + 1))nd").await?;
        see(stage, &line("from-2nd")).await?;
        stage.browser.driver().close_window().await?;
        stage.browser.driver().switch_to_window(first).await?;
        see(stage, &line("from-2nd")).await?;

        // A reload, and a server that is killed.
        stage.browser.driver().refresh().await?;
        see(stage, &line("from-2nd")).await?;
        stage.server.kill_and_restart().await?;
        type_when_connected(stage, "echo back-$((3 * 3))").await?;
        see(stage, &line("back-9")).await?;

        // A flood, and Ctrl-C.
        type_line(stage, "yes").await?;
        see(stage, &format!("{LINES}[normalize-space(.)='y']")).await?;
        see(stage, KEYBOARD).await?.send_keys(Key::Control + "c").await?;
        type_line(stage, "echo ca''lm").await?;
        see(stage, &line("calm")).await?;

        // A second terminal, with a name, and one fewer.
        press(stage, "//button[@aria-label='New terminal']").await?;
        see(stage, "//button[@role='tab' and @aria-selected='true' and text()='Terminal 2']").await?;
        type_line(stage, "echo se''cond").await?;
        see(stage, &line("second")).await?;
        looks_right(stage, "terminal", 800).await?;
        press(stage, "//button[@aria-label='Actions for terminals']").await?;
        press(stage, "//button[normalize-space(.)='Rename']").await?;
        let name = see(stage, "//input[@aria-label='Name of the terminal']").await?;
        name.send_keys(Key::Control + "a").await?;
        name.send_keys("build\n").await?;
        see(stage, "//button[@role='tab' and text()='build']").await?;
        press(stage, "//button[@aria-label='Actions for terminals']").await?;
        press(stage, "//button[normalize-space(.)='Close terminal']").await?;
        see(stage, "//button[@role='tab' and @aria-selected='true' and text()='Terminal 1']").await?;

        // What both have printed is found.
        press(stage, "//button[@aria-label='Actions for terminals']").await?;
        press(stage, "//button[contains(., 'Search all output')]").await?;
        write(stage, "//input[@aria-label='A part of a line']", "SECOND\n").await?;
        see(stage, "//li[contains(., 'build, closed')]/code[text()='second']").await?;
        complains_only_of(stage, &["net::ERR_", "WebSocket connection"]).await?;
        Ok(())
    })
    .await;
}

/// Types a line once the page has come back to the server.
async fn type_when_connected(stage: &Stage, text: &str) -> Result<()> {
    octobot_end2end::page::hide(stage, "//p[contains(@class,'terminal__notice')]").await?;
    type_line(stage, text).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_printed_types_nothing_and_reaches_no_clipboard() {
    play("terminal tricks", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        let queries = "\x1b]52;c;c3RvbGVu\x07\x1b]0;<b>title\u{202e}</b>\x07\x1b[c\x1b[>c\x1b[5n\x1b[6n\x1b[21t\x1b[?1$p\
                       \x1bP$qm\x1b\\\x1b]10;?\x07\x1b]4;1;?\x07\x1b[?1004h";
        std::fs::write(folder.path().join("evil"), queries)?;
        let link = "\x1b]8;;javascript:alert(1)\x1b\\harmless\x1b]8;;\x1b\\\n";
        std::fs::write(folder.path().join("link"), link)?;
        let ask = "IFS='[;' read -rsdR -p $'\\e[6n' _ row column; echo at $column\n";
        std::fs::write(folder.path().join("ask"), ask)?;
        let (_api, session) = session_of(&stage.server, folder.path()).await?;
        stage.open(&format!("/projects/local/sessions/{session}?view=terminal")).await?;
        hydrated(stage).await?;
        read_out(stage).await?;
        let permissions = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        stage.browser.driver().cdp().send_raw("Browser.grantPermissions", permissions).await?;
        stage.browser.driver().execute("return navigator.clipboard.writeText('mine')", vec![]).await?;
        type_line(stage, "cat evil link; echo pri''nted").await?;
        see(stage, &line("printed")).await?;
        type_line(stage, "echo ne''xt").await?;
        see(stage, &line("next")).await?;
        for answer in ["0;276", "?1;2", "rgb:", "[0n", "1;1R", "$y", "[I", "stolen"] {
            ensure!(!shows(stage, answer).await?, "{answer} was typed");
        }
        ensure!(clipboard(stage).await? == "mine", "what was printed is on the clipboard");
        let tab = see(stage, "//button[@role='tab']").await?;
        let title = tab.attr("title").await?.unwrap_or_default();
        ensure!(title == "<b>title </b>", "{title:?}");
        // A title of a megabyte is as long as others, and an empty one is none.
        type_line(stage, "printf '\\e]2;%01000000d\\a' 0; echo hu''ge").await?;
        see(stage, &line("huge")).await?;
        let title = tab.attr("title").await?.unwrap_or_default();
        ensure!(title.chars().count() == 50 && title.starts_with("000"), "{title:?}");
        type_line(stage, "printf '\\e]2;\\a'; echo emp''ty").await?;
        see(stage, &line("empty")).await?;
        ensure!(tab.attr("title").await?.is_none());
        // What a program is asked by itself it gets: this one waits for where the cursor is.
        type_line(stage, "bash ask").await?;
        see(stage, &line("at 1")).await?;
        Ok(())
    })
    .await;
}

/// How a handshake with these headers is answered.
async fn handshake(server: &Server, path: &str, headers: &[(&str, &str)]) -> Result<u16> {
    let address = server.url("").trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await?;
    let fields: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!(
        "GET /api/projects/local{path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{}\r\n",
        fields.concat()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = [0; 12];
    timeout(Duration::from_secs(30), stream.read_exact(&mut answer)).await??;
    Ok(std::str::from_utf8(&answer[9..])?.parse()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_servers_own_pages_attach_and_programs_that_say_its_origin() {
    rehearse_at(Place::default(), "terminal origins", async |server: &mut Server, folder: &Path| -> Result<()> {
        let (api, session) = session_of(server, folder).await?;
        let terminals = format!("/sessions/{session}/terminals");
        let opened = api.post(&terminals, &json!({})).await?;
        let id = opened["id"].as_str().context("it has an id")?.to_owned();
        let path = format!("{terminals}/{id}/attach");
        let own = server.url("");
        for (headers, status) in [
            (vec![("Origin", own.as_str())], 101),
            (vec![("Origin", own.as_str()), ("Sec-Fetch-Site", "same-origin")], 101),
            (vec![], 403),
            (vec![("Origin", "null")], 403),
            (vec![("Origin", "http://evil.example")], 403),
            (vec![("Origin", own.as_str()), ("Origin", "http://evil.example")], 403),
            (vec![("Origin", own.as_str()), ("Sec-Fetch-Site", "cross-site")], 403),
        ] {
            let answered = handshake(server, &path, &headers).await?;
            ensure!(answered == status, "{headers:?} was answered with {answered}");
        }
        let origin = [("Origin", own.as_str())];
        let unknown = format!("{terminals}/00000000-0000-7000-8000-000000000000/attach");
        ensure!(handshake(server, &unknown, &origin).await? == 404);
        ensure!(handshake(server, &format!("{path}?after=99999999"), &origin).await? == 409);
        ensure!(handshake(server, &format!("{path}?after=x"), &origin).await? == 422);
        let (status, problem) = api.send(Method::GET, &path, None).await?;
        ensure!(
            status == 422 && problem["detail"].as_str().is_some_and(|text| text.contains("WebSocket")),
            "{problem}"
        );
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_starts_a_stopped_sandbox_and_has_its_old_output() {
    rehearse_at(Place::default(), "terminal start", async |server: &mut Server, folder: &Path| -> Result<()> {
        let (api, session) = session_of(server, folder).await?;
        let terminals = format!("/sessions/{session}/terminals");
        let named = api.post(&terminals, &json!({ "name": "one" })).await?;
        let (status, problem) = api.send(Method::POST, &terminals, Some(&json!({ "name": "a\u{1b}b" }))).await?;
        ensure!(status == 422 && problem["errors"][0]["field"] == "name", "{problem}");
        api.post(&format!("/sessions/{session}/stop"), &json!({})).await?;
        api.session_state(&session, "stopped").await?;
        let (status, problem) = api.send(Method::GET, &terminals, None).await?;
        ensure!(status == 409, "{problem}");
        let other = api.post(&terminals, &json!({ "size": { "columns": 90, "rows": 20 } })).await?;
        ensure!(other["name"] == "Terminal 1" && other["size"]["columns"] == 90, "{other}");
        let all = api.get(&terminals).await?;
        ensure!(all[0]["id"] == named["id"] && all[0]["shell"]["state"] == "lost", "{all}");
        ensure!(all[0]["written"].as_u64() > Some(0), "{all}");
        for number in 2..16 {
            api.post(&terminals, &json!({ "name": format!("{number}") })).await?;
        }
        let (status, problem) = api.send(Method::POST, &terminals, Some(&json!({}))).await?;
        let told = problem["detail"].as_str().unwrap_or_default();
        ensure!(status == 409 && told.contains("16 terminals"), "{problem}");
        let found = api.get(&format!("{terminals}/search?text=ended")).await?;
        ensure!(found["lines"][0]["name"] == "one", "{found}");
        Ok(())
    })
    .await;
}
