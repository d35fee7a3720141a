//! The processes of a session's sandbox as the host's kernel sees them, whoever made the sandbox.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Every process in whose mounts the session's id stands, which are those in its sandbox, or in whose command line.
pub fn of_session(session: &str) -> Result<Vec<u32>> {
    let speaks = |id: &u32| {
        let files = ["mountinfo", "cmdline"].map(|file| fs::read(folder(*id).join(file)));
        files.iter().flatten().any(|content| String::from_utf8_lossy(content).contains(session))
    };
    Ok(all()?.into_iter().filter(speaks).collect())
}

/// Those of a session's processes whose command line begins with these words.
pub fn running(session: &str, words: &[&str]) -> Result<Vec<u32>> {
    let runs = |id: &u32| {
        let line = fs::read(folder(*id).join("cmdline")).unwrap_or_default();
        let mut said = line.split(|&byte| byte == 0);
        words.iter().all(|word| said.next().is_some_and(|said| said.ends_with(word.as_bytes())))
    };
    Ok(of_session(session)?.into_iter().filter(runs).collect())
}

/// Kills the only process of a session that runs these words.
pub fn kill(session: &str, words: &[&str]) -> Result<()> {
    let found = running(session, words)?;
    let [id] = found[..] else { anyhow::bail!("{words:?} isn't run by one process: {found:?}") };
    let status = Command::new("kill").args(["-9", &id.to_string()]).status().context("there is no kill")?;
    ensure!(status.success(), "process {id} can't be killed");
    Ok(())
}

/// How much memory a process has of its own or shares with others, in MiB.
pub fn resident_mib(process: u32) -> Result<f64> {
    let status = fs::read_to_string(folder(process).join("status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}

fn all() -> Result<Vec<u32>> {
    let entries = fs::read_dir("/proc").context("there is no /proc")?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect())
}

fn folder(id: u32) -> PathBuf {
    PathBuf::from(format!("/proc/{id}"))
}
