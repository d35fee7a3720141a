//! `cargo xtask up`: from a clone to a running server.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::assets::Flavour;
use crate::build::{self, Profile};
use crate::repository::Repository;

/// Builds everything and becomes the server, which says itself where it listens.
pub fn run(repository: &Repository, profile: Profile, options: &[OsString]) -> Result<()> {
    let dist = build::everything(repository, profile, Flavour::Optimised)?;
    // Signals and the exit status are the server's own from here on.
    let error = Command::new(dist.server()).args(options).exec();
    Err(error).with_context(|| format!("{} couldn't be started", dist.server().display()))
}
