//! The proxies of containers: processes of this machine, each of which serves the sockets of one container. A container has no network
//! but its own; its process 1 passes those sockets over a Unix socket in the place (`octobot-agent`, `init/outlet`).
//!
//! A proxy outlives the server and ends with its container. Which one runs is answered by the lock that it holds on its folder.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use octobot_wire::{ProjectId, SessionId};
use rustix::process::Signal;

use crate::sandbox::local::Holder;
use crate::sandbox::network::{ProxyHome, RuntimeFolder, Trust};
use crate::sandbox::{Connection, Secret};

/// The name of the socket, in the place.
pub(super) const SOCKET: &str = "outlet.sock";

/// A log of what proxies say of themselves that is longer, in bytes, is put aside when the next one starts.
const LONGEST_LOG: u64 = 1 << 20;

/// How long a proxy may take to see that its container has ended.
const END: Duration = Duration::from_secs(2);

/// Where proxies find things.
#[derive(Debug, Clone)]
pub struct OutletConfig {
    /// The `octobot-proxy` binary.
    pub program: PathBuf,
    /// The folder with one folder for each session.
    pub root: PathBuf,
    /// Where the configurations of running proxies are.
    pub runtime: RuntimeFolder,
    /// The folder of the cache that all proxies share.
    pub cache: PathBuf,
}

/// The proxy of one container.
pub(super) struct Outlet<'a> {
    config: &'a OutletConfig,
    session: SessionId,
    path: PathBuf,
}

impl<'a> Outlet<'a> {
    /// The one of a session. It needn't exist.
    pub fn of(config: &'a OutletConfig, session: SessionId) -> Self {
        Self { config, session, path: config.root.join(session.to_string()) }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The certificates that programs trust.
    pub fn ca_bundle(&self) -> PathBuf {
        self.path.join("trust/ca-bundle.crt")
    }

    /// The same for Java.
    pub fn java_store(&self) -> PathBuf {
        self.path.join("trust/cacerts")
    }

    /// The connection to the control API.
    pub fn connection(&self) -> io::Result<Option<Connection>> {
        self.home().connection()
    }

    /// Writes the configuration, which is in force soon where a proxy runs.
    pub fn configure(&self, network: &Secret) -> io::Result<()> {
        self.config.runtime.write(self.session, network)
    }

    /// Makes what the proxy and its clients need. What is there stays: a container that runs has it mounted.
    pub fn prepare(&self, place: &Path) -> io::Result<()> {
        let authority = self.home().ensure()?;
        match symlink(place, self.home().path().join("place")) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        if self.java_store().exists() {
            return Ok(());
        }
        let trust = Trust::with(&authority)?;
        fs::create_dir_all(self.path.join("trust"))?;
        fs::write(self.ca_bundle(), &trust.bundle)?;
        fs::write(self.java_store(), trust.java_store())
    }

    /// Starts the proxy where none runs. Of two that are started at the same time one ends at once.
    pub fn ensure(&self, tenant: &ProjectId) -> io::Result<()> {
        let home = self.home();
        if Holder::of(&home.lock())?.is_some() {
            return Ok(());
        }
        let said = home.path().join("said");
        if fs::metadata(&said).is_ok_and(|said| said.len() > LONGEST_LOG) {
            fs::rename(&said, home.path().join("said.before"))?;
        }
        let log = fs::OpenOptions::new().append(true).create(true).open(said)?;
        let mut child = Command::new(&self.config.program)
            .args(["--listen", "none", "--ends-with-launcher"])
            // The folders' paths may be longer than those of sockets may be.
            .arg("--sockets")
            .arg(Path::new("/proc/self/cwd/place").join(SOCKET))
            .args(["--control", "unix:/proc/self/cwd/api.sock"])
            .arg("--token-file")
            .arg(home.token_file())
            .arg("--config")
            .arg(self.config.runtime.config(self.session))
            .arg("--data")
            .arg(home.path())
            .arg("--cache")
            .arg(&self.config.cache)
            .args(["--tenant", &tenant.to_string(), "--session", &self.session.to_string()])
            .current_dir(home.path())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            // A Ctrl-C in the server's terminal is for the server.
            .process_group(0)
            .spawn()?;
        // Whoever reaps it doesn't matter, but somebody has to: this thread while the server lives, then process 1.
        std::thread::spawn(move || child.wait());
        Ok(())
    }

    /// Sees to it that the proxy of a container that has ended is gone, with what it was told.
    pub fn end(&self) -> io::Result<()> {
        if let Some(holder) = Holder::of(&self.home().lock())?
            && !holder.wait_for_end(END)
        {
            holder.signal(Signal::KILL)?;
            holder.wait_for_end(END);
        }
        self.config.runtime.remove(self.session)
    }

    /// Removes all of it.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn home(&self) -> ProxyHome {
        ProxyHome::at(self.path.join("proxy"))
    }
}
