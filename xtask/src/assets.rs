//! The page's files: WASM with its JavaScript, style sheet, static files; hashed, compressed and listed in a manifest.
//!
//! Each part is kept in a cache folder with a stamp of what it was made from, so a build does only what changed. A
//! site is then put together from links into the caches.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::folder;
use crate::progress;
use crate::repository::Repository;

mod budget;
mod compress;
mod page;
mod public;
mod style;

pub use compress::Effort;

/// How much time goes into making the page small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// As small as it gets, and checked against the budget.
    Optimised,
    /// As quickly as it gets, for someone who waits for a reload.
    Development,
}

impl Flavour {
    /// The name of the flavour's folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Optimised => "optimised",
            Self::Development => "development",
        }
    }

    fn effort(self) -> Effort {
        match self {
            Self::Optimised => Effort::Most,
            Self::Development => Effort::Least,
        }
    }
}

/// The addresses of the files that every page names, as the server reads them from `assets.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The JavaScript module that loads the WASM.
    pub script: String,
    /// The WASM.
    pub wasm: String,
    /// The style sheet.
    pub style: String,
}

/// A part of the site in its cache folder: the compressed forms of a file stand beside it.
#[derive(Debug)]
struct Part {
    folder: PathBuf,
    /// Where the part's files go below the site's folder.
    prefix: PathBuf,
}

/// Builds every part that changed, and puts the site together in the given folder.
pub fn build(repository: &Repository, flavour: Flavour, site: &Path) -> Result<()> {
    let caches = repository.target("site").join(flavour.name());
    let page = page::build(repository, flavour, &caches)?;
    let style = style::build(repository, flavour, &caches)?;
    let public = public::build(repository, flavour, &caches)?;
    let manifest = Manifest {
        script: format!("/{}/{}", page.prefix.display(), page::SCRIPT),
        wasm: format!("/{}/{}", page.prefix.display(), page::WASM),
        style: format!("/{}/{}", style.prefix.display(), style::SHEET),
    };
    if flavour == Flavour::Optimised {
        budget::check(&page.folder)?;
    }
    progress::step("Put the site together", |_| put_together(site, &[page, style, public], &manifest))
}

/// Builds the site aside and then swaps it in, so that a build that is cut short leaves the old one whole.
fn put_together(site: &Path, parts: &[Part], manifest: &Manifest) -> Result<()> {
    let next = site.with_extension("next");
    folder::empty_folder(&next)?;
    for part in parts {
        for file in folder::files(&part.folder)? {
            folder::link(&part.folder.join(&file), &next.join(&part.prefix).join(&file))?;
        }
    }
    folder::write(&next.join("assets.json"), &serde_json::to_vec_pretty(manifest)?)?;
    if site.exists() {
        fs::remove_dir_all(site).with_context(|| format!("{} couldn't be removed", site.display()))?;
    }
    fs::rename(&next, site).with_context(|| format!("{} couldn't be put in place", site.display()))
}
