//! Static files that keep their names, because browsers and crawlers ask for those: everything in `public/`.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{Flavour, Part, compress};
use crate::folder;
use crate::progress;
use crate::repository::Repository;
use crate::stamp::{Fingerprint, Stamp};

/// Gathers the static files.
pub fn build(repository: &Repository, flavour: Flavour, caches: &Path) -> Result<Part> {
    let sources = repository.path("public");
    let result = caches.join("public");
    let fingerprint = Fingerprint::default().add_folder(&sources)?.finish();
    let stamp = Stamp::of(&result);
    progress::step("Gather static files", |step| {
        if stamp.matches(&fingerprint) {
            step.unchanged();
            return Ok(());
        }
        stamp.clear()?;
        folder::empty_folder(&result)?;
        for file in folder::files(&sources)? {
            folder::write(&result.join(&file), &folder::read(&sources.join(&file))?)?;
        }
        compress::folder(&result, flavour.effort())?;
        stamp.set(&fingerprint)
    })?;
    Ok(Part { folder: result, prefix: PathBuf::new() })
}
