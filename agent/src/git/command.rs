//! The git command, run so that nothing in the sandbox's configuration or in a repository can make it do more.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::environment::Environment;
use crate::git::CodeError;

/// Configuration that makes git run nothing but itself, and ask nobody.
const CAUTION: [&str; 7] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "submodule.recurse=false",
    "protocol.ext.allow=never",
    "gc.auto=0",
    "safe.directory=*",
];

/// Of what a failed command printed, the end is told, up to so many bytes.
const TOLD: usize = 2_000;

/// A command that looks at the workspace may take so long: a filter of the repository's that git runs may never end.
const PATIENCE: Duration = Duration::from_mins(2);

/// The same for one that may have to read all files, through filters.
const REFRESHING: Duration = Duration::from_mins(10);

/// The same for one that reads or writes all of a workspace, however large that is.
const WHOLE: Duration = Duration::from_hours(1);

/// So long git has to remove its locks once it is asked to end.
const GRACE: Duration = Duration::from_secs(5);

/// What of the environment says how the network is reached, and whom there to trust.
const NETWORK: [&str; 10] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "GIT_SSL_CAINFO",
];

/// Runs git in a folder.
#[derive(Debug, Clone)]
pub struct Git {
    program: Option<String>,
    folder: PathBuf,
    path: String,
    /// What programs are told of the network.
    network: Vec<(String, String)>,
}

/// A command that is being put together.
#[derive(Debug)]
pub struct Asking<'a> {
    git: &'a Git,
    settings: &'a [&'a str],
    index: Option<&'a Path>,
    input: Vec<u8>,
    takes_patterns: bool,
    variables: &'a [(&'a str, &'a str)],
    patience: Duration,
    is_online: bool,
}

// === impl Git ===

impl Git {
    /// Looks for git, and will run it in the folder.
    pub fn in_folder(folder: &Path, environment: &Environment) -> Self {
        Self {
            program: environment.find_program("git"),
            folder: folder.to_owned(),
            path: environment.path().to_owned(),
            network: NETWORK
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), environment.get(name)?.to_owned())))
                .collect(),
        }
    }

    /// Whether there is a git.
    pub fn exists(&self) -> bool {
        self.program.is_some()
    }

    /// Runs a command that must succeed.
    pub async fn run(&self, arguments: &[&str]) -> Result<(), CodeError> {
        let output = self.output(arguments).await?;
        if output.status.success() { Ok(()) } else { Err(failure(arguments, &output)) }
    }

    /// What a command prints that must succeed.
    pub async fn text(&self, arguments: &[&str]) -> Result<String, CodeError> {
        let output = self.output(arguments).await?;
        if !output.status.success() {
            return Err(failure(arguments, &output));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The object that a name means, if there is one.
    pub async fn find(&self, name: &str) -> Result<Option<String>, CodeError> {
        let output = self.output(&["rev-parse", "--quiet", "--verify", "--end-of-options", name]).await?;
        let found = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(output.status.success().then_some(found))
    }

    /// Notes in the index which files are as they stand there. Exits with 1 when some aren't, which is no failure.
    pub async fn refresh_index(&self) -> Result<(), CodeError> {
        self.ask().patience(REFRESHING).maybe(&["update-index", "-q", "--refresh"]).await.map(drop)
    }

    /// A command that looks at the workspace's own repository, whatever its configuration says of where that is, and takes no
    /// lock in it.
    pub fn ask(&self) -> Asking<'_> {
        Asking {
            git: self,
            settings: &[],
            index: None,
            input: Vec::new(),
            takes_patterns: false,
            variables: &[],
            patience: PATIENCE,
            is_online: false,
        }
    }

    async fn output(&self, arguments: &[&str]) -> Result<Output, CodeError> {
        Running::start(self.command(&[])?.args(arguments))?.output(Vec::new(), WHOLE, arguments).await
    }

    fn command(&self, settings: &[&str]) -> Result<Command, CodeError> {
        let program = self.program.as_deref().ok_or(CodeError::NoGit)?;
        let mut command = Command::new(program);
        command
            .args(CAUTION.iter().chain(settings).flat_map(|setting| ["-c", setting]))
            .current_dir(&self.folder)
            .env_clear()
            .envs([("PATH", self.path.as_str()), ("HOME", "/nonexistent"), ("LC_ALL", "C")])
            .envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_TERMINAL_PROMPT", "0")])
            .envs([("GIT_LITERAL_PATHSPECS", "1"), ("GIT_ATTR_NOSYSTEM", "1"), ("GIT_NO_LAZY_FETCH", "1")]);
        Ok(command)
    }
}

// === impl Asking ===

impl<'a> Asking<'a> {
    /// With further settings.
    pub fn settings(self, settings: &'a [&'a str]) -> Self {
        Self { settings, ..self }
    }

    /// With an index of the daemon's own in place of the repository's. Git may write to it.
    pub fn index(self, index: &'a Path) -> Self {
        Self { index: Some(index), ..self }
    }

    /// With something to read.
    pub fn input(self, input: Vec<u8>) -> Self {
        Self { input, ..self }
    }

    /// For a command that knows no other paths than patterns. What is given to it has to begin with `./`, which no pattern does.
    pub fn patterns(self) -> Self {
        Self { takes_patterns: true, ..self }
    }

    /// With further variables.
    pub fn variables(self, variables: &'a [(&'a str, &'a str)]) -> Self {
        Self { variables, ..self }
    }

    /// For a command that may take so long.
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// For a command that goes to the network: it is told the way there.
    pub fn online(self) -> Self {
        Self { is_online: true, ..self }
    }

    /// What it prints; it must succeed.
    pub async fn bytes<A: AsRef<OsStr>>(self, arguments: &[A]) -> Result<Vec<u8>, CodeError> {
        let output = self.output(arguments).await?;
        if output.status.success() { Ok(output.stdout) } else { Err(failure(arguments, &output)) }
    }

    /// What it prints of a question that may have no answer, which it says by ending with 1.
    pub async fn maybe<A: AsRef<OsStr>>(self, arguments: &[A]) -> Result<Option<Vec<u8>>, CodeError> {
        let output = self.output(arguments).await?;
        match output.status.code() {
            Some(0) => Ok(Some(output.stdout)),
            Some(1) => Ok(None),
            _ => Err(failure(arguments, &output)),
        }
    }

    async fn output<A: AsRef<OsStr>>(mut self, arguments: &[A]) -> Result<Output, CodeError> {
        let (input, patience) = (std::mem::take(&mut self.input), self.patience);
        self.start(arguments)?.output(input, patience, arguments).await
    }

    fn start<A: AsRef<OsStr>>(self, arguments: &[A]) -> Result<Running, CodeError> {
        let mut command = self.git.command(self.settings)?;
        let folder = &self.git.folder;
        command.args(arguments).envs(self.variables.iter().copied());
        command.env("GIT_DIR", folder.join(".git")).env("GIT_WORK_TREE", folder);
        match self.index {
            Some(index) => command.env("GIT_INDEX_FILE", index),
            None => command.env("GIT_OPTIONAL_LOCKS", "0"),
        };
        if self.is_online {
            command.envs(self.git.network.iter().map(|(name, value)| (name, value)));
        }
        if self.takes_patterns {
            command.env_remove("GIT_LITERAL_PATHSPECS");
        }
        Running::start(&mut command)
    }
}

/// A git process and what it has started: filters, and its way to the network. Dropped before its end, or ended, all of them are asked to
/// end, so that git removes its locks, and killed when they don't.
#[derive(Debug)]
struct Running {
    /// None after its end.
    child: Option<Child>,
    /// It outlives the process that it is called after.
    group: Option<Pid>,
}

// === impl Running ===

impl Running {
    fn start(command: &mut Command) -> Result<Self, CodeError> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Whoever drops it has it end by itself first.
        let child = command.process_group(0).spawn().map_err(not_run)?;
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        Ok(Self { child: Some(child), group })
    }

    /// What it prints, if it ends in time.
    async fn output<A: AsRef<OsStr>>(
        mut self,
        input: Vec<u8>,
        patience: Duration,
        arguments: &[A],
    ) -> Result<Output, CodeError> {
        if let Ok(output) = timeout(patience, self.converse(input)).await {
            return output;
        }
        self.end().await?;
        Err(CodeError::Slow { action: name(arguments) })
    }

    /// Writes all of the input while all of the output is read.
    async fn converse(&mut self, input: Vec<u8>) -> Result<Output, CodeError> {
        let Some(child) = &mut self.child else { return Err(not_run(std::io::ErrorKind::NotFound.into())) };
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let write = async {
            if let Some(mut stdin) = stdin {
                // A git that fails before it has read everything says why.
                let _unread = stdin.write_all(&input).await;
            }
            Ok(())
        };
        let ((), stdout, stderr, status) =
            tokio::try_join!(write, all_of(stdout), all_of(stderr), child.wait()).map_err(not_run)?;
        self.child = None;
        Ok(Output { status, stdout, stderr })
    }

    /// Has it end before its time.
    async fn end(&mut self) -> Result<(), CodeError> {
        let Some(child) = &mut self.child else { return Ok(()) };
        let ended = end(child, self.group).await;
        self.child = None;
        ended.map(drop).map_err(not_run)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let group = self.group;
        // At once, because what is begun now may not be done when the daemon ends.
        signal(group, Signal::TERM);
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(async move { end(&mut child, group).await })),
            // There is nobody left who would wait.
            Err(_) => signal(group, Signal::KILL),
        }
    }
}

async fn end(child: &mut Child, group: Option<Pid>) -> std::io::Result<ExitStatus> {
    signal(group, Signal::TERM);
    let ended = timeout(GRACE, child.wait()).await;
    // What it has started may not mind being asked.
    signal(group, Signal::KILL);
    match ended {
        Ok(ended) => ended,
        Err(_) => child.wait().await,
    }
}

fn signal(group: Option<Pid>, signal: Signal) {
    if let Some(group) = group
        && let Err(error) = kill_process_group(group, signal)
    {
        tracing::debug!(error = %error, "what git has started is gone already");
    }
}

async fn all_of(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut all = Vec::new();
    if let Some(mut stream) = stream {
        stream.read_to_end(&mut all).await?;
    }
    Ok(all)
}

fn not_run(source: std::io::Error) -> CodeError {
    CodeError::Files { action: "run git", source }
}

fn name<A: AsRef<OsStr>>(arguments: &[A]) -> String {
    arguments.first().map(|name| name.as_ref().to_string_lossy().into_owned()).unwrap_or_default()
}

fn failure<A: AsRef<OsStr>>(arguments: &[A], output: &Output) -> CodeError {
    let printed = String::from_utf8_lossy(&output.stderr);
    let printed = printed.trim();
    let told = &printed[printed.ceil_char_boundary(printed.len().saturating_sub(TOLD))..];
    CodeError::Git { action: name(arguments), output: told.to_owned() }
}

#[cfg(test)]
mod tests {
    use tokio::net::unix::pipe;

    use super::*;

    /// A repository in which git holds its index and runs a filter that never ends, which says so on a pipe.
    async fn held(folder: &Path) -> Running {
        let environment = Environment::of_user("somebody", "/nonexistent", std::env::var("PATH").ok());
        let git = Git::in_folder(folder, &environment);
        git.run(&["init", "--quiet"]).await.unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, folder.join("begun"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .unwrap();
        std::fs::write(folder.join(".gitattributes"), "file filter=slow\n").unwrap();
        std::fs::write(folder.join("file"), "x\n").unwrap();
        git.run(&["config", "filter.slow.clean", "trap '' TERM; echo x >begun; sleep 1000"]).await.unwrap();
        let mut begun = pipe::OpenOptions::new().read_write(true).open_receiver(folder.join("begun")).unwrap();
        let running = git.ask().start(&["add", "file"]).unwrap();
        begun.read_exact(&mut [0; 2]).await.unwrap();
        assert!(folder.join(".git/index.lock").exists());
        running
    }

    #[tokio::test]
    async fn a_command_that_is_ended_leaves_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        let mut running = held(folder.path()).await;
        running.end().await.unwrap();
        assert!(!folder.path().join(".git/index.lock").exists());
    }
}
