//! Files that only the server's user reads: tokens, and what is replaced as a whole.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::Secret;

/// Replaces a file, so that a reader or a crash finds the old content or the new one.
pub(super) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(content)?;
    fs::rename(draft, path)
}

/// The token in a file; none where there is no file.
pub(super) fn token(path: &Path) -> io::Result<Option<Secret>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(Secret::new(text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The token in a file, 256 random bits that are made at the first call; of several that do so at the same time one wins.
pub(super) fn ensure_token(path: &Path) -> io::Result<Secret> {
    if let Some(token) = token(path)? {
        return Ok(token);
    }
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()).as_bytes())?;
    match draft.persist_noclobber(path) {
        Err(failed) if failed.error.kind() != io::ErrorKind::AlreadyExists => return Err(failed.error),
        _ => {}
    }
    token(path)?.ok_or_else(|| io::ErrorKind::NotFound.into())
}
