//! The stage of the browser tests: a real server from the built folder, and a real Chromium in front of it.
//!
//! Here belongs what every browser test needs: starting and ending both, the console, screenshots. What a page should
//! do stands in the tests.

use std::panic::AssertUnwindSafe;
use std::path::Path;

use anyhow::{Result, bail};
use futures::FutureExt;

pub mod agents;
pub mod agreement;
pub mod api;
pub mod browser;
pub mod canary;
pub mod casting;
pub mod chat;
pub mod daemon;
pub mod engine;
pub mod forge;
pub mod hosts;
pub mod mcp;
pub mod model;
pub mod moments;
pub mod origin;
pub mod page;
pub mod processes;
pub mod registry;
pub mod relay;
pub mod server;
pub mod table;

pub use browser::Browser;
use engine::Engine;
pub use server::{Place, Server};

/// A server, and a browser in front of it.
#[derive(Debug)]
pub struct Stage {
    /// The server.
    pub server: Server,
    /// The browser.
    pub browser: Browser,
}

/// Plays one test on a stage of its own, and fails if the test fails or anything stands on the browser's console.
/// What it showed last is kept as a screenshot of the test's name.
pub async fn play(name: &str, test: impl AsyncFnOnce(&mut Stage) -> Result<()>) {
    play_at(Place::default(), name, test).await;
}

/// Does the same with a server in a place.
pub async fn play_at(place: Place, name: &str, test: impl AsyncFnOnce(&mut Stage) -> Result<()>) {
    if let Some(why) = missing() {
        skip(name, &why);
        return;
    }
    let mut stage = Stage::set(place).await.expect("the stage can be set");
    let result = AssertUnwindSafe(test(&mut stage)).catch_unwind().await;
    let ended = stage.strike(name).await;
    match result {
        Ok(result) => result.and(ended).expect("the test passes"),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Does the same with a server whose sandboxes are containers of an engine, and leaves nothing of them there.
pub async fn play_in(engine: &Engine, place: Place, name: &str, test: impl AsyncFnOnce(&mut Stage) -> Result<()>) {
    let mut caches = Vec::new();
    play_at(place, name, async |stage: &mut Stage| -> Result<()> {
        test(stage).await?;
        caches = engine.caches(stage.server.data())?;
        Ok(())
    })
    .await;
    engine.remove_volumes(&caches).expect("nothing has the caches any more");
}

/// Plays one test on a server alone, with an empty folder, and leaves no sandbox behind.
pub async fn rehearse(name: &str, test: impl AsyncFnOnce(&mut Server, &Path) -> Result<()>) {
    rehearse_at(Place::default(), name, test).await;
}

/// Does the same with a server that keeps its data in a place.
pub async fn rehearse_at(place: Place, name: &str, test: impl AsyncFnOnce(&mut Server, &Path) -> Result<()>) {
    let program = server::program();
    if !program.exists() {
        skip(name, &format!("{} isn't built (cargo xtask build)", program.display()));
        return;
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut server = Server::start_at(place).await.expect("the server starts");
    let result = AssertUnwindSafe(test(&mut server, folder.path())).catch_unwind().await;
    let ended = server.end().await;
    match result {
        Ok(result) => result.and(ended).expect("the test passes"),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Does the same with a server whose sandboxes are containers of an engine, and leaves nothing of them there.
pub async fn rehearse_in(
    engine: &Engine,
    place: Place,
    name: &str,
    test: impl AsyncFnOnce(&mut Server, &Path) -> Result<()>,
) {
    let mut caches = Vec::new();
    rehearse_at(place, name, async |server: &mut Server, folder: &Path| -> Result<()> {
        test(server, folder).await?;
        caches = engine.caches(server.data())?;
        Ok(())
    })
    .await;
    engine.remove_volumes(&caches).expect("nothing has the caches any more");
}

/// Says that a test can't run here, or fails where every test has to.
pub fn skip(name: &str, why: &str) {
    assert!(std::env::var_os("OCTOBOT_TEST_STRICT").is_none(), "{why}, and nothing may be skipped");
    eprintln!("SKIPPED: {name}: {why}");
}

/// What this machine lacks for a browser test.
fn missing() -> Option<String> {
    let program = ["chromium", "chromedriver"].into_iter().find(|program| !is_installed(program));
    if let Some(program) = program {
        return Some(format!("{program} isn't installed"));
    }
    let server = server::program();
    (!server.exists()).then(|| format!("{} isn't built (cargo xtask build)", server.display()))
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

impl Stage {
    async fn set(place: Place) -> Result<Self> {
        let server = Server::start_at(place).await?;
        let browser = Browser::start().await?;
        Ok(Self { server, browser })
    }

    /// Opens a page by its path.
    pub async fn open(&self, path: &str) -> Result<()> {
        self.browser.driver().goto(self.server.url(path)).await?;
        Ok(())
    }

    /// Ends both, also if the test has failed, and then says what the console held.
    async fn strike(self, name: &str) -> Result<()> {
        let complaints = self.browser.complaints().await;
        let screenshot = self.browser.screenshot(name).await;
        self.browser.end().await?;
        self.server.end().await?;
        screenshot?;
        match complaints?.as_slice() {
            [] => Ok(()),
            complaints => bail!("the browser's console isn't empty:\n{}", complaints.join("\n")),
        }
    }
}
