//! A session's folder on the host: which file is where, and the bookkeeping files in it.
//!
//! ```text
//! <root>/<session>/
//!   lock     held by the supervisor for as long as it lives: the truth about "running"
//!   state    what the supervisor has made, for whoever has to clean up after it
//!   token    the sandbox's token, mode 0600
//!   log      what supervisor, process 1 and daemon print
//!   proxy/   the proxy's authority, log, token and control API
//!   trust/   the certificates that the sandbox's programs trust
//!   home/    the sandbox's /home/octobot, with the workspace in it
//!   events/  the sandbox's /.data/events
//!   run/     the sandbox's /.data/run, with the daemon's socket
//! ```

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use octobot_wire::SessionId;

use crate::sandbox::network::{ProxyHome, Trust};
use crate::sandbox::{Secret, private};

/// How much of the log an error message quotes, in bytes.
const LOG_TAIL_BYTES: u64 = 2048;

/// A session's folder.
#[derive(Debug, Clone)]
pub(super) struct SessionFolder {
    path: PathBuf,
}

impl SessionFolder {
    /// The folder of a session. It needn't exist.
    pub fn of(root: &Path, session: SessionId) -> Self {
        Self { path: root.join(session.to_string()) }
    }

    /// A folder by its path.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file that the supervisor locks.
    pub fn lock(&self) -> PathBuf {
        self.path.join("lock")
    }

    /// The file with what the supervisor has made.
    pub fn state(&self) -> PathBuf {
        self.path.join("state")
    }

    /// The sandbox's log.
    pub fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    /// The sandbox's `/home/octobot`.
    pub fn home(&self) -> PathBuf {
        self.path.join("home")
    }

    /// The sandbox's `/.data/events`.
    pub fn events(&self) -> PathBuf {
        self.path.join("events")
    }

    /// The sandbox's `/.data/run`.
    pub fn run(&self) -> PathBuf {
        self.path.join("run")
    }

    /// The proxy's folder.
    pub fn proxy(&self) -> ProxyHome {
        ProxyHome::at(self.path.join("proxy"))
    }

    /// The certificates that programs trust.
    pub fn ca_bundle(&self) -> PathBuf {
        self.path.join("trust/ca-bundle.crt")
    }

    /// The same for Java.
    pub fn java_store(&self) -> PathBuf {
        self.path.join("trust/cacerts")
    }

    /// Makes what the proxy and its clients need.
    pub fn prepare_network(&self) -> io::Result<()> {
        let trust = Trust::with(&self.proxy().ensure()?)?;
        fs::create_dir_all(self.path.join("trust"))?;
        fs::write(self.ca_bundle(), &trust.bundle)?;
        fs::write(self.java_store(), trust.java_store())
    }

    /// The daemon's socket.
    pub fn socket(&self) -> PathBuf {
        self.run().join("agent.sock")
    }

    /// Makes the folder, for the server's user only, where there is none.
    pub fn create(&self) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path)
    }

    /// The sandbox's token; `None` where none was made yet.
    pub fn token(&self) -> io::Result<Option<Secret>> {
        private::token(&self.path.join("token"))
    }

    /// The sandbox's token, which is made at the first call.
    pub fn ensure_token(&self) -> io::Result<Secret> {
        private::ensure_token(&self.path.join("token"))
    }

    /// The end of the log, on one line.
    pub fn log_tail(&self) -> String {
        let tail = fs::File::open(self.log()).and_then(|mut log| {
            let length = log.metadata()?.len();
            log.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES)))?;
            let mut bytes = Vec::new();
            log.take(LOG_TAIL_BYTES).read_to_end(&mut bytes)?;
            Ok(bytes)
        });
        match tail {
            Ok(bytes) => String::from_utf8_lossy(&bytes).trim().replace('\n', " / "),
            Err(error) => format!("(no log: {error})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_token_is_made_once_and_only_its_owner_reads_it() {
        let root = tempfile::tempdir().unwrap();
        let folder = SessionFolder::at(root.path().join("s"));
        folder.create().unwrap();
        assert_eq!(folder.token().unwrap(), None);
        let token = folder.ensure_token().unwrap();
        assert_eq!(folder.ensure_token().unwrap(), token);
        assert_eq!(token.reveal().len(), 43);
        let mode = fs::metadata(folder.path().join("token")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn the_log_tail_is_short_and_on_one_line() {
        let root = tempfile::tempdir().unwrap();
        let folder = SessionFolder::at(root.path().to_owned());
        fs::write(folder.log(), format!("{}\nlast\n", "x".repeat(5000))).unwrap();
        let tail = folder.log_tail();
        assert!(tail.ends_with("x / last") && tail.len() < 2100, "{tail}");
    }
}
