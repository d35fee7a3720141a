//! What was built from what: a step is skipped while the content it was made from is unchanged. Times of files say
//! nothing after a clone or a checkout, so only content counts.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::folder;

/// How many hexadecimal digits of a hash stand in a file name: 64 bits.
const NAME_DIGITS: usize = 16;

/// A hash of content, gathered piece by piece.
#[derive(Debug, Clone, Default)]
pub struct Fingerprint(Sha256);

impl Fingerprint {
    /// Adds a named piece. Lengths go in as well, so that no two lists of pieces run together to the same bytes.
    pub fn add(mut self, name: &str, content: &[u8]) -> Self {
        for piece in [name.as_bytes(), content] {
            self.0.update((piece.len() as u64).to_le_bytes());
            self.0.update(piece);
        }
        self
    }

    /// Adds every file below a folder. A folder that doesn't exist counts as an empty one.
    pub fn add_folder(mut self, root: &Path) -> Result<Self> {
        for relative in folder::files(root)? {
            let content = folder::read(&root.join(&relative))?;
            self = self.add(&relative.to_string_lossy(), &content);
        }
        Ok(self)
    }

    /// The whole hash in hexadecimal digits.
    pub fn finish(self) -> String {
        self.0.finalize().iter().fold(String::new(), |mut digits, byte| {
            write!(digits, "{byte:02x}").expect("writing to a string doesn't fail");
            digits
        })
    }

    /// The part of the hash that stands in file names.
    pub fn name(self) -> String {
        let mut digits = self.finish();
        digits.truncate(NAME_DIGITS);
        digits
    }
}

/// The record of what a result was made from, kept beside the result.
#[derive(Debug)]
pub struct Stamp(PathBuf);

impl Stamp {
    /// The stamp of a result that stands at this path.
    pub fn of(result: &Path) -> Self {
        let mut path = result.as_os_str().to_owned();
        path.push(".stamp");
        Self(path.into())
    }

    /// Whether the result was made from this content.
    pub fn matches(&self, fingerprint: &str) -> bool {
        fs::read_to_string(&self.0).is_ok_and(|recorded| recorded == fingerprint)
    }

    /// Forgets the record; done before a result is replaced, so that a build cut short is never taken for a whole one.
    pub fn clear(&self) -> Result<()> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("{} couldn't be removed", self.0.display()))
            }
            _ => Ok(()),
        }
    }

    /// Records what the result was made from.
    pub fn set(&self, fingerprint: &str) -> Result<()> {
        fs::write(&self.0, fingerprint).with_context(|| format!("{} couldn't be written", self.0.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_that_run_together_to_the_same_bytes_have_different_fingerprints() {
        let one = Fingerprint::default().add("ab", b"c").finish();
        let other = Fingerprint::default().add("a", b"bc").finish();
        assert_ne!(one, other);
    }

    #[test]
    fn a_name_is_the_beginning_of_the_hash() {
        let whole = Fingerprint::default().add("a", b"b").finish();
        let name = Fingerprint::default().add("a", b"b").name();
        assert!(whole.starts_with(&name) && name.len() == NAME_DIGITS);
    }
}
