//! What a person does with a page: looks, presses, writes, pastes and drops. Everything is found by an `XPath`, and waited for.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use thirtyfour::error::WebDriverErrorInner;
use thirtyfour::prelude::*;

use crate::Stage;
use crate::browser::Scheme;

/// So long something may take to be shown on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often the page is looked at meanwhile: the driver has no event for it.
const GLANCE: Duration = Duration::from_millis(50);

/// Where a session's prompt is written.
pub const PROMPT: &str = "//textarea[@aria-label='Prompt']";

/// What an agent asks before it does something.
pub const QUESTION: &str = "//section[@aria-label='The agent asks for permission']";

/// An image of more pixels than an agent is given, as an expression of the page's.
pub const PAINTED: &str = "await new Promise(done => {\
    const canvas = Object.assign(document.createElement('canvas'), { width: 3136, height: 1000 });\
    const context = canvas.getContext('2d');\
    context.fillStyle = '#4a55d1'; context.fillRect(0, 0, 3136, 1000);\
    context.fillStyle = 'white'; context.font = '300px sans-serif'; context.fillText('Screenshot', 200, 600);\
    canvas.toBlob(blob => done(new File([blob], 'image.png', { type: 'image/png' })));\
})";

/// Waits until the page is alive: what is pressed before that does nothing.
pub async fn hydrated(stage: &Stage) -> Result<()> {
    see(stage, "//html[@data-ready]").await.map(drop)
}

/// Waits until something is shown.
pub async fn see(stage: &Stage, what: &str) -> Result<WebElement> {
    let found = stage.browser.driver().query(By::XPath(what)).wait(PATIENCE, GLANCE);
    found.first().await.with_context(|| format!("nothing like {what} is shown"))
}

/// Waits until something isn't shown any more.
pub async fn hide(stage: &Stage, what: &str) -> Result<()> {
    let gone = stage.browser.driver().query(By::XPath(what)).wait(PATIENCE, GLANCE);
    ensure!(gone.not_exists().await?, "something like {what} is still shown");
    Ok(())
}

/// Presses something.
pub async fn press(stage: &Stage, what: &str) -> Result<()> {
    loop {
        match see(stage, what).await?.click().await {
            Err(error) if is_replaced(&error) => {}
            pressed => return Ok(pressed?),
        }
    }
}

/// Writes a text in place of the one that is there.
pub async fn write(stage: &Stage, where_: &str, text: &str) -> Result<()> {
    loop {
        let field = see(stage, where_).await?;
        match field.clear().await {
            Err(error) if is_replaced(&error) => {}
            cleared => {
                cleared?;
                return Ok(field.send_keys(text).await?);
            }
        }
    }
}

/// Whether the page has put another element into the place of one between its being found and its being used, as a person
/// wouldn't notice.
fn is_replaced(error: &WebDriverError) -> bool {
    matches!(**error, WebDriverErrorInner::StaleElementReference(_))
}

/// Sends a prompt in the session that is shown.
pub async fn send(stage: &Stage, prompt: &str) -> Result<()> {
    write(stage, PROMPT, &format!("{prompt}\n")).await
}

/// Permits whatever the agent asks for, until something is shown that isn't a question.
pub async fn permit_until(stage: &Stage, end: &str) -> Result<()> {
    loop {
        let next = see(stage, &format!("{QUESTION}//button[contains(@class, 'button--primary')] | {end}")).await?;
        if next.tag_name().await? != "button" {
            return Ok(());
        }
        next.click().await?;
        // The same question isn't answered twice.
        next.wait_until().stale().await?;
    }
}

/// Adds a workspace through the form of the empty overview.
pub async fn add_workspace(stage: &Stage, source: &str) -> Result<()> {
    stage.open("/").await?;
    hydrated(stage).await?;
    write(stage, "//input[@id='workspace-source']", source).await?;
    press(stage, "//button[contains(., 'Add workspace') and @type='submit']").await
}

/// Pastes a file where prompts are written. The file is an expression of the page's.
pub async fn paste(stage: &Stage, file: &str) -> Result<()> {
    bring(
        stage,
        file,
        "textarea",
        "new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })",
    )
    .await
}

/// Drops a file onto what a CSS selector finds. The file is an expression of the page's.
pub async fn drop_onto(stage: &Stage, selector: &str, file: &str) -> Result<()> {
    bring(stage, file, selector, "new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })").await
}

async fn bring(stage: &Stage, file: &str, selector: &str, event: &str) -> Result<()> {
    let script = format!(
        "const done = arguments[0]; (async () => {{ const data = new DataTransfer(); data.items.add({file});\
         document.querySelector('{selector}').dispatchEvent({event});\
         }})().then(() => done(), error => done(`${{error}}`));"
    );
    let failed = stage.browser.driver().execute_async(&script, vec![]).await?;
    ensure!(failed.json().is_null(), "{}", failed.json());
    Ok(())
}

/// Keeps how the page looks in both themes, on a desk and on a phone of this height, and fails where it is too wide or axe
/// finds something.
pub async fn looks_right(stage: &Stage, name: &str, height: u32) -> Result<()> {
    for (scheme, theme) in [(Scheme::Light, "light"), (Scheme::Dark, "dark")] {
        stage.browser.prefer(scheme).await?;
        for (width, device) in [(1280, "desk"), (390, "phone")] {
            stage.browser.resize(width, height).await?;
            stage.browser.screenshot(&format!("{name} {theme} {device}")).await?;
            let wide = stage.browser.driver().execute("return document.documentElement.scrollWidth", vec![]).await?;
            let wide = wide.json().as_u64().unwrap_or_default();
            ensure!(wide <= u64::from(width), "{name} is {wide} px wide on {width} px");
            has_no_barriers(stage).await.with_context(|| format!("{name}, {theme}, {device}"))?;
        }
    }
    stage.browser.prefer(Scheme::Light).await?;
    stage.browser.resize(1280, 800).await
}

/// Fails if axe finds something that keeps people from using the page as it is.
pub async fn has_no_barriers(stage: &Stage) -> Result<()> {
    let barriers = stage.browser.barriers().await?;
    ensure!(barriers.is_empty(), "{}", barriers.join("\n"));
    Ok(())
}

/// Fails if the console holds anything but lines with one of these texts, which the test has brought about.
pub async fn complains_only_of(stage: &Stage, expected: &[&str]) -> Result<()> {
    let complaints = stage.browser.complaints().await?;
    let others: Vec<_> = complaints.iter().filter(|line| !expected.iter().any(|text| line.contains(text))).collect();
    ensure!(others.is_empty(), "the console isn't empty: {others:?}");
    Ok(())
}
