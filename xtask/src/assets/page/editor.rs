//! CodeMirror with what of ours makes an editor of it, `frontend/editor`, in one file, and in one for each language.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::assets::Flavour;
use crate::command;
use crate::folder;
use crate::npm::Packages;
use crate::progress;
use crate::repository::Repository;
use crate::stamp::{Fingerprint, Stamp};

/// Counts up when the steps below change, so that results of the old ones aren't taken for new ones.
const RECIPE: &[u8] = b"1";

/// Bundles the editor, and returns the folder that it is in. The packages have to be installed.
pub fn bundle(repository: &Repository, flavour: Flavour, caches: &Path) -> Result<PathBuf> {
    let sources = repository.path("frontend/editor");
    let result = caches.join("editor");
    let fingerprint = Fingerprint::default()
        .add("recipe", RECIPE)
        .add("packages", &folder::read(&Packages::Build.lock_file(repository))?)
        .add("flavour", format!("{flavour:?}").as_bytes())
        .add_folder(&sources)?
        .finish();
    let stamp = Stamp::of(&result);
    progress::step("Bundle the editor", |step| {
        if stamp.matches(&fingerprint) {
            step.unchanged();
            return Ok(());
        }
        stamp.clear()?;
        folder::empty_folder(&result)?;
        let mut esbuild = Command::new(Packages::Build.program(repository, "esbuild"));
        esbuild.env("NODE_PATH", Packages::Build.file(repository, ""));
        esbuild.args(["--bundle", "--splitting", "--format=esm", "--target=es2022"]);
        esbuild.args(["--chunk-names=editor-[hash]", "--log-level=warning"]);
        if flavour == Flavour::Optimised {
            esbuild.arg("--minify");
        }
        let mut outdir = std::ffi::OsString::from("--outdir=");
        outdir.push(&result);
        command::run(esbuild.arg(sources.join("editor.js")).arg(outdir), step)?;
        stamp.set(&fingerprint)
    })?;
    Ok(result)
}
