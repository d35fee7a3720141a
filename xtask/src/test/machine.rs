//! What the tests need beyond a Rust toolchain, and where it may be installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::command;
use crate::progress::Step;

/// Where Debian keeps the programs of each version of Postgres.
const POSTGRES: &str = "/usr/lib/postgresql";

/// A program that some tests need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// The browser.
    Chromium,
    /// What drives the browser.
    Chromedriver,
    /// The database server.
    Postgres,
    /// The peer that sandboxes are measured against.
    Bubblewrap,
    /// Git.
    Git,
    /// The container engine.
    Docker,
    /// What makes images for tests where no registry can be reached.
    Debootstrap,
    /// A web server for the proxy to reach.
    Nginx,
    /// The firewall that redirects to the proxy.
    Nftables,
    /// A client of the proxy.
    Curl,
    /// Another one: Python's requests.
    Requests,
    /// One more.
    Wget,
    /// And a JVM with its compiler, which knows of no proxy by itself.
    Java,
    /// Where images are fetched from.
    Registry,
    /// What fetches images without an engine.
    Skopeo,
    /// An engine without a daemon.
    Podman,
    /// Both sides of gRPC, for Debian's Python.
    Grpc,
}

impl Tool {
    const ALL: [Self; 17] = [
        Self::Chromium,
        Self::Chromedriver,
        Self::Postgres,
        Self::Bubblewrap,
        Self::Git,
        Self::Docker,
        Self::Debootstrap,
        Self::Nginx,
        Self::Nftables,
        Self::Curl,
        Self::Requests,
        Self::Wget,
        Self::Java,
        Self::Registry,
        Self::Skopeo,
        Self::Podman,
        Self::Grpc,
    ];

    /// Whether the program is on this machine.
    pub fn is_here(self) -> bool {
        match self {
            Self::Chromium => command::exists("chromium"),
            Self::Chromedriver => command::exists("chromedriver"),
            Self::Postgres => postgres_programs().is_some(),
            Self::Bubblewrap => command::exists("bwrap"),
            Self::Git => command::exists("git"),
            Self::Docker => command::exists("docker"),
            Self::Debootstrap => command::exists("debootstrap"),
            Self::Nginx => command::exists("nginx"),
            Self::Nftables => command::exists("nft"),
            Self::Curl => command::exists("curl"),
            Self::Requests => Path::new("/usr/lib/python3/dist-packages/requests").exists(),
            Self::Wget => command::exists("wget"),
            Self::Java => command::exists("javac"),
            Self::Registry => command::exists("docker-registry"),
            Self::Skopeo => command::exists("skopeo"),
            Self::Podman => command::exists("podman"),
            Self::Grpc => Path::new("/usr/lib/python3/dist-packages/grpc").exists(),
        }
    }

    /// The Debian package that brings it.
    fn package(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Chromedriver => "chromium-driver",
            Self::Postgres => "postgresql",
            Self::Bubblewrap => "bubblewrap",
            Self::Git => "git",
            Self::Docker => "docker.io",
            Self::Debootstrap => "debootstrap",
            Self::Nginx => "nginx-light",
            Self::Nftables => "nftables",
            Self::Curl => "curl",
            Self::Requests => "python3-requests",
            Self::Wget => "wget",
            Self::Java => "default-jdk-headless",
            Self::Registry => "docker-registry",
            Self::Skopeo => "skopeo",
            Self::Podman => "podman",
            Self::Grpc => "python3-grpcio",
        }
    }
}

/// Installs what is missing if this is Debian and we are root. Elsewhere the tests that need it are skipped.
pub fn install(step: &mut Step) -> Result<()> {
    let missing: Vec<_> = Tool::ALL.into_iter().filter(|tool| !tool.is_here()).map(Tool::package).collect();
    if missing.is_empty() {
        step.unchanged();
        return Ok(());
    }
    step.note(missing.join(", "));
    if !may_install() {
        step.note(format!("missing: {} (installed only on Debian, by root)", missing.join(", ")));
        return Ok(());
    }
    command::run(Command::new("apt-get").arg("update"), step)?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive").args(["install", "--yes", "--no-install-recommends"]);
    command::run(install.args(missing), step)?;
    Ok(())
}

/// Whether this process is root's.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The folder of the newest Postgres on this machine.
pub fn postgres_programs() -> Option<PathBuf> {
    let versions = fs::read_dir(POSTGRES).ok()?.flatten().map(|version| version.path().join("bin"));
    let newest = versions.filter(|programs| programs.join("initdb").exists()).max_by_key(|programs| version(programs));
    newest.or_else(on_path)
}

fn version(programs: &Path) -> Option<u32> {
    programs.parent()?.file_name()?.to_str()?.parse().ok()
}

fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

fn may_install() -> bool {
    is_root() && Path::new("/etc/debian_version").exists() && command::exists("apt-get")
}
