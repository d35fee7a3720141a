//! A container engine as its own command sees it, and not as the server does: what tests with containers run on, and
//! what they look at.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::server::Place;

mod own;

pub use own::OwnEngine;

/// The image for tests that any session can run in: Debian with git.
pub const IMAGE: &str = "octobot-test/debian:12";

/// The image that `cargo xtask image` builds, which has the agents.
pub const PRODUCT: &str = "octobot/sandbox:latest";

/// Where this machine's engine listens unless it is said otherwise.
const MACHINE: &str = "unix:///var/run/docker.sock";

/// An engine.
#[derive(Debug, Clone)]
pub struct Engine {
    /// Where it listens.
    address: String,
}

impl Engine {
    /// This machine's engine. Whether it answers is asked by [`Engine::lacks`].
    pub fn of_machine() -> Self {
        Self { address: std::env::var("DOCKER_HOST").unwrap_or_else(|_| MACHINE.to_owned()) }
    }

    /// What a test with an image lacks here.
    pub fn lacks(&self, image: &str) -> Option<String> {
        match self.lines(&["image", "ls", "--quiet", image]) {
            Err(error) => Some(format!("no container engine answers: {error:#}")),
            Ok(found) => found.is_empty().then(|| format!("there is no image {image} (cargo xtask image)")),
        }
    }

    /// Where a server has its sandboxes made of an image by this engine.
    pub fn place(&self, image: &str) -> Place {
        let variables = [("SANDBOX_PROVIDER", "docker"), ("SANDBOX_IMAGE", image), ("DOCKER_HOST", &self.address)];
        Place { variables: variables.map(|(name, value)| (name, value.to_owned())).into(), ..Place::default() }
    }

    /// What the engine's command prints, line by line.
    pub fn lines(&self, arguments: &[&str]) -> Result<Vec<String>> {
        let output = Command::new("docker")
            .args(["--host", &self.address])
            .args(arguments)
            .output()
            .context("there is no docker command")?;
        let (printed, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "docker {}: {}", arguments.join(" "), said.trim());
        Ok(printed.lines().map(str::to_owned).collect())
    }

    /// The folder with a session's data: `home` and `events`.
    pub fn data(&self, session: &str) -> Result<PathBuf> {
        let name = format!("octobot-{session}");
        let lines = self.lines(&["volume", "inspect", "--format", "{{.Mountpoint}}", &name])?;
        Ok(lines.first().context("the volume is nowhere")?.into())
    }

    /// Removes a session's container, as somebody might who doesn't know what it is for.
    pub fn remove_container(&self, session: &str) -> Result<()> {
        self.lines(&["container", "rm", "--force", &format!("octobot-{session}")]).map(drop)
    }

    /// The containers and volumes of a session.
    pub fn traces(&self, session: &str) -> Result<Vec<String>> {
        let filter = format!("name={session}");
        let mut traces = self.lines(&["container", "ls", "--all", "--quiet", "--filter", &filter])?;
        traces.extend(self.lines(&["volume", "ls", "--quiet", "--filter", &filter])?);
        Ok(traces)
    }

    /// The volumes with the caches that the projects of a server have here. They outlive sessions, and a test's server.
    pub fn caches(&self, data: &Path) -> Result<Vec<String>> {
        let mut caches = Vec::new();
        for installation in std::fs::read_dir(data.join("places")).into_iter().flatten() {
            let filter = format!("name=octobot-cache-{}", installation?.file_name().display());
            caches.extend(self.lines(&["volume", "ls", "--quiet", "--filter", &filter])?);
        }
        Ok(caches)
    }

    /// Removes volumes that no container has any more.
    pub fn remove_volumes(&self, names: &[String]) -> Result<()> {
        names.iter().try_for_each(|name| self.lines(&["volume", "rm", name]).map(drop))
    }
}
