//! `cargo xtask bench`: builds as for a real server and measures that.

use anyhow::{Context, Result, ensure};

use crate::assets::Flavour;
use crate::build::{self, Profile};
use crate::command;
use crate::repository::Repository;

/// Builds, measures, and fails if a figure misses its limit.
pub fn run(repository: &Repository) -> Result<()> {
    let dist = build::everything(repository, Profile::Release, Flavour::Optimised)?;
    let mut bench = command::cargo(repository);
    bench.args(["bench", "--quiet", "--package", "octobot-end2end", "--bench", "speed"]);
    bench.env("OCTOBOT_DIST", dist.folder()).env("OCTOBOT_LOG", "warn");
    let status = bench.status().context("cargo couldn't be started")?;
    ensure!(status.success(), "a figure misses its limit");
    Ok(())
}
