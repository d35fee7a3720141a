//! The place on the host where the server and a session's daemon meet: a folder with the token and the socket.
//!
//! It is mounted into the container, where only root writes to it: process 1 makes the socket there. Its parent is
//! open to the server's user alone, so that on the host nobody else gets to the socket, and no port is open anywhere.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use octobot_wire::SessionId;

use crate::sandbox::{Connection, Endpoint, Secret, private};

/// A session's place.
#[derive(Debug, Clone)]
pub(super) struct Place {
    path: PathBuf,
}

impl Place {
    /// The place of a session. It needn't exist.
    pub fn of(root: &Path, session: SessionId) -> Self {
        Self { path: root.join(session.to_string()) }
    }

    /// Every session that has a place.
    pub fn all(root: &Path) -> io::Result<Vec<SessionId>> {
        let entries = match fs::read_dir(root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?.collect::<io::Result<Vec<_>>>()?,
        };
        Ok(entries.iter().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How the daemon is called; `None` where there is no place.
    pub fn connection(&self) -> io::Result<Option<Connection>> {
        Ok(private::token(&self.token())?.map(|token| self.connection_with(token)))
    }

    /// How the daemon is called. The token is made with the place.
    pub fn ensure(&self) -> io::Result<Connection> {
        if let Some(parent) = self.path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        }
        // Those that enter get as far as this through the container's own mount only.
        fs::DirBuilder::new().recursive(true).mode(0o755).create(&self.path)?;
        private::ensure_token(&self.token()).map(|token| self.connection_with(token))
    }

    /// Removes the place. It is fine if it isn't there.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn token(&self) -> PathBuf {
        self.path.join("token")
    }

    fn connection_with(&self, token: Secret) -> Connection {
        Connection { endpoint: Endpoint::Unix(self.path.join("agent.sock")), token }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_token_is_made_once_and_only_the_servers_user_gets_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("places");
        let session = SessionId::new(uuid::Uuid::nil());
        let place = Place::of(&root, session);
        assert_eq!(place.connection().unwrap(), None);
        let connection = place.ensure().unwrap();
        assert_eq!(connection.token.reveal().len(), 43);
        assert_eq!(place.ensure().unwrap(), connection);
        assert_eq!(place.connection().unwrap(), Some(connection));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&root), mode(&place.token())), (0o700, 0o600));
        assert_eq!(Place::all(&root).unwrap(), [session]);
        place.remove().unwrap();
        place.remove().unwrap();
        assert_eq!(Place::all(&root).unwrap(), []);
    }

    #[test]
    fn of_many_that_make_a_token_at_the_same_time_one_wins() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::of(root.path(), SessionId::new(uuid::Uuid::nil()));
        let tokens: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| place.ensure().unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(tokens.iter().all(|token| *token == tokens[0]));
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "drafts are left");
    }
}
