//! The folder of a sandbox's proxy, outside of the sandbox: its authority, its log, its token, its control API's socket.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use octobot_proxy::clock;
use octobot_proxy::mitm::Authority;

use crate::sandbox::{Connection, Endpoint, private};

/// The folder.
#[derive(Debug, Clone)]
pub struct ProxyHome {
    path: PathBuf,
}

impl ProxyHome {
    /// The one at a path. It needn't exist.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file with the control API's token.
    pub fn token_file(&self) -> PathBuf {
        self.path.join("token")
    }

    /// The file that a proxy locks for as long as it lives.
    pub fn lock(&self) -> PathBuf {
        self.path.join("lock")
    }

    /// The control API's socket.
    pub fn socket(&self) -> PathBuf {
        self.path.join("api.sock")
    }

    /// Makes what the proxy needs and doesn't have yet, for the server's user only; the authority's certificate (PEM).
    pub fn ensure(&self) -> io::Result<String> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path)?;
        private::ensure_token(&self.token_file())?;
        let authority = Authority::open(&self.path.join("certs"), clock::system).map_err(io::Error::other)?;
        Ok(authority.pem().to_owned())
    }

    /// The connection to the control API; none where no proxy was ever prepared.
    pub fn connection(&self) -> io::Result<Option<Connection>> {
        let token = private::token(&self.token_file())?;
        Ok(token.map(|token| Connection { endpoint: Endpoint::Unix(self.socket()), token }))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_secret_about_a_proxy_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let home = ProxyHome::at(folder.path().join("proxy"));
        assert_eq!(home.connection().unwrap(), None);
        let certificate = home.ensure().unwrap();
        let connection = home.connection().unwrap().unwrap();
        assert_eq!(home.ensure().unwrap(), certificate);
        assert_eq!(home.connection().unwrap(), Some(connection));
        for secret in [home.token_file(), home.path().join("certs/ca.key")] {
            assert_eq!(fs::metadata(&secret).unwrap().permissions().mode() & 0o077, 0, "{}", secret.display());
        }
    }
}
