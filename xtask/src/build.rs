//! `cargo xtask build`: one folder with everything that a server needs.

use std::path::Path;

use anyhow::Result;

use crate::assets::Flavour;
use crate::dist::{self, Dist};
use crate::folder;
use crate::npm::Packages;
use crate::progress;
use crate::repository::Repository;
use crate::tools;

/// How the server and the agent are compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build.
    Debug,
    /// Quick to run.
    Release,
}

impl Profile {
    /// The profile that a `--release` flag asks for.
    pub fn of(release: bool) -> Self {
        if release { Self::Release } else { Self::Debug }
    }

    /// The name of cargo's output folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }
}

/// Builds the folder and says what stands in it.
pub fn run(repository: &Repository, profile: Profile) -> Result<()> {
    let dist = everything(repository, profile, Flavour::Optimised)?;
    report(&dist)
}

/// Prepares the machine and builds everything that isn't there yet.
pub fn everything(repository: &Repository, profile: Profile, flavour: Flavour) -> Result<Dist> {
    tools::check()?;
    tools::add_targets()?;
    Packages::Build.install(repository)?;
    dist::build(repository, profile, flavour)
}

fn report(dist: &Dist) -> Result<()> {
    println!("\n{}", dist.folder().display());
    for name in ["octobot", "octobot-agent", "octobot-proxy"] {
        println!("  {:>12}  {name}", progress::kilobytes(size(&dist.folder().join(name))?));
    }
    for file in folder::files(&dist.site())? {
        println!("  {:>12}  site/{}", progress::kilobytes(size(&dist.site().join(&file))?), file.display());
    }
    Ok(())
}

fn size(path: &Path) -> Result<u64> {
    Ok(path.metadata()?.len())
}
