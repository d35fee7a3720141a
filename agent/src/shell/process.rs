//! A running script: its root process, the pipe that it prints to, and the socket on which it is told to stop.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use octobot_wire::TurnId;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};

use crate::control::{self, Order, ROOT_VARIABLE, Report};
use crate::shell::environment::Environment;

/// What to run.
#[derive(Debug)]
pub struct Launch {
    /// The turn that it is for.
    pub turn_id: TurnId,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Its environment.
    pub environment: Environment,
    /// The folder it starts in.
    pub folder: PathBuf,
}

/// A script that runs: its root process.
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
        let (control, root_control) = StdUnixStream::pair()?;
        control.set_nonblocking(true)?;
        let mut command = Command::new("/proc/self/exe");
        command
            .arg0("octobot-agent")
            .args(["run", "--"])
            .args(&launch.command)
            .env_clear()
            .envs(launch.environment.variables())
            .env(ROOT_VARIABLE, launch.turn_id.to_string())
            .current_dir(&launch.folder)
            .stdin(Stdio::from(OwnedFd::from(root_control)))
            .stdout(output.try_clone()?)
            .stderr(output);
        let control = BufReader::new(UnixStream::from_std(control)?);
        let process = Self { child: command.spawn()?, control, report: Vec::new() };
        Ok((process, pipe::Receiver::from_owned_fd(printed.into())?))
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
