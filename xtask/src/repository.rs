//! Where things are in this repository. Here belong paths; what is done with them stands with each chore.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The WASM target that the page is compiled for.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// A clone of this repository.
#[derive(Debug, Clone)]
pub struct Repository {
    root: PathBuf,
    target: PathBuf,
}

impl Repository {
    /// The clone that this program was started in by cargo.
    pub fn find() -> Result<Self> {
        let package =
            env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = package.parent().context("the package of this program stands in no repository")?.to_path_buf();
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
        Ok(Self { root, target })
    }

    /// A file or folder by its path from the root.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// The root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file or folder below cargo's target folder.
    pub fn target(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.target.join(relative)
    }
}

/// The target of the static agent: this machine's processor with musl, because the agent runs in images that may
/// have no or another libc.
pub fn agent_target() -> String {
    format!("{}-unknown-linux-musl", env::consts::ARCH)
}
