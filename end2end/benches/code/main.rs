//! `cargo xtask bench code`: what is done with the code of a large repository (its start in a sandbox, the list of what has
//! changed, differences, searching), beside git and ripgrep on the same files in the same run. Prints one line for each
//! figure and fails if one is missed.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::Server;
use octobot_end2end::api::Api;
use octobot_end2end::table::{Table, median};
use serde_json::Value;

mod repository;

use self::repository::{FILES, NEEDLE, NEEDLES, done, git, make};

/// How often a start is measured, in turns with git.
const STARTS: usize = 4;

/// How often lists, differences and searches are measured, in turns with their peers.
const ROUNDS: usize = 9;

/// How many files are changed.
const CHANGED: usize = 500;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let missed = runtime.block_on(measure())?;
    ensure!(missed == 0, "{missed} figures missed their limits");
    Ok(())
}

async fn measure() -> Result<u32> {
    let mut table = Table::default();
    let folder = tempfile::tempdir()?;
    let (origin, clone) = (folder.path().join("origin"), folder.path().join("clone"));
    make(&origin)?;
    let server = Server::start().await?;
    let api = Api::new(&server.url(""));
    let workspace = api.add_workspace(&origin.display().to_string()).await?;
    starts(&api, &workspace, [&origin, &clone], &mut table).await?;
    let session = api.create_session(&workspace).await?;
    let code = server.sandbox_folder(&session)?.join("home/workspace");
    changes(&api, &session, &code, &mut table).await?;
    searches(&api, &session, &code, &mut table).await?;
    server.end().await?;
    Ok(table.missed())
}

/// Sessions of a workspace beside clones of it.
async fn starts(api: &Api, workspace: &str, [origin, clone]: [&Path; 2], table: &mut Table) -> Result<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        settle()?;
        let begun = Instant::now();
        done(git(origin).args(["clone", "--quiet", "--no-local", "."]).arg(clone))?;
        theirs.push(begun.elapsed().as_secs_f64());
        std::fs::remove_dir_all(clone)?;
        settle()?;
        let begun = Instant::now();
        api.create_session(workspace).await?;
        ours.push(begun.elapsed().as_secs_f64());
        api.delete_sessions().await?;
    }
    // Disks have better and worse minutes, which the clone of the same round has seen, too.
    let mut ratios: Vec<f64> = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
    let first = ratios.remove(0);
    let later = median(&mut ratios);
    let [ours, theirs] = [ours, theirs].map(|mut times| median(&mut times));
    table.note(&format!("git clone --no-local of {FILES} files, 1 GB, median of {STARTS}"), theirs, "s");
    table.note("start of a session with them", ours, "s");
    table.at_most("  ratio", ours / theirs, "×", 1.2);
    table.at_most("  a later session beside the first", later / first, "×", 1.1);
    Ok(())
}

/// The list of changed files and one file's difference.
async fn changes(api: &Api, session: &str, code: &Path, table: &mut Table) -> Result<()> {
    let files = repository::change(code, CHANGED)?;
    let list = format!("/sessions/{session}/changes");
    let page = format!("/projects/local/sessions/{session}");
    let listed = api.get(&list).await?;
    let count = listed["files"].as_array().map_or(0, Vec::len);
    ensure!(count == CHANGED, "{count} files are listed");
    // The peer's own index with what it keeps of folders without new files, which begins as the repository's.
    let index = tempfile::tempdir()?;
    let peer = |arguments: &[&str]| -> Result<()> {
        let mut git = git(code);
        git.env("GIT_INDEX_FILE", index.path().join("index"));
        done(git.args(["-c", "core.untrackedCache=true"]).args(arguments))
    };
    std::fs::copy(code.join(".git/index"), index.path().join("index"))?;
    peer(&["update-index", "--untracked-cache"])?;
    peer(&["status", "--porcelain=v2"])?;
    let (mut fresh, mut same, mut peers, mut painted, mut diffs) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let touched = &files[round % files.len()];
        repository::append(code, touched)?;
        let begun = Instant::now();
        peer(&["status", "--porcelain=v2", "-z"])?;
        peer(&["diff", "--numstat", "-z"])?;
        peers.push(milliseconds(begun));
        repository::append(code, touched)?;
        let begun = Instant::now();
        api.get(&list).await?;
        fresh.push(milliseconds(begun));
        let begun = Instant::now();
        api.get(&list).await?;
        same.push(milliseconds(begun));
        let begun = Instant::now();
        let view: Value = api.get(&format!("{list}/diff?path={touched}&hurry=true")).await?;
        diffs.push(milliseconds(begun));
        ensure!(!view["rows"].as_array().context("there are no rows")?.is_empty(), "nothing is shown of {touched}");
        repository::append(code, touched)?;
        let begun = Instant::now();
        api.fetch(&page).await?.bytes().await?;
        api.get(&list).await?;
        painted.push(milliseconds(begun));
    }
    let [fresh, same, peers, painted, diffs] = [fresh, same, peers, painted, diffs].map(|mut times| median(&mut times));
    table.note(&format!("git status and git diff --numstat, {CHANGED} of {FILES} changed"), peers, "ms");
    table.note("the list after a change", fresh, "ms");
    table.at_most("  ratio", fresh / peers, "×", 1.05);
    table.note("the list where nothing has changed since", same, "ms");
    table.at_most("  ratio", same / peers, "×", 0.1);
    table.at_most("one file's difference, with what colours are known at once", diffs, "ms", 10.0);
    table.at_most(&format!("the page of a session and the list of {CHANGED} files"), painted, "ms", 200.0);
    Ok(())
}

/// A text that stands in some files beside ripgrep.
async fn searches(api: &Api, session: &str, code: &Path, table: &mut Table) -> Result<()> {
    let path = format!("/api/projects/local/sessions/{session}/files/search?q={NEEDLE}");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let printed = Command::new("rg")
            .args(["--no-config", "--hidden", "--fixed-strings", "--ignore-case", "--line-number", NEEDLE, "."])
            .current_dir(code)
            .output()
            .context("ripgrep doesn't start")?;
        theirs.push(milliseconds(begun));
        let lines = String::from_utf8_lossy(&printed.stdout).lines().count();
        ensure!(lines == NEEDLES, "ripgrep finds {lines} lines");
        let begun = Instant::now();
        let answer = api.fetch(&path).await?.text().await?;
        ours.push(milliseconds(begun));
        let hits = answer.lines().count() - 1;
        ensure!(hits == NEEDLES, "{hits} lines are found");
    }
    let [ours, theirs] = [ours, theirs].map(|mut times| median(&mut times));
    table.note(&format!("ripgrep over {FILES} files, 1 GB"), theirs, "ms");
    table.note("search in the session", ours, "ms");
    table.at_most("  ratio", ours / theirs, "×", 1.5);
    Ok(())
}

/// Lets the disk have what was written, so that no measurement pays for the one before.
fn settle() -> Result<()> {
    done(&mut Command::new("sync"))
}

fn milliseconds(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e3
}
