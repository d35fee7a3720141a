//! What a person does in a terminal besides typing: pasting, searching, copying, following links, and the keys of a phone.

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::page::{hide, hydrated, looks_right, press, see};
use octobot_end2end::{Stage, play};
use serde_json::json;
use thirtyfour::action_chain::ActionChain;
use thirtyfour::prelude::*;

use super::{KEYBOARD, clipboard, line, paste_text, read_out, session_of, shows, type_line};

/// The dialog that asks about a paste.
const QUESTION: &str = "//dialog[@open][contains(@aria-label, 'Paste')]";

/// The dialog that shows where a link leads.
const LINK: &str = "//dialog[@open][@aria-label='Open this link?']";

/// Opens a session's terminal that tells what it shows.
async fn open(stage: &Stage, folder: &std::path::Path) -> Result<String> {
    let (_, session) = session_of(&stage.server, folder).await?;
    stage.open(&format!("/projects/local/sessions/{session}?view=terminal")).await?;
    hydrated(stage).await?;
    read_out(stage).await?;
    type_line(stage, "PS1='$ '; clear; echo rea''dy").await?;
    see(stage, &line("ready")).await?;
    Ok(session)
}

/// Presses keys wherever the focus is.
async fn keys(stage: &Stage, keys: impl Into<TypingData>) -> Result<()> {
    Ok(stage.browser.driver().active_element().await?.send_keys(keys).await?)
}

/// Presses keys in the terminal.
async fn type_keys(stage: &Stage, keys: impl Into<TypingData>) -> Result<()> {
    Ok(see(stage, KEYBOARD).await?.send_keys(keys).await?)
}

/// Fails unless the terminal has the focus.
async fn has_focus(stage: &Stage) -> Result<()> {
    let focused = "//*[contains(@class,'xterm') and contains(@class,'focus')]";
    see(stage, focused).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_shell_might_run_is_asked_about_before_it_is_pasted() {
    play("terminal paste", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        open(stage, folder.path()).await?;

        // The shell knows of pasting, so that two lines are no commands before Enter.
        paste_text(stage, "\"echo fi''rst\\necho sec''ond\"").await?;
        see(stage, &line("echo sec")).await?;
        ensure!(!shows(stage, "first").await?, "a line was run before Enter");
        type_keys(stage, Key::Enter).await?;
        see(stage, &line("first")).await?;
        see(stage, &line("second")).await?;

        // Many lines are asked about; Escape pastes nothing.
        let many = "Array.from({ length: 7 }, (_, at) => `echo li''ne-${at}`).join('\\n')";
        paste_text(stage, many).await?;
        see(stage, &format!("{QUESTION}[contains(., 'Paste 7 lines')]")).await?;
        looks_right(stage, "terminal paste", 800).await?;
        keys(stage, Key::Escape).await?;
        hide(stage, QUESTION).await?;
        has_focus(stage).await?;
        keys(stage, "echo not''hing\n").await?;
        see(stage, &line("nothing")).await?;
        ensure!(!shows(stage, "line-0").await?, "what was cancelled was pasted");

        // By key it is pasted: Cancel has the focus, and the button behind it pastes.
        paste_text(stage, many).await?;
        see(stage, QUESTION).await?;
        let focused = "document.activeElement.textContent";
        see_value(stage, focused, "Cancel").await?;
        keys(stage, Key::Tab).await?;
        see_value(stage, focused, "Paste").await?;
        keys(stage, Key::Enter).await?;
        hide(stage, QUESTION).await?;
        has_focus(stage).await?;
        keys(stage, Key::Enter).await?;
        see(stage, &line("line-0")).await?;
        see(stage, &line("line-6")).await?;

        // Control characters could end the pasting, or be commands: they are left out, and that is said.
        paste_text(stage, "\"echo a\\x1b[201~\\x03b\"").await?;
        see(stage, &format!("{QUESTION}[contains(., 'control characters')]")).await?;
        press(stage, &format!("{QUESTION}//button[text()='Paste']")).await?;
        type_keys(stage, Key::Enter).await?;
        see(stage, &line("a[201~b")).await?;

        // A program that doesn't know of pasting would take each line for itself.
        type_line(stage, "cat >got").await?;
        see(stage, &line("cat >got")).await?;
        paste_text(stage, "'one\\ntwo\\n'").await?;
        see(stage, &format!("{QUESTION}[contains(., 'Paste 2 lines')]")).await?;
        press(stage, &format!("{QUESTION}//button[text()='Paste']")).await?;
        see(stage, &line("two")).await?;
        type_keys(stage, Key::Control + "d").await?;
        type_line(stage, "wc -c <got; tr 'a-z' 'A-Z' <got").await?;
        see(stage, &line("TWO")).await?;
        see(stage, &line("8")).await.map(drop)
    })
    .await;
}

/// Waits until an expression of the page's has a value.
async fn see_value(stage: &Stage, expression: &str, value: &str) -> Result<()> {
    let script = format!(
        "const done = arguments[arguments.length - 1]; const look = () => \
         ({expression}) === '{value}' ? done(true) : requestAnimationFrame(look); look();"
    );
    stage
        .browser
        .driver()
        .execute_async(&script, vec![])
        .await
        .with_context(|| format!("{expression} isn't {value}"))?;
    Ok(())
}

/// Does something at a cell of the screen, counted from 0.
async fn at_cell(stage: &Stage, column: i64, row: i64, act: impl Fn(ActionChain) -> ActionChain) -> Result<()> {
    let script = "const screen = document.querySelector('.terminal:not([hidden]) .xterm-screen').getBoundingClientRect();\
                  const rows = document.querySelectorAll('.terminal:not([hidden]) .xterm-accessibility-tree > div').length;\
                  return [screen.left, screen.top, screen.height / rows];";
    let place = stage.browser.driver().execute(script, vec![]).await?;
    let number = |at: usize| place.json()[at].as_f64().context("a place has numbers");
    let (left, top, height) = (number(0)?, number(1)?, number(2)?);
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a screen has some hundred cells")]
    let (x, y) = ((left + (column as f64 + 0.5) * 8.0) as i64, (top + (row as f64 + 0.5) * height) as i64);
    let chain = stage.browser.driver().action_chain().move_to(x + 1, y).move_to(x, y);
    Ok(act(chain).perform().await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_printed_is_searched_and_copied() {
    play("terminal search", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        open(stage, folder.path()).await?;
        let permissions = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        stage.browser.driver().cdp().send_raw("Browser.grantPermissions", permissions).await?;
        type_line(stage, "seq 300; for i in 1 2 3; do echo nee''dle $i; done; seq 300").await?;
        see(stage, &line("300")).await?;

        type_keys(stage, Key::Control + "f").await?;
        let found = |text: &str| format!("//span[contains(@class,'terminal__found')][text()='{text}']");
        see(stage, "//input[@aria-label='Search in the terminal']").await?;
        see_value(stage, "document.activeElement.type", "search").await?;
        keys(stage, "NEEDLE").await?;
        see(stage, &found("1 of 3")).await?;
        see(stage, &line("needle 3")).await?;
        looks_right(stage, "terminal search", 800).await?;
        keys(stage, Key::Control + "a").await?;
        keys(stage, "needle").await?;
        see(stage, &found("1 of 3")).await?;
        keys(stage, Key::Enter).await?;
        see(stage, &found("2 of 3")).await?;
        press(stage, "//button[@aria-label='Older']").await?;
        see(stage, &found("3 of 3")).await?;
        press(stage, "//button[@aria-label='Newer']").await?;
        see(stage, &found("2 of 3")).await?;
        let field = see(stage, "//input[@aria-label='Search in the terminal']").await?;
        field.send_keys(Key::Shift + Key::Enter).await?;
        see(stage, &found("1 of 3")).await?;
        field.send_keys("s").await?;
        see(stage, &found("Not found")).await?;
        // Who asks for it again gets to what is typed.
        type_keys(stage, Key::Control + "f").await?;
        see_value(stage, "document.activeElement.type", "search").await?;
        keys(stage, Key::Escape).await?;
        hide(stage, "//input[@aria-label='Search in the terminal']").await?;
        has_focus(stage).await?;
        keys(stage, "clear; echo cop''yme\n").await?;
        see(stage, &line("copyme")).await?;

        at_cell(stage, 2, 0, ActionChain::double_click).await?;
        keys(stage, Key::Control + Key::Shift + "C").await?;
        ensure!(clipboard(stage).await? == "copyme", "{:?} was copied", clipboard(stage).await?);
        // Nothing that is selected takes the place of nothing.
        at_cell(stage, 20, 5, ActionChain::click).await?;
        keys(stage, Key::Control + Key::Shift + "C").await?;
        ensure!(clipboard(stage).await? == "copyme");
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_shows_where_it_leads_before_it_is_followed() {
    play("terminal link", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        let lie = format!("https://evil.example/{}?from=octobot", "long/".repeat(40));
        let links = format!(
            "https://plain.example/a?b=c\n\x1b]8;;{lie}\x1b\\https://good.example/\x1b]8;;\x1b\\\n\
             \x1b]8;;https://ex\u{430}mple.com/\x1b\\example.com/home\x1b]8;;\x1b\\\n\
             \x1b]8;;javascript:alert(1)\x1b\\harmless\x1b]8;;\x1b\\\n"
        );
        std::fs::write(folder.path().join("links"), links)?;
        open(stage, folder.path()).await?;
        type_line(stage, "clear; cat links; echo pri''nted").await?;
        see(stage, &line("printed")).await?;

        at_cell(stage, 10, 0, ActionChain::click).await?;
        see(stage, &format!("{LINK}//p[text()='https://plain.example/a?b=c']")).await?;
        let open = see(stage, &format!("{LINK}//a[text()='Open in a new tab']")).await?;
        ensure!(open.attr("href").await?.as_deref() == Some("https://plain.example/a?b=c"));
        ensure!(open.attr("rel").await?.is_some_and(|rel| rel.contains("noopener")));
        keys(stage, Key::Escape).await?;
        hide(stage, LINK).await?;
        has_focus(stage).await?;

        at_cell(stage, 10, 1, ActionChain::click).await?;
        see(stage, &format!("{LINK}//p[text()='{lie}']")).await?;
        looks_right(stage, "terminal link", 800).await?;
        press(stage, &format!("{LINK}//button[text()='Cancel']")).await?;
        hide(stage, LINK).await?;

        // One of its letters is of another alphabet.
        at_cell(stage, 4, 2, ActionChain::click).await?;
        see(stage, &format!("{LINK}//p[text()='https://xn--exmple-4nf.com/']")).await?;
        keys(stage, Key::Escape).await?;
        hide(stage, LINK).await?;

        at_cell(stage, 4, 3, ActionChain::click).await?;
        keys(stage, "echo af''ter\n").await?;
        see(stage, &line("after")).await?;
        ensure!(stage.browser.driver().find_all(By::XPath(LINK)).await?.is_empty(), "a script is offered to be opened");
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_has_the_keys_that_it_lacks() {
    play("terminal phone", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        open(stage, folder.path()).await?;
        stage.browser.resize(390, 844).await?;
        let key = |name: &str| format!("//div[@aria-label='Keys']/button[text()='{name}']");
        let pressed = "//div[@aria-label='Keys']/button[text()='Ctrl'][@aria-pressed='true']";
        for (name, read) in [("Esc", "$'\\E'"), ("Tab", "$'\\t'")] {
            type_line(stage, "IFS= read -rsn1 -p 'wa''it ' key; clear; printf 'key %q\\n' \"$key\"").await?;
            see(stage, &line("wait")).await?;
            press(stage, &key(name)).await?;
            let read = read.replace('\'', "");
            see(stage, &format!("{}[contains(translate(., \"'\", ''), 'key {read}')]", super::LINES)).await?;
        }
        type_line(stage, "sleep 1000").await?;
        see(stage, &line("sleep 1000")).await?;
        press(stage, &key("^C")).await?;
        see(stage, &line("^C")).await?;
        type_line(stage, "clear; echo ag''ain").await?;
        see(stage, &line("again")).await?;
        type_line(stage, "clear").await?;
        hide(stage, &line("again")).await?;
        press(stage, &key("↑")).await?;
        press(stage, &key("↑")).await?;
        keys(stage, Key::Enter).await?;
        see(stage, &line("again")).await?;

        // Ctrl goes with the next key, here to end what is read.
        type_line(stage, "clear; cat; echo en''ded").await?;
        hide(stage, &line("again")).await?;
        press(stage, &key("Ctrl")).await?;
        see(stage, pressed).await?;
        looks_right(stage, "terminal phone", 844).await?;
        stage.browser.resize(390, 844).await?;
        keys(stage, "d").await?;
        see(stage, &line("ended")).await?;
        hide(stage, pressed).await?;
        keys(stage, "echo d''one\n").await?;
        see(stage, &line("done")).await.map(drop)
    })
    .await;
}
