//! `cargo xtask bench code`: how fast terminals are through the server and the agent daemon, beside a pseudo-terminal that is read
//! at once and beside terminado, in the same run. Prints one line for each figure and fails if one is missed.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use memchr::memmem;
use octobot_end2end::Server;
use octobot_end2end::api::Api;
use octobot_end2end::processes::{self, resident_mib};
use octobot_end2end::table::{Table, median};
use octobot_wire::terminal::{TerminalOrder, TerminalSize};
use serde_json::json;

mod raw;
mod terminado;
mod viewer;

use self::viewer::Viewer;

/// How much the flood prints.
const FLOOD_MIB: usize = 32;

/// How often each flood is measured, in turns.
const ROUNDS: usize = 3;

/// How many keys are timed.
const KEYS: usize = 500;

/// How often Ctrl-C is timed.
const INTERRUPTS: usize = 5;

/// A reader that comes back goes again after so many bytes.
const VISIT: usize = 256 * 1024;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let missed = runtime.block_on(measure())?;
    ensure!(missed == 0, "{missed} figures missed their limits");
    Ok(())
}

async fn measure() -> Result<u32> {
    let mut table = Table::default();
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("flood"), flood())?;
    let server = Server::start().await?;
    let api = Api::new(&server.url(""));
    let workspace = api.add_workspace(&folder.path().display().to_string()).await?;
    let session = api.create_session(&workspace).await?;
    let opened = api.post(&format!("/sessions/{session}/terminals"), &json!({})).await?;
    let path = format!("/sessions/{session}/terminals/{}", opened["id"].as_str().context("it has an id")?);
    let mut viewer = Viewer::attach(&server, &path).await?;
    viewer.order(&TerminalOrder::Resize { size: TerminalSize { columns: 80, rows: 24 } }).await?;

    let peer = terminado::start().await?;
    floods(&mut viewer, folder.path(), peer.as_ref(), &mut table).await?;
    keys(&mut viewer, peer.as_ref(), &mut table).await?;
    interrupts(&mut viewer, &mut table).await?;
    stalled(&server, &path, &session, &mut viewer, &mut table).await?;
    replay(&server, &path, &mut viewer, &mut table).await?;
    server.end().await?;
    Ok(table.missed())
}

/// Lines of ordinary length.
fn flood() -> Vec<u8> {
    let line = b"The quick brown fox jumps over the lazy dog, again and again and again.\n";
    line.iter().copied().cycle().take(FLOOD_MIB << 20).collect()
}

async fn floods(
    viewer: &mut Viewer,
    folder: &Path,
    peer: Option<&terminado::Terminado>,
    table: &mut Table,
) -> Result<()> {
    let (mut raws, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    let file = folder.join("flood");
    for _ in 0..ROUNDS {
        let path = file.clone();
        raws.push(tokio::task::spawn_blocking(move || raw::flood(&path)).await??);
        let begun = Instant::now();
        viewer.type_in("cat flood; echo fl''ooded\r").await?;
        viewer.printed("flooded\r\n").await?;
        ours.push(rate(begun.elapsed()));
        if let Some(peer) = peer {
            theirs.push(rate(peer.flood(&file).await?));
        }
    }
    let [raw, ours] = [raws.iter().copied().map(rate).collect(), ours].map(|mut rates: Vec<f64>| median(&mut rates));
    table.note(&format!("flood of {FLOOD_MIB} MiB, raw pseudo-terminal, median of {ROUNDS}"), raw, "MB/s");
    if peer.is_some() {
        table.note("  terminado", median(&mut theirs), "MB/s");
    }
    table.note("  through server and daemon", ours, "MB/s");
    table.at_least("  ratio to raw", ours / raw, "×", 0.8);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "some megabytes")]
fn rate(took: Duration) -> f64 {
    (FLOOD_MIB << 20) as f64 / 1e6 / took.as_secs_f64()
}

/// How long a key takes to be echoed by the terminal itself.
async fn keys(viewer: &mut Viewer, peer: Option<&terminado::Terminado>, table: &mut Table) -> Result<()> {
    // Only when a command runs has the shell left the echo to the terminal.
    viewer.type_in("echo re''ady; cat >/dev/null\r").await?;
    viewer.printed("ready\r\n").await?;
    let mut times = Vec::new();
    for number in 0..KEYS {
        let key = char::from(b'a' + u8::try_from(number % 26)?).to_string();
        let begun = Instant::now();
        viewer.type_in(&key).await?;
        viewer.printed(&key).await?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        if number % 60 == 59 {
            viewer.type_in("\r").await?;
            viewer.printed("\r\n").await?;
        }
    }
    viewer.type_in("\r\x04").await?;
    if let Some(peer) = peer {
        table.note("echo of a key, terminado, median", median(&mut peer.keys(KEYS).await?), "ms");
    }
    table.at_most("echo of a key through server and daemon, median", median(&mut times), "ms", 1.5);
    Ok(())
}

async fn interrupts(viewer: &mut Viewer, table: &mut Table) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..INTERRUPTS {
        viewer.type_in("yes\r").await?;
        viewer.until_bytes(4 << 20).await?;
        let begun = Instant::now();
        viewer.order(&TerminalOrder::Interrupt).await?;
        viewer.printed("^C").await?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        viewer.type_in("echo ca''lm\r").await?;
        viewer.printed("calm\r\n").await?;
    }
    let worst = times.iter().copied().fold(0.0, f64::max);
    table.at_most(&format!("Ctrl-C while `yes` runs, worst of {INTERRUPTS}"), worst, "ms", 100.0);
    Ok(())
}

/// What a reader costs that takes nothing while another one sees a flood.
async fn stalled(server: &Server, path: &str, session: &str, viewer: &mut Viewer, table: &mut Table) -> Result<()> {
    let daemon = *processes::running(session, &["octobot-agent", "daemon"])?.first().context("no daemon")?;
    let resident = || -> Result<f64> { Ok(resident_mib(server.id()?)? + resident_mib(daemon)?) };
    let before = resident()?;
    let stuck = Viewer::attach(server, path).await?;
    viewer.type_in("cat flood; echo fl''ooded\r").await?;
    viewer.printed("flooded\r\n").await?;
    table.at_most("growth of server and daemon under a reader that is stuck", resident()? - before, "MiB", 1.0);
    drop(stuck);
    Ok(())
}

/// A reader that goes and comes back again and again, against one that stays.
async fn replay(server: &Server, path: &str, viewer: &mut Viewer, table: &mut Table) -> Result<()> {
    let from = viewer.next;
    viewer.keep = true;
    viewer.type_in("head -c 2000000 /dev/urandom | base64; echo do''ne\r").await?;
    let visits = async {
        let (mut pieces, mut at) = (Vec::new(), from);
        let is_all = |pieces: &[u8]| memmem::find(&pieces[pieces.len().saturating_sub(VISIT)..], b"done\r\n").is_some();
        while !is_all(&pieces) {
            let mut visitor = Viewer::attach_after(server, path, at).await?;
            visitor.keep = true;
            let end = pieces.len() + VISIT;
            while pieces.len() < end && !is_all(&pieces) {
                visitor.message().await?;
                pieces.append(&mut visitor.kept);
            }
            at = visitor.next;
        }
        Ok::<_, anyhow::Error>(pieces)
    };
    // Who stays reads all the while: one that took nothing for seconds would be sent away.
    let (pieces, ()) = tokio::try_join!(visits, viewer.printed("done\r\n"))?;
    let length = pieces.len().min(viewer.kept.len());
    let differing = pieces[..length].iter().zip(&viewer.kept[..length]).filter(|(a, b)| a != b).count();
    ensure!(length > 2_000_000, "only {length} bytes were compared");
    #[expect(clippy::cast_precision_loss, reason = "some megabytes")]
    table.at_most("bytes that differ after coming back again and again", differing as f64, "", 0.0);
    Ok(())
}
