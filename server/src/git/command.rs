//! The git command: its environment, its streams, and its end. Which arguments it gets stands where it is used.

use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process_group, prlimit};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use super::GitError;
use super::intake::{self, Untaken};
use super::progress::{ErrorLines, Progress};

/// Settings that hold whatever a configuration says: no hooks, no file monitor, nothing outside the repository.
const SETTINGS: [&str; 8] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.splitIndex=false",
    "core.quotePath=false",
    "protocol.ext.allow=never",
    "submodule.recurse=false",
    "gc.auto=0",
];

/// What the operator's own git needs to find credentials, certificates and proxies.
const OPERATOR_VARIABLES: [&str; 22] = [
    "USER",
    "LOGNAME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "SSH_AUTH_SOCK",
    "GIT_SSH",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_SSL_CAINFO",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "GNUPGHOME",
    "PASSWORD_STORE_DIR",
];

/// `BatchMode` keeps ssh from asking for passwords and for trust in unknown hosts.
const SSH_COMMAND: &str = "ssh -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=15";

/// So many bytes are read of what git says of what comes from a sandbox.
const MOST_PRINTED: usize = 256 << 20;

/// A git command that is being put together.
pub(super) struct Git {
    command: Command,
    purpose: &'static str,
    source: Option<tokio::fs::File>,
    memory: Option<u64>,
    /// So long it may take, and so many bytes it may print.
    bounds: Option<(Duration, usize)>,
}

/// How a git command ended.
struct Ended {
    status: ExitStatus,
    stopped: bool,
    said: String,
}

// === impl Git ===

impl Git {
    /// A command that sees neither the operator's nor the system's configuration and reaches no network. `home` is a
    /// folder without any configuration; `purpose` continues "git failed while …".
    pub(super) fn confined(purpose: &'static str, home: &Path) -> Self {
        let mut git = Self::bare(purpose);
        git.env("HOME", home)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_ALLOW_PROTOCOL", "none");
        git
    }

    /// A command with the operator's own configuration, for what only that can do: reach remotes with credentials.
    pub(super) fn as_operator(purpose: &'static str) -> Self {
        let mut git = Self::bare(purpose);
        for name in OPERATOR_VARIABLES {
            if let Some(value) = std::env::var_os(name) {
                git.env(name, value);
            }
        }
        // A service may have been started without the variable, and git fails then.
        if let Some(home) = std::env::home_dir() {
            git.env("HOME", home);
        }
        git.env("GIT_SSH_COMMAND", std::env::var_os("GIT_SSH_COMMAND").unwrap_or_else(|| SSH_COMMAND.into()));
        git
    }

    fn bare(purpose: &'static str) -> Self {
        let mut command = Command::new("git");
        command.env_clear().current_dir("/").process_group(0).kill_on_drop(true);
        let mut git = Self { command, purpose, source: None, memory: None, bounds: None };
        git.env("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()))
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "/bin/false")
            .env("SSH_ASKPASS", "/bin/false")
            .env("SSH_ASKPASS_REQUIRE", "never")
            .env("GIT_PROTOCOL_FROM_USER", "0")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "1");
        for setting in SETTINGS {
            git.setting(setting);
        }
        git
    }

    pub(super) fn env(&mut self, name: &str, value: impl AsRef<OsStr>) -> &mut Self {
        self.command.env(name, value);
        self
    }

    pub(super) fn current_dir(&mut self, folder: &Path) -> &mut Self {
        self.command.current_dir(folder);
        self
    }

    /// A `key=value` that outdoes every configuration file. It must come before the other arguments.
    pub(super) fn setting(&mut self, setting: impl AsRef<OsStr>) -> &mut Self {
        self.command.arg("-c").arg(setting);
        self
    }

    /// With a file to read, from where it is.
    pub(super) fn reading(&mut self, file: std::fs::File) -> &mut Self {
        self.source = Some(file.into());
        self
    }

    /// With so many bytes of memory, files that are mapped aside. Beyond them it fails.
    pub(super) fn within(&mut self, memory: u64) -> &mut Self {
        self.memory = Some(memory);
        self
    }

    /// Within the memory and the time that there are for what comes from a sandbox, and with as much to print as is read of that.
    pub(super) fn bounded(mut self) -> Self {
        self.bounds = Some((intake::PATIENCE, MOST_PRINTED));
        self.within(intake::MOST_MEMORY);
        self
    }

    pub(super) fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    /// Runs it, and returns what it prints.
    pub(super) async fn output(self) -> Result<Vec<u8>, GitError> {
        self.output_for(Vec::new()).await
    }

    /// Runs it with `input`, and returns what it prints.
    pub(super) async fn output_for(self, input: Vec<u8>) -> Result<Vec<u8>, GitError> {
        let purpose = self.purpose;
        let (ended, output) = self.collect(input).await?;
        ended.checked(purpose)?;
        Ok(output)
    }

    /// Runs a command that answers a question by its exit status, 0 for yes and 1 for no, and returns what it prints with the answer.
    pub(super) async fn answer(self) -> Result<(bool, Vec<u8>), GitError> {
        let purpose = self.purpose;
        let (ended, output) = self.collect(Vec::new()).await?;
        if ended.status.code() == Some(1) {
            return Ok((false, output));
        }
        ended.checked(purpose)?;
        Ok((true, output))
    }

    async fn collect(self, input: Vec<u8>) -> Result<(Ended, Vec<u8>), GitError> {
        let bounds = self.bounds;
        let most = bounds.map_or(usize::MAX, |(_, most)| most);
        let mut output = Vec::new();
        let take = |bytes: &[u8]| {
            if bytes.len() > most - output.len() {
                return ControlFlow::Break(());
            }
            output.extend_from_slice(bytes);
            ControlFlow::Continue(())
        };
        let running = self.run(input, take, |_| {});
        let ended = match bounds {
            Some((patience, _)) => timeout(patience, running).await.unwrap_or_else(|_| Err(Untaken::Slow.into()))?,
            None => running.await?,
        };
        if ended.stopped { Err(Untaken::Paths { most }.into()) } else { Ok((ended, output)) }
    }

    /// Runs it, and gives `take` what it prints until that has enough, which ends git.
    pub(super) async fn stream(self, take: impl FnMut(&[u8]) -> ControlFlow<()>) -> Result<(), GitError> {
        let purpose = self.purpose;
        self.run(Vec::new(), take, |_| {}).await?.checked(purpose)
    }

    /// The same with `input`.
    pub(super) async fn stream_for(
        self,
        input: Vec<u8>,
        take: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), GitError> {
        let purpose = self.purpose;
        self.run(input, take, |_| {}).await?.checked(purpose)
    }

    /// Runs it until it prints something, and returns whether it did.
    pub(super) async fn prints_anything(self) -> Result<bool, GitError> {
        let mut any = false;
        let take = |_: &[u8]| {
            any = true;
            ControlFlow::Break(())
        };
        self.stream(take).await?;
        Ok(any)
    }

    /// Runs it, and tells `progress` how far it is.
    pub(super) async fn with_progress(self, progress: impl FnMut(Progress)) -> Result<(), GitError> {
        let purpose = self.purpose;
        self.run(Vec::new(), |_| ControlFlow::Continue(()), progress).await?.checked(purpose)
    }

    /// Runs a command that answers a question by its exit status: 0 for yes, 1 for no.
    pub(super) async fn answers_yes(self) -> Result<bool, GitError> {
        let purpose = self.purpose;
        let ended = self.run(Vec::new(), |_| ControlFlow::Continue(()), |_| {}).await?;
        if ended.status.code() == Some(1) { Ok(false) } else { ended.checked(purpose).map(|()| true) }
    }

    async fn run(
        mut self,
        input: Vec<u8>,
        mut take: impl FnMut(&[u8]) -> ControlFlow<()>,
        mut progress: impl FnMut(Progress),
    ) -> Result<Ended, GitError> {
        let stdin = if input.is_empty() && self.source.is_none() { Stdio::null() } else { Stdio::piped() };
        self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = Running::start(&mut self.command)?;
        if let Some(memory) = self.memory {
            running.limit(memory)?;
        }
        let (stdin, stdout, stderr) =
            (running.child.stdin.take(), running.child.stdout.take(), running.child.stderr.take());
        let mut lines = ErrorLines::default();
        let mut listen = |bytes: &[u8]| {
            lines.push(bytes, &mut progress);
            ControlFlow::Continue(())
        };
        let output = async {
            let stopped = read(stdout, &mut take).await?;
            if stopped {
                // The other streams end with it.
                running.kill();
            }
            Ok(stopped)
        };
        let ((), stopped, _) = tokio::try_join!(write(stdin, &input, self.source), output, read(stderr, &mut listen))?;
        let status = running.end().await?;
        Ok(Ended { status, stopped, said: lines.last_words() })
    }
}

// === impl Ended ===

impl Ended {
    fn checked(self, purpose: &'static str) -> Result<(), GitError> {
        if self.stopped || self.status.success() {
            Ok(())
        } else {
            Err(GitError::Command { purpose, status: self.status, said: self.said })
        }
    }
}

/// A git process and its helpers (ssh, remote-https, index-pack). Dropped before its end, all of them are killed.
struct Running {
    child: Child,
    /// The group; none when the leader has been waited for, since its number may then be another's.
    group: Option<Pid>,
}

// === impl Running ===

impl Running {
    fn start(command: &mut Command) -> Result<Self, GitError> {
        let child = command.spawn().map_err(|source| GitError::NoGit { source })?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(Self { child, group })
    }

    /// Limits its memory, before it has read anything.
    fn limit(&self, memory: u64) -> Result<(), GitError> {
        let limit = Rlimit { current: Some(memory), maximum: Some(memory) };
        let limited = prlimit(self.group, Resource::Data, limit);
        limited.map(drop).map_err(|source| GitError::NoGit { source: source.into() })
    }

    async fn end(mut self) -> Result<ExitStatus, GitError> {
        let status = self.child.wait().await.map_err(|source| GitError::NoGit { source })?;
        self.group = None;
        Ok(status)
    }

    fn kill(&self) {
        if let Some(group) = self.group {
            // The only failure is that the group has ended by itself.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Gives `take` what comes, and returns whether it had enough before the end.
async fn read(
    stream: Option<impl AsyncRead + Unpin>,
    take: &mut impl FnMut(&[u8]) -> ControlFlow<()>,
) -> Result<bool, GitError> {
    let Some(mut stream) = stream else { return Ok(false) };
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = stream.read(&mut buffer).await.map_err(|source| GitError::NoGit { source })?;
        if length == 0 {
            return Ok(false);
        }
        if take(&buffer[..length]).is_break() {
            return Ok(true);
        }
    }
}

/// Writes all of the input. A git that fails before it has read everything says why on its error stream.
async fn write(stdin: Option<ChildStdin>, input: &[u8], source: Option<tokio::fs::File>) -> Result<(), GitError> {
    let Some(mut stdin) = stdin else { return Ok(()) };
    let written = async {
        stdin.write_all(input).await?;
        if let Some(mut source) = source {
            tokio::io::copy(&mut source, &mut stdin).await?;
        }
        Ok::<(), std::io::Error>(())
    };
    match written.await {
        Err(source) if source.kind() != std::io::ErrorKind::BrokenPipe => Err(GitError::NoGit { source }),
        _ => Ok(()),
    }
}
