//! The browser of a test: a headless Chromium with an empty profile, driven by Debian's chromedriver.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;
use tempfile::TempDir;
use thirtyfour::common::capabilities::chromium::ChromiumLikeCapabilities;
use thirtyfour::{ChromeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// What chromedriver prints when it takes commands, before its port.
const READY: &str = "was started successfully on port ";

/// Far more than a browser needs on a busy machine; a test that hangs should say where.
const PATIENCE: Duration = Duration::from_mins(1);

/// Chromium as root and without a display; it asks nothing of any other machine.
const OPTIONS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    // Else WebGL is tried in software, and the console says that this is deprecated.
    "--disable-3d-apis",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1280,800",
];

/// How a page looks to whoever visits it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// A running browser. It is ended with its driver when it is dropped.
#[derive(Debug)]
pub struct Browser {
    driver: WebDriver,
    process: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser with an empty profile.
    pub async fn start() -> Result<Self> {
        let profile = tempfile::tempdir().context("the profile's folder couldn't be made")?;
        let (process, port) = timeout(PATIENCE, launch()).await.context("chromedriver doesn't get ready")??;
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities(profile.path())?).await;
        Ok(Self { driver: driver.context("Chromium couldn't be started")?, process, _profile: profile })
    }

    /// What drives the browser: clicks, keys, queries.
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// Sets the size of the page in CSS pixels; below 500 pixels of width a window can't go by itself.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.driver.cdp().send_raw("Emulation.setDeviceMetricsOverride", metrics).await?;
        Ok(())
    }

    /// Sets what the system prefers.
    pub async fn prefer(&self, scheme: Scheme) -> Result<()> {
        let value = match scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.driver.cdp().send_raw("Emulation.setEmulatedMedia", media).await?;
        Ok(())
    }

    /// Keeps what the browser shows, under `target/screenshots`.
    pub async fn screenshot(&self, name: &str) -> Result<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots");
        std::fs::create_dir_all(&folder).with_context(|| format!("{} couldn't be made", folder.display()))?;
        let path = folder.join(format!("{}.png", name.replace(' ', "-")));
        self.driver.screenshot(&path).await?;
        Ok(path)
    }

    /// Errors and warnings that have come up on the console since the last time.
    pub async fn complaints(&self) -> Result<Vec<String>> {
        let entries = self.driver.browser_log().await?;
        let complaints = entries.into_iter().filter(|entry| matches!(entry.level.as_str(), "SEVERE" | "WARNING"));
        Ok(complaints.map(|entry| format!("{}: {}", entry.level, entry.message)).collect())
    }

    /// What makes the page hard to use for some people, as axe finds it: the rule and the elements, one a line.
    pub async fn barriers(&self) -> Result<Vec<String>> {
        let axe = std::fs::read_to_string(axe()).context("axe-core couldn't be read")?;
        self.driver.execute(&axe, vec![]).await?;
        let script = "const done = arguments[arguments.length - 1]; axe.run({ resultTypes: ['violations'] })\
                      .then(found => done(found.violations.flatMap(violation => violation.nodes.map(node =>\
                      `${violation.id}: ${node.target.join(' ')}: ${node.failureSummary}`))), error => done([`${error}`]));";
        let found = self.driver.execute_async(script, vec![]).await?;
        Ok(serde_json::from_value(found.json().clone())?)
    }

    /// Ends the browser, and then its driver.
    pub(crate) async fn end(mut self) -> Result<()> {
        let quit = self.driver.quit().await;
        self.process.kill().await.context("chromedriver couldn't be ended")?;
        quit.context("Chromium couldn't be ended")
    }
}

/// The script of axe-core, which `npm ci` puts there.
pub fn axe() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("npm/node_modules/axe-core/axe.min.js")
}

/// Starts chromedriver on a port that it chooses itself.
async fn launch() -> Result<(Child, u16)> {
    let mut process = Command::new("chromedriver")
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("chromedriver couldn't be started")?;
    let mut lines = BufReader::new(process.stdout.take().expect("standard output is piped")).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some((_, port)) = line.split_once(READY) {
            let port = port.trim_end_matches('.').parse().context("chromedriver names its port")?;
            // Read on, or chromedriver would stop at a full pipe.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok((process, port));
        }
    }
    bail!("chromedriver has ended before it listened")
}

fn capabilities(profile: &Path) -> Result<ChromeCapabilities> {
    let mut capabilities = DesiredCapabilities::chrome();
    for option in OPTIONS {
        capabilities.add_arg(option)?;
    }
    capabilities.add_arg(&format!("--user-data-dir={}", profile.display()))?;
    capabilities.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    Ok(capabilities)
}
