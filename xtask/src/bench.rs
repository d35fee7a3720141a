//! `cargo xtask bench`: builds as for a real server and measures that; `cargo xtask bench proxy` measures the proxy beside others.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use crate::assets::Flavour;
use crate::build::{self, Profile};
use crate::command;
use crate::progress;
use crate::repository::Repository;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// The server with its sandboxes.
    Server,
    /// The proxy and its cache.
    Proxy,
}

/// What the proxy is measured beside: programs, and the Debian packages that bring them.
const PEERS: [(&str, &str); 2] = [("nginx", "nginx-light"), ("squid", "squid-openssl")];

/// Another one, from the Python package index.
const MITMPROXY: &str = "mitmproxy>=11";

/// Builds, measures, and fails if a figure misses its limit.
pub fn run(repository: &Repository, what: What) -> Result<()> {
    match what {
        What::Server => server(repository),
        What::Proxy => proxy(repository),
    }
}

fn server(repository: &Repository) -> Result<()> {
    let dist = build::everything(repository, Profile::Release, Flavour::Optimised)?;
    let mut bench = command::cargo(repository);
    bench.args(["bench", "--quiet", "--package", "octobot-end2end", "--bench", "speed"]);
    bench.env("OCTOBOT_DIST", dist.folder()).env("OCTOBOT_LOG", "warn");
    measure(&mut bench)
}

fn proxy(repository: &Repository) -> Result<()> {
    let missing: Vec<_> =
        PEERS.iter().filter(|(program, _)| !command::exists(program)).map(|(_, package)| *package).collect();
    if !missing.is_empty() && rustix::process::geteuid().is_root() && command::exists("apt-get") {
        progress::step("Install peers", |step| {
            step.note(missing.join(", "));
            command::run(Command::new("apt-get").arg("update"), step)?;
            let mut install = Command::new("apt-get");
            install.env("DEBIAN_FRONTEND", "noninteractive").args(["install", "--yes", "--no-install-recommends"]);
            command::run(install.args(missing), step)
        })?;
    }
    let mitmdump = mitmdump(repository)?;
    let mut bench = command::cargo(repository);
    bench.args([
        "bench",
        "--quiet",
        "--package",
        "octobot-proxy",
        "--bench",
        "proxy",
        "--bench",
        "cache",
        "--no-fail-fast",
    ]);
    measure(bench.env("OCTOBOT_BENCH_MITMDUMP", mitmdump))
}

/// Installs mitmproxy into a folder of its own.
fn mitmdump(repository: &Repository) -> Result<PathBuf> {
    let folder = repository.target("bench/mitmproxy");
    let program = folder.join("bin/mitmdump");
    if !program.exists() {
        progress::step("Install mitmproxy", |step| {
            command::run(Command::new("python3").args(["-m", "venv"]).arg(&folder), step)?;
            command::run(Command::new(folder.join(Path::new("bin/pip"))).args(["install", "--quiet", MITMPROXY]), step)
        })?;
    }
    Ok(program)
}

fn measure(bench: &mut Command) -> Result<()> {
    let status = bench.status().context("cargo couldn't be started")?;
    ensure!(status.success(), "a figure misses its limit");
    Ok(())
}
