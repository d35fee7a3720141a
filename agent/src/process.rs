//! A running script, agent or shell: its root process, what connects it with the daemon, and the socket on which it is told
//! to stop.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Pid;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};

use crate::control::{self, Mark, Order, ROOT_VARIABLE, Report};
use crate::environment::Environment;

/// What to run.
#[derive(Debug)]
pub struct Launch {
    /// What its processes carry.
    pub mark: Mark,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Its environment.
    pub environment: Environment,
    /// The folder it starts in.
    pub folder: PathBuf,
}

/// A script or an agent that runs: its root process.
#[derive(Debug)]
pub struct Process {
    control: BufReader<UnixStream>,
    report: Vec<u8>,
    child: Child,
}

impl Process {
    /// Starts it. The pipe brings what it prints: standard output and errors in the order in which they were written.
    pub fn start(launch: &Launch) -> io::Result<(Self, pipe::Receiver)> {
        let (printed, output) = std::io::pipe()?;
        let (control, root_control) = sockets()?;
        let mut command = root_process(&["run", "--"], launch);
        command.stdin(root_control).stdout(output.try_clone()?).stderr(output);
        let process = Self { child: command.spawn()?, control: BufReader::new(control), report: Vec::new() };
        Ok((process, pipe::Receiver::from_owned_fd(printed.into())?))
    }

    /// Starts one that converses: what is written to the socket is its standard input, what comes from there its
    /// standard output. The pipe brings its errors.
    pub fn converse(launch: &Launch) -> io::Result<(Self, UnixStream, pipe::Receiver)> {
        let (errors, error_output) = std::io::pipe()?;
        let (control, root_control) = sockets()?;
        let (conversation, root_conversation) = sockets()?;
        let mut command = root_process(&["run", "--converse", "--"], launch);
        command.stdin(root_conversation).stdout(root_control).stderr(error_output);
        let process = Self { child: command.spawn()?, control: BufReader::new(control), report: Vec::new() };
        Ok((process, conversation, pipe::Receiver::from_owned_fd(errors.into())?))
    }

    /// Starts one in a terminal, whose end for programs is given: its input, output and errors.
    pub fn in_terminal(launch: &Launch, terminal: OwnedFd) -> io::Result<Self> {
        let (control, root_control) = sockets()?;
        let mut command = root_process(&["run", "--terminal", "--"], launch);
        command.stdin(terminal).stdout(root_control);
        Ok(Self { child: command.spawn()?, control: BufReader::new(control), report: Vec::new() })
    }

    /// The id of its root process; none when it has been reaped.
    pub fn id(&self) -> Option<Pid> {
        self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
    }

    /// Orders it to stop. If it has just ended there is nobody to take the order.
    pub async fn stop(&mut self, grace: Duration) {
        let grace_ms = u64::try_from(grace.as_millis()).expect("a grace is a few seconds");
        if let Err(error) = self.control.get_mut().write_all(&control::line(&Order::Stop { grace_ms })).await {
            tracing::debug!(error = %error, "the tool call ended before it could be stopped");
        }
    }

    /// Its last word; none when its root process died without one. Can be dropped and called again.
    pub async fn report(&mut self) -> Option<Report> {
        match self.control.read_until(b'\n', &mut self.report).await {
            Ok(1..) => serde_json::from_slice(&self.report).ok(),
            Ok(0) | Err(_) => None,
        }
    }

    /// Reaps the root process.
    pub async fn reap(mut self) -> io::Result<()> {
        self.child.wait().await.map(|_| ())
    }
}

/// A socket for the daemon, and its other end for the root process.
fn sockets() -> io::Result<(UnixStream, Stdio)> {
    let (ours, theirs) = StdUnixStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((UnixStream::from_std(ours)?, Stdio::from(OwnedFd::from(theirs))))
}

fn root_process(arguments: &[&str], launch: &Launch) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command
        .arg0("octobot-agent")
        .args(arguments)
        .args(&launch.command)
        .env_clear()
        .envs(launch.environment.variables())
        .env(ROOT_VARIABLE, launch.mark.as_str())
        .current_dir(&launch.folder);
    command
}
