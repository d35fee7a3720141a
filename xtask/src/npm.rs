//! The pinned npm packages. Each set has its `package.json` and its lock file in a folder of its own.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::command;
use crate::folder;
use crate::progress;
use crate::repository::Repository;
use crate::stamp::{Fingerprint, Stamp};

/// What a set of packages is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packages {
    /// What the build needs.
    Build,
    /// What the end-to-end tests need.
    Tests,
}

impl Packages {
    fn folder(self, repository: &Repository) -> PathBuf {
        repository.path(match self {
            Self::Build => "xtask/npm",
            Self::Tests => "end2end/npm",
        })
    }

    /// Installs the packages if the lock file has changed since the last time.
    pub fn install(self, repository: &Repository) -> Result<()> {
        let title = match self {
            Self::Build => "Install npm packages",
            Self::Tests => "Install npm packages for the tests",
        };
        progress::step(title, |step| {
            let folder = self.folder(repository);
            let lock = folder::read(&self.lock_file(repository))?;
            let fingerprint = Fingerprint::default().add("lock", &lock).finish();
            // Inside the folder that npm replaces: whoever removes the packages removes the stamp with them.
            let stamp = Stamp::of(&folder.join("node_modules/octobot"));
            if stamp.matches(&fingerprint) {
                step.unchanged();
                return Ok(());
            }
            command::run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder), step)?;
            stamp.set(&fingerprint)
        })
    }

    /// The file that says which versions are installed.
    pub fn lock_file(self, repository: &Repository) -> PathBuf {
        self.folder(repository).join("package-lock.json")
    }

    /// A file of one of the packages.
    pub fn file(self, repository: &Repository, path: &str) -> PathBuf {
        self.folder(repository).join("node_modules").join(path)
    }

    /// A program that one of the packages brings.
    pub fn program(self, repository: &Repository, name: &str) -> PathBuf {
        self.folder(repository).join("node_modules/.bin").join(name)
    }
}
