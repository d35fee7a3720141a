//! The folder for what must not be kept on a disk: the configurations of running proxies, with the secrets that they add to
//! requests.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use octobot_wire::SessionId;

use crate::sandbox::{Secret, private};

/// The folder of an installation.
#[derive(Debug, Clone)]
pub struct RuntimeFolder {
    path: PathBuf,
}

/// Why the folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// It can't be made or looked at.
    #[error("{} can't be used: {source}. Say where with --runtime-dir", path.display())]
    Files {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It isn't the server's own, or others may look into it.
    #[error("{} has another owner, or others may look into it. Say where with --runtime-dir", path.display())]
    NotPrivate {
        /// The folder.
        path: PathBuf,
    },
}

impl RuntimeFolder {
    /// The folder with this name in `base`. Both are made for the server's user only; in a place where everybody makes folders, one
    /// that somebody else has made isn't taken.
    pub fn open(base: &Path, name: &str) -> Result<Self, RuntimeError> {
        let path = base.join(name);
        let files = |source| RuntimeError::Files { path: path.clone(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(files)?;
        for folder in [base, &path] {
            let found = fs::symlink_metadata(folder).map_err(files)?;
            let is_own = found.is_dir() && found.uid() == rustix::process::geteuid().as_raw();
            if !is_own || found.permissions().mode() & 0o077 != 0 {
                return Err(RuntimeError::NotPrivate { path: folder.to_owned() });
            }
        }
        Ok(Self { path })
    }

    /// The file of a session's proxy.
    pub fn config(&self, session: SessionId) -> PathBuf {
        self.path.join(format!("{session}.yaml"))
    }

    /// Writes the configuration of a session's proxy.
    pub fn write(&self, session: SessionId, config: &Secret) -> io::Result<()> {
        // It is gone after a restart of the machine, or when its user has logged out.
        match fs::DirBuilder::new().mode(0o700).create(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        private::replace(&self.config(session), config.reveal().as_bytes())
    }

    /// Forgets it.
    pub fn remove(&self, session: SessionId) -> io::Result<()> {
        match fs::remove_file(self.config(session)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_others_may_look_into_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("base");
        let session = SessionId::new(uuid::Uuid::nil());
        let folder = RuntimeFolder::open(&base, "a").unwrap();
        folder.write(session, &Secret::new("allowlist: {}".to_owned())).unwrap();
        assert_eq!(fs::metadata(folder.config(session)).unwrap().permissions().mode() & 0o777, 0o600);
        folder.remove(session).unwrap();
        folder.remove(session).unwrap();
        fs::set_permissions(&base, fs::Permissions::from_mode(0o755)).unwrap();
        let refused = RuntimeFolder::open(&base, "b").unwrap_err();
        assert!(matches!(refused, RuntimeError::NotPrivate { .. }), "{refused}");
    }
}
