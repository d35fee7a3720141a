//! `cargo xtask bench`: builds as for a real server and measures that; `cargo xtask bench proxy` measures the proxy beside
//! others, `cargo xtask bench code` what is done with the code in a sandbox.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use crate::assets::Flavour;
use crate::build::{self, Profile};
use crate::command;
use crate::dist::{self, Dist};
use crate::progress;
use crate::repository::Repository;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// The server with its sandboxes.
    Server,
    /// The proxy and its cache.
    Proxy,
    /// What is done with the code in a sandbox: its start, what has changed, searching, terminals.
    Code,
}

/// What the proxy and its cache are measured beside: programs, and the Debian packages that bring them.
const PROXIES: [(&str, &str); 3] =
    [("nginx", "nginx-light"), ("squid", "squid-openssl"), ("docker-registry", "docker-registry")];

/// What searching is measured beside, in the same way.
const SEARCHERS: [(&str, &str); 1] = [("rg", "ripgrep")];

/// What a line has in it about a figure that misses its limit.
const MISSES: &str = "MISSES";

/// Another one, from the Python package index.
const MITMPROXY: &str = "mitmproxy>=11";

/// What terminals are measured beside, from there as well.
const TERMINADO: &str = "terminado>=0.18";

/// Builds, measures, and fails if a figure misses its limit.
pub fn run(repository: &Repository, what: What) -> Result<()> {
    match what {
        What::Server => server(repository),
        What::Proxy => proxy(repository),
        What::Code => code(repository),
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
    from_debian(&PROXIES)?;
    let mitmdump = from_python(repository, "mitmproxy", MITMPROXY)?.join("bin/mitmdump");
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
    let ours = dist::proxy(repository, &Dist::of(repository, Profile::Release, Flavour::Optimised))?;
    bench.env("OCTOBOT_BENCH_PROXY", ours).env("OCTOBOT_BENCH_HUDSUCKER", hudsucker(repository)?);
    measure(bench.env("OCTOBOT_BENCH_MITMDUMP", mitmdump))
}

fn code(repository: &Repository) -> Result<()> {
    let dist = build::everything(repository, Profile::Release, Flavour::Optimised)?;
    from_debian(&SEARCHERS)?;
    let terminado = from_python(repository, "terminado", TERMINADO)?.join("bin/python");
    let mut bench = command::cargo(repository);
    bench.args(["bench", "--quiet", "--package", "octobot-end2end", "--bench", "code", "--bench", "terminal"]);
    bench.arg("--no-fail-fast");
    bench.env("OCTOBOT_DIST", dist.folder()).env("OCTOBOT_LOG", "warn");
    measure(bench.env("OCTOBOT_BENCH_TERMINADO", terminado))
}

/// Builds the peer that is a library, apart from the workspace.
fn hudsucker(repository: &Repository) -> Result<PathBuf> {
    let target = repository.target("bench").join("hudsucker");
    progress::step("Build hudsucker", |step| {
        let mut cargo = command::cargo(repository);
        cargo.args(["build", "--release", "--locked", "--manifest-path", "proxy/benches/proxy/hudsucker/Cargo.toml"]);
        command::run(cargo.arg("--target-dir").arg(&target), step)
    })?;
    Ok(target.join("release/hudsucker"))
}

/// Installs the packages whose programs are missing.
fn from_debian(packages: &[(&str, &str)]) -> Result<()> {
    let missing: Vec<_> =
        packages.iter().filter(|(program, _)| !command::exists(program)).map(|(_, package)| *package).collect();
    if !missing.is_empty() && rustix::process::geteuid().is_root() && command::exists("apt-get") {
        progress::step("Install peers", |step| {
            step.note(missing.join(", "));
            command::run(Command::new("apt-get").arg("update"), step)?;
            let mut install = Command::new("apt-get");
            install.env("DEBIAN_FRONTEND", "noninteractive").args(["install", "--yes", "--no-install-recommends"]);
            command::run(install.args(missing), step)
        })?;
    }
    Ok(())
}

/// Installs a package of the Python package index into a folder of its own, which is returned.
fn from_python(repository: &Repository, name: &str, requirement: &str) -> Result<PathBuf> {
    let folder = repository.target("bench").join(name);
    if !folder.join("octobot").exists() {
        progress::step(&format!("Install {name}"), |step| {
            command::run(Command::new("python3").args(["-m", "venv"]).arg(&folder), step)?;
            let pip = folder.join(Path::new("bin/pip"));
            command::run(Command::new(pip).args(["install", "--quiet", requirement]), step)?;
            // Whatever was begun and not ended is begun again.
            crate::folder::write(&folder.join("octobot"), requirement.as_bytes())
        })?;
    }
    Ok(folder)
}

/// Runs a measurement; what misses its limit is named again at the end.
fn measure(bench: &mut Command) -> Result<()> {
    let ended = command::observe(bench, |line| println!("{line}")).context("the measurement couldn't be started")?;
    let missed: Vec<_> = ended.output.iter().filter(|line| line.contains(MISSES)).map(String::as_str).collect();
    ensure!(ended.success || !missed.is_empty(), "the measurement couldn't go on: see above");
    ensure!(ended.success, "what misses its limit:\n{}", missed.join("\n"));
    Ok(())
}
