//! Process 1 of a sandbox: starts the daemon, starts it again when it dies, forwards signals, reaps every orphan.
//!
//! Synchronous, no runtime and no HTTP: what process 1 doesn't do can't kill the sandbox. One thread, and another that only
//! waits for the proxy's end. The daemon is a
//! child, so that reaping here never takes an exit status from it.

mod account;
mod container;
mod outlet;
mod restart;
pub mod signals;

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use octobot_wire::daemon::UNSUITABLE_IMAGE_STATUS;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, set_child_subreaper, wait};

use crate::arguments::InitArguments;
use crate::descendants;
use crate::init::container::{Container, ContainerError};
use crate::init::restart::Restarts;
use crate::init::signals::Signals;

/// How long the daemon has to end after it was asked to.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

/// The status with which process 1 ends when the daemon had to be killed, as if SIGKILL had ended it.
const KILLED_STATUS: u8 = 128 + 9;

/// Why process 1 can't go on.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The kernel refused something that can't be done without.
    #[error("{action}")]
    System {
        /// What was tried.
        action: &'static str,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The container can't be made fit for a sandbox.
    #[error("the container can't be prepared")]
    Container(#[from] ContainerError),
    /// The daemon can't be started.
    #[error("the daemon can't be started")]
    Start(#[source] io::Error),
    /// The daemon dies again and again.
    #[error("the daemon dies again and again, the last time with status {last}")]
    DiesTooOften {
        /// The status of the last death.
        last: u8,
    },
}

/// Runs until the daemon has ended after a request to shut down.
pub fn run(arguments: &InitArguments) -> Result<ExitCode, InitError> {
    let system = |action| move |source: io::Error| InitError::System { action, source };
    let signals = Signals::watch(&[Signal::CHILD, Signal::TERM, Signal::INT, Signal::QUIT, Signal::HUP])
        .map_err(system("hold signals back"))?;
    // As process 1 of a namespace it gets the orphans anyway; this is for engines that put another one before it.
    set_child_subreaper(Some(getpid())).map_err(|errno| system("adopt orphans")(errno.into()))?;
    let container = match prepare(arguments) {
        Err(InitError::Container(error @ ContainerError::Missing { .. })) => {
            // This line is for the person who chose the image.
            eprintln!("{error}");
            return Ok(ExitCode::from(UNSUITABLE_IMAGE_STATUS));
        }
        prepared => prepared?,
    };
    let daemon = Daemon::Due(Instant::now());
    let mut init = Init { arguments, container, signals, restarts: Restarts::default(), daemon };
    init.supervise().inspect_err(|_| end_everything())
}

/// Prepares the container, where this is one.
fn prepare(arguments: &InitArguments) -> Result<Option<Container>, InitError> {
    let (Some(container), Some(uid), Some(gid)) = (&arguments.container, arguments.uid, arguments.gid) else {
        return Ok(None);
    };
    Ok(Some(container::prepare(container, uid, gid)?))
}

struct Init<'a> {
    arguments: &'a InitArguments,
    container: Option<Container>,
    signals: Signals,
    restarts: Restarts,
    daemon: Daemon,
}

/// Where the daemon stands.
#[derive(Clone, Copy)]
enum Daemon {
    /// It is to be started at this time.
    Due(Instant),
    /// It runs.
    Running(Pid),
    /// It was asked to end and is killed at this time.
    Ending(Pid, Instant),
}

impl Init<'_> {
    fn supervise(&mut self) -> Result<ExitCode, InitError> {
        loop {
            let now = Instant::now();
            let wake_at = match self.daemon {
                Daemon::Due(at) if at <= now => {
                    self.daemon = Daemon::Running(start_daemon(self.arguments, self.container.as_ref())?);
                    continue;
                }
                Daemon::Ending(_, at) if at <= now => {
                    tracing::warn!("the daemon didn't end within {} s and is killed", SHUTDOWN_GRACE.as_secs());
                    end_everything();
                    return Ok(ExitCode::from(KILLED_STATUS));
                }
                Daemon::Due(at) | Daemon::Ending(_, at) => Some(at),
                Daemon::Running(_) => None,
            };
            await_signal(&self.signals, wake_at.map(|at| at - now))
                .map_err(|source| InitError::System { action: "wait for a signal", source })?;
            if let Some(code) = self.take_signals()? {
                return Ok(code);
            }
        }
    }

    fn take_signals(&mut self) -> Result<Option<ExitCode>, InitError> {
        let failed = |source| InitError::System { action: "read a signal", source };
        while let Some(signal) = self.signals.next().map_err(failed)? {
            let code = match signal {
                Signal::CHILD => self.reap()?,
                Signal::HUP => self.forward(signal),
                _ => self.shut_down(signal),
            };
            if code.is_some() {
                return Ok(code);
            }
        }
        Ok(None)
    }

    fn forward(&self, signal: Signal) -> Option<ExitCode> {
        if let Daemon::Running(pid) | Daemon::Ending(pid, _) = self.daemon {
            // It may just have died; the signal that says so is on its way.
            let _gone = kill_process(pid, signal);
        }
        None
    }

    fn shut_down(&mut self, signal: Signal) -> Option<ExitCode> {
        match self.daemon {
            Daemon::Due(_) => {
                end_everything();
                return Some(ExitCode::SUCCESS);
            }
            Daemon::Running(pid) => self.daemon = Daemon::Ending(pid, Instant::now() + SHUTDOWN_GRACE),
            Daemon::Ending(..) => {}
        }
        self.forward(signal)
    }

    /// Reaps whatever has ended. One signal may stand for many deaths.
    fn reap(&mut self) -> Result<Option<ExitCode>, InitError> {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) => {
                    if let Some(code) = self.note_death(pid, status)? {
                        return Ok(Some(code));
                    }
                }
                Ok(None) | Err(Errno::CHILD) => return Ok(None),
                Err(errno) => return Err(InitError::System { action: "reap", source: errno.into() }),
            }
        }
    }

    fn note_death(&mut self, pid: Pid, status: WaitStatus) -> Result<Option<ExitCode>, InitError> {
        match self.daemon {
            Daemon::Ending(daemon, _) if daemon == pid => {
                end_everything();
                Ok(Some(ExitCode::from(shell_status(status))))
            }
            Daemon::Running(daemon) if daemon == pid => {
                let last = shell_status(status);
                let now = Instant::now();
                let delay = self.restarts.after_death(now).ok_or(InitError::DiesTooOften { last })?;
                tracing::error!(status = last, delay_ms = delay.as_millis(), "the daemon died and is started again");
                self.daemon = Daemon::Due(now + delay);
                Ok(None)
            }
            _ => Ok(None),
        }
    }
}

fn start_daemon(arguments: &InitArguments, container: Option<&Container>) -> Result<Pid, InitError> {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("octobot-agent").arg("daemon").args(&arguments.daemon);
    if let (Some(uid), Some(gid)) = (arguments.uid, arguments.gid) {
        // The standard library also clears the supplementary groups when root becomes somebody else.
        command.gid(gid).uid(uid);
    }
    if let Some(container) = container {
        let listener = container.listener.try_clone().map_err(InitError::Start)?;
        command.stdin(Stdio::from(OwnedFd::from(listener)));
        command.env("USER", &container.user).env("LOGNAME", &container.user);
    }
    Signals::release_in(&mut command);
    let child = command.spawn().map_err(InitError::Start)?;
    Ok(Pid::from_child(&child))
}

/// Ends all that is left, so that nothing outlives the sandbox.
fn end_everything() {
    if getpid().is_init() {
        signals::kill_everything();
    } else if let Err(error) = descendants::end() {
        tracing::error!(error = %error, "processes may be left");
    }
}

/// Waits until a signal has arrived or the time is over.
fn await_signal(signals: &Signals, timeout: Option<Duration>) -> io::Result<()> {
    let timeout = timeout.map(|timeout| Timespec::try_from(timeout).expect("a timeout is a few seconds"));
    match poll(&mut [PollFd::new(signals, PollFlags::IN)], timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// The status as a shell would tell it: the exit status, or 128 and the signal's number.
fn shell_status(status: WaitStatus) -> u8 {
    let status = status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal));
    status.and_then(|status| u8::try_from(status).ok()).unwrap_or(u8::MAX)
}
