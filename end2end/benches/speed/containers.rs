//! Sessions in containers against a bare `docker run` of the same image, up to the same agent daemon that answers.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::api::Api;
use octobot_end2end::engine::{Engine, IMAGE, PRODUCT};
use octobot_end2end::{Server, server};

use super::{Table, logged_ms, median};

/// How many sessions are started.
const STARTS: usize = 15;

/// How often the daemon is looked for, as the server does.
const EVERY: Duration = Duration::from_millis(1);

/// Measures in turns, where there is an engine with an image.
pub async fn measure(folder: &Path, table: &mut Table) -> Result<()> {
    let engine = Engine::of_machine();
    let Some(image) = [PRODUCT, IMAGE].into_iter().find(|image| engine.lacks(image).is_none()) else {
        println!("SKIPPED: sessions in containers: {}", engine.lacks(PRODUCT).unwrap_or_default());
        return Ok(());
    };
    let server = Server::start_at(engine.place(image)).await?;
    let api = Api::new(&server.url(""));
    let workspace = api.add_workspace(&folder.display().to_string()).await?;
    let (mut whole, mut ready, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let begun = Instant::now();
        let session = api.create_session(&workspace).await?;
        whole.push(begun.elapsed().as_secs_f64() * 1e3);
        let view = api.get(&format!("/sessions/{session}")).await?;
        ready.push(logged_ms(&view, "Making the sandbox", "Putting the code")?);
        bare.push(bare_ms(&engine, image)?);
    }
    let caches = engine.caches(server.data())?;
    server.end().await?;
    engine.remove_volumes(&caches)?;
    let [whole, ready, bare] = [whole, ready, bare].map(|mut times| median(&mut times));
    table.note(&format!("session start in a container of {image}, median of {STARTS}"), whole, "ms");
    table.note("  of that, the container with a daemon that answers", ready, "ms");
    table.note("  docker run of the same image, and the same daemon", bare, "ms");
    table.at_most("  ratio", ready / bare, "×", 1.5);
    warm(&engine, image, folder, table).await
}

/// Sessions whose sandbox waits for them.
async fn warm(engine: &Engine, image: &str, folder: &Path, table: &mut Table) -> Result<()> {
    let mut place = engine.place(image);
    place.options = vec!["--sandbox-warm=1".to_owned()];
    let server = Server::start_at(place).await?;
    let api = Api::new(&server.url(""));
    let workspace = api.add_workspace(&folder.display().to_string()).await?;
    let mut times = Vec::new();
    for _ in 0..STARTS {
        while !reqwest::get(server.url("/metrics")).await?.text().await?.contains("octobot_warm_sandboxes 1") {
            tokio::time::sleep(EVERY).await;
        }
        let begun = Instant::now();
        api.create_session(&workspace).await?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    table.at_most(&format!("session start in a warm container, median of {STARTS}"), median(&mut times), "ms", 100.0);
    let caches = engine.caches(server.data())?;
    server.end().await?;
    engine.remove_volumes(&caches)
}

/// A bare container with nothing but the daemon, until that takes connections.
fn bare_ms(engine: &Engine, image: &str) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("token"), "0".repeat(64))?;
    for name in ["data", "home", "home/workspace"] {
        std::fs::create_dir(folder.path().join(name))?;
    }
    let agent = server::program().with_file_name("octobot-agent");
    let mounts = [format!("{}:/agent:ro", agent.display()), format!("{}:/place", folder.path().display())];
    let container =
        ["run", "--detach", "--rm", "--volume", &mounts[0], "--volume", &mounts[1], "--entrypoint", "/agent"];
    let daemon = [image, "daemon", "--listen", "unix:/place/agent.sock", "--token-file", "/place/token"];
    let places = ["--data", "/place/data", "--home", "/place/home", "--workspace", "/place/home/workspace"];
    let begun = Instant::now();
    let id = engine.lines(&[&container[..], &daemon, &places].concat())?;
    while UnixStream::connect(folder.path().join("agent.sock")).is_err() {
        ensure!(begun.elapsed() < Duration::from_secs(30), "the daemon doesn't listen");
        std::thread::sleep(EVERY);
    }
    let took = begun.elapsed().as_secs_f64() * 1e3;
    engine.lines(&["container", "rm", "--force", id.first().context("no container")?])?;
    Ok(took)
}
