//! The pinned npm packages that the build needs: `package.json` and its lock file stand in `xtask/npm`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::command;
use crate::folder;
use crate::progress;
use crate::repository::Repository;
use crate::stamp::{Fingerprint, Stamp};

/// The folder of `package.json`.
const FOLDER: &str = "xtask/npm";

/// Installs the packages if the lock file has changed since the last time.
pub fn install(repository: &Repository) -> Result<()> {
    progress::step("Install npm packages", |step| {
        let modules = repository.path(FOLDER).join("node_modules");
        let lock = folder::read(&repository.path(FOLDER).join("package-lock.json"))?;
        let fingerprint = Fingerprint::default().add("lock", &lock).finish();
        // Inside the folder that npm replaces: whoever removes the packages removes the stamp with them.
        let stamp = Stamp::of(&modules.join("octobot"));
        if stamp.matches(&fingerprint) {
            step.unchanged();
            return Ok(());
        }
        let mut npm = Command::new("npm");
        command::run(npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(repository.path(FOLDER)), step)?;
        stamp.set(&fingerprint)
    })
}

/// A program that one of the packages brings.
pub fn program(repository: &Repository, name: &str) -> PathBuf {
    repository.path(FOLDER).join("node_modules/.bin").join(name)
}
