//! The folder that a server runs from: `octobot`, `octobot-agent`, `octobot-proxy` and `site/`. The server looks for the others
//! beside itself, so the folder can be moved anywhere.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::assets::{self, Flavour};
use crate::build::Profile;
use crate::command;
use crate::folder;
use crate::progress;
use crate::repository::{self, Repository};
use crate::selection::SERVER;

/// A folder that a server can run from.
#[derive(Debug, Clone)]
pub struct Dist {
    folder: PathBuf,
}

impl Dist {
    /// Where the folder of a build is.
    pub fn of(repository: &Repository, profile: Profile, flavour: Flavour) -> Self {
        let name = match flavour {
            Flavour::Optimised => profile.name(),
            Flavour::Development => "development",
        };
        Self { folder: repository.target("octobot").join(name) }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The server's program.
    pub fn server(&self) -> PathBuf {
        self.folder.join("octobot")
    }

    /// The page's files.
    pub fn site(&self) -> PathBuf {
        self.folder.join("site")
    }
}

/// Builds the page, the agent and the server, and puts them together.
pub fn build(repository: &Repository, profile: Profile, flavour: Flavour) -> Result<Dist> {
    let dist = Dist::of(repository, profile, flavour);
    assets::build(repository, flavour, &dist.site())?;
    agent(repository, profile, &dist)?;
    server(repository, profile, &dist)?;
    Ok(dist)
}

/// Builds the static agent into the folder.
pub fn agent(repository: &Repository, profile: Profile, dist: &Dist) -> Result<()> {
    let target = repository::agent_target();
    progress::step("Build the agent", |step| {
        let mut cargo = cargo_build(repository, profile);
        cargo.args(["--package", "octobot-agent", "--target", &target]);
        command::run(&mut cargo, step)
    })?;
    folder::link(
        &repository.target(target).join(profile.name()).join("octobot-agent"),
        &dist.folder.join("octobot-agent"),
    )
}

/// Builds the server and the proxy into the folder.
pub fn server(repository: &Repository, profile: Profile, dist: &Dist) -> Result<()> {
    match profile {
        Profile::Debug => {
            progress::step("Build the server and the proxy", |step| {
                let mut cargo = cargo_build(repository, profile);
                cargo.args(SERVER.options).args(["--bin", "octobot", "--bin", "octobot-proxy"]);
                command::run(&mut cargo, step)
            })?;
            put(repository, profile, dist, "octobot-proxy")?;
        }
        Profile::Release => {
            alone(repository, "Build the server", "octobot")?;
            proxy(repository, dist)?;
        }
    }
    put(repository, profile, dist, "octobot").map(drop)
}

/// Builds the proxy as it runs for real into the folder, and returns its program.
pub fn proxy(repository: &Repository, dist: &Dist) -> Result<PathBuf> {
    alone(repository, "Build the proxy", "octobot-proxy")?;
    put(repository, Profile::Release, dist, "octobot-proxy")
}

/// Builds a package's program without the features that only tests or other packages need: of the proxy, less is in memory.
fn alone(repository: &Repository, step: &str, package: &str) -> Result<()> {
    progress::step(step, |step| {
        let mut cargo = cargo_build(repository, Profile::Release);
        command::run(cargo.args(["--package", package, "--bin", package]), step)
    })?;
    Ok(())
}

/// Puts a program into the folder.
fn put(repository: &Repository, profile: Profile, dist: &Dist, program: &str) -> Result<PathBuf> {
    let target = dist.folder.join(program);
    folder::link(&repository.target(profile.name()).join(program), &target)?;
    Ok(target)
}

fn cargo_build(repository: &Repository, profile: Profile) -> Command {
    let mut cargo = command::cargo(repository);
    cargo.arg("build");
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    cargo
}
