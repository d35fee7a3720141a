//! More than a person types: a paste of megabytes, and terminals that other tabs open and close.

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::api::{Api, Method};
use octobot_end2end::page::{hide, hydrated, press, see};
use octobot_end2end::{Stage, play};
use serde_json::json;
use thirtyfour::prelude::*;

use super::{KEYBOARD, line, paste_text, read_out, session_of, type_line};

/// The text that is pasted, as an expression of the page's, and its length.
const TEXT: (&str, usize) = ("`${'0123456789abcdef'.repeat(4)}\\n`.repeat(160_000)", 65 * 160_000);

/// How far a paste is.
const PROGRESS: &str = "//div[@aria-label='Pasting']";

/// The bytes of a file of the session's.
async fn content(stage: &Stage, session: &str, path: &str) -> Result<Vec<u8>> {
    let api = Api::new(&stage.server.url(""));
    let address = format!("/api/projects/local/sessions/{session}/files/content?path={path}");
    Ok(api.fetch(&address).await?.error_for_status()?.bytes().await?.to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paste_of_10_mb_arrives_whole_and_another_can_be_cancelled() {
    play("terminal long paste", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (_, session) = session_of(&stage.server, folder.path()).await?;
        stage.open(&format!("/projects/local/sessions/{session}?view=terminal")).await?;
        hydrated(stage).await?;
        read_out(stage).await?;
        type_line(stage, "stty -echo; echo rea''dy; cat >whole; stty echo; echo who''le").await?;
        see(stage, &line("ready")).await?;
        let (text, length) = TEXT;
        paste_text(stage, text).await?;
        see(stage, "//dialog[@open][contains(., 'Paste 160000 lines (10.4 MB)')]").await?;
        press(stage, "//dialog[@open]//button[text()='Paste']").await?;
        see(stage, &format!("{PROGRESS}/progress")).await?;
        stage.browser.screenshot("terminal pasting").await?;
        hide(stage, PROGRESS).await?;
        see(stage, KEYBOARD).await?.send_keys(Key::Control + "d").await?;
        see(stage, &line("whole")).await?;
        let whole = content(stage, &session, "whole").await?;
        let expected = format!("{}\n", "0123456789abcdef".repeat(4)).repeat(160_000);
        ensure!(whole == expected.as_bytes(), "{} of {length} bytes have arrived, or others", whole.len());

        // What is cancelled ends where it is, and the terminal goes on.
        type_line(stage, "echo ag''ain; cat >part; echo pa''rt").await?;
        see(stage, &line("again")).await?;
        paste_text(stage, text).await?;
        press(stage, "//dialog[@open]//button[text()='Paste']").await?;
        press(stage, &format!("{PROGRESS}//button[text()='Cancel']")).await?;
        hide(stage, PROGRESS).await?;
        see(stage, KEYBOARD).await?.send_keys(format!("\n{}", Key::Control + "d")).await?;
        see(stage, &line("part")).await?;
        let part = content(stage, &session, "part").await?.len();
        ensure!(part < length, "all {part} bytes have arrived");
        Ok(())
    })
    .await;
}

/// The tab of a terminal.
fn tab(name: &str) -> String {
    format!("//button[@role='tab'][text()='{name}']")
}

#[tokio::test(flavor = "multi_thread")]
async fn tabs_hear_of_terminals_that_others_open_rename_and_close() {
    play("terminal tabs", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (api, session) = session_of(&stage.server, folder.path()).await?;
        let page = format!("/projects/local/sessions/{session}?view=terminal");
        stage.open(&page).await?;
        hydrated(stage).await?;
        see(stage, &tab("Terminal 1")).await?;
        let driver = stage.browser.driver();
        let first = driver.window().await?;
        let second = driver.new_tab().await?;
        driver.switch_to_window(second.clone()).await?;
        stage.open(&page).await?;
        hydrated(stage).await?;
        press(stage, "//button[@aria-label='New terminal']").await?;
        see(stage, &format!("{}[@aria-selected='true']", tab("Terminal 2"))).await?;

        // The other tab has it as well, and stays at the one that it shows.
        driver.switch_to_window(first.clone()).await?;
        see(stage, &tab("Terminal 2")).await?;
        see(stage, &format!("{}[@aria-selected='true']", tab("Terminal 1"))).await?;
        let path = format!("/sessions/{session}/terminals");
        let all = api.get(&path).await?;
        let id = |at: usize| all[at]["id"].as_str().map(str::to_owned).context("a terminal has an id");
        let renamed = api.send(Method::PATCH, &format!("{path}/{}", id(1)?), Some(&json!({ "name": "build" }))).await?;
        ensure!(renamed.0 == 200, "{}", renamed.1);
        see(stage, &tab("build")).await?;

        // The last one that is closed, by whomever, leaves none.
        let close = async |id: &str| -> Result<()> {
            let (status, problem) = api.send(Method::DELETE, &format!("{path}/{id}"), None).await?;
            ensure!(status == 204, "{problem}");
            Ok(())
        };
        close(&id(1)?).await?;
        hide(stage, &tab("build")).await?;
        driver.switch_to_window(second.clone()).await?;
        see(stage, &format!("{}[@aria-selected='true']", tab("Terminal 1"))).await?;
        see(stage, KEYBOARD).await?;
        hide(stage, "//p[contains(@class,'terminal__notice')]").await?;
        close(&id(0)?).await?;
        see(stage, "//p[contains(., 'No terminal is open')]").await?;
        driver.switch_to_window(first).await?;
        see(stage, "//p[contains(., 'No terminal is open')]").await?;
        ensure!(api.get(&path).await?.as_array().is_some_and(Vec::is_empty), "one was opened again");
        press(stage, "//button[@aria-label='New terminal']").await?;
        see(stage, KEYBOARD).await.map(drop)
    })
    .await;
}
