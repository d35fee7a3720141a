//! The root process of a tool call, an agent or a terminal's shell: starts the command, reports how it ended, and ends all of it when told to.
//!
//! It is a subreaper, so every descendant of the command, also one that made itself a daemon, stays below it until it
//! exits. Hence "no child left" is an exact end of a stop, without a race. What a tool call leaves running when it ends
//! by itself goes on, as a child of process 1. What an agent leaves ends with it: nobody could tell it from what it will
//! start when it is started again, and an agent also ends by itself when its daemon has died. What a terminal's shell leaves
//! ends with it, too, as it has lost its terminal.

use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpid, ioctl_tiocsctty, set_child_subreaper, setsid, wait,
};

use crate::arguments::RunArguments;
use crate::control::{self, MARK_VARIABLE, Order, ROOT_VARIABLE, Report};
use crate::descendants;
use crate::init::signals::Signals;

/// How long to wait for killed processes to end before those are killed that were born meanwhile.
const KILL_INTERVAL: Duration = Duration::from_millis(20);

/// How long what a terminal's shell has left may take to end by itself.
const HANG_UP_GRACE: Duration = Duration::from_secs(1);

/// Runs the command. Orders come and the report goes over a socket: standard input, or for one that converses or has a
/// terminal standard output, because the command's own input and output are then what is at standard input.
pub fn run(arguments: &RunArguments) -> io::Result<ExitCode> {
    setsid()?;
    if arguments.terminal {
        // The terminal belongs to this process's session. A shell in it makes a process group of its own by itself.
        ioctl_tiocsctty(io::stdin())?;
    }
    set_child_subreaper(Some(getpid()))?;
    let signals = Signals::watch(&[Signal::CHILD, Signal::TERM, Signal::INT, Signal::QUIT, Signal::HUP])?;
    let has_own_input = arguments.converse || arguments.terminal;
    let control = if has_own_input { io::stdout().as_fd().try_clone_to_owned() } else { own_input() };
    let control = UnixStream::from(control?);
    control.set_nonblocking(true)?;
    let shell = match start(arguments) {
        Ok(shell) => shell,
        Err(error) => {
            report(&control, &Report::NotStarted { reason: error.to_string() });
            return Ok(ExitCode::FAILURE);
        }
    };
    let orders = Orders { control, partial: Vec::new(), daemon_is_gone: false };
    let leftovers = match arguments {
        RunArguments { terminal: true, .. } => Leftovers::HangUp,
        RunArguments { converse: true, .. } => Leftovers::End,
        RunArguments { .. } => Leftovers::Leave,
    };
    let mut root = Root { shell, status: None, signals, orders, stop: None, leftovers, ended_itself: false };
    let last_word = root.attend()?;
    report(&root.orders.control, &last_word);
    Ok(ExitCode::SUCCESS)
}

fn start(arguments: &RunArguments) -> io::Result<Pid> {
    let (program, rest) = arguments.command.split_first().expect("the command line requires a command");
    let mut command = Command::new(program);
    command.args(rest).env_remove(ROOT_VARIABLE);
    if arguments.terminal {
        command.stdin(own_input()?).stdout(own_input()?).stderr(own_input()?);
    } else if arguments.converse {
        command.process_group(0).stdin(own_input()?).stdout(own_input()?);
    } else {
        // A process group of its own, so that a script's `kill 0` doesn't reach this process.
        command.process_group(0).stdin(Stdio::null());
    }
    if let Some(turn) = std::env::var_os(ROOT_VARIABLE) {
        command.env(MARK_VARIABLE, turn);
    }
    Signals::release_in(&mut command);
    Ok(Pid::from_child(&command.spawn()?))
}

fn own_input() -> io::Result<OwnedFd> {
    io::stdin().as_fd().try_clone_to_owned()
}

/// Tells the daemon. If the daemon is gone there is nobody to tell.
fn report(mut control: &UnixStream, report: &Report) {
    if let Err(error) = control.write_all(&control::line(report)) {
        tracing::debug!(error = %error, "nobody takes the report");
    }
}

struct Root {
    shell: Pid,
    status: Option<WaitStatus>,
    signals: Signals,
    orders: Orders,
    stop: Option<Stop>,
    /// What becomes of what the command has left.
    leftovers: Leftovers,
    /// Whether the stop that is under way is only for what the command has left.
    ended_itself: bool,
}

/// What becomes of the processes that a command leaves when it ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leftovers {
    /// They go on.
    Leave,
    /// They end at once.
    End,
    /// They are told that their terminal is gone, and end.
    HangUp,
}

impl Leftovers {
    /// The signals that ask to end. An interactive shell ends by SIGHUP only.
    fn signals(self) -> &'static [Signal] {
        match self {
            Self::Leave | Self::End => &[Signal::TERM],
            Self::HangUp => &[Signal::HUP, Signal::TERM],
        }
    }

    fn grace(self) -> Duration {
        if self == Self::HangUp { HANG_UP_GRACE } else { Duration::ZERO }
    }
}

/// A stop that is under way.
struct Stop {
    kill_at: Instant,
}

impl Root {
    fn attend(&mut self) -> io::Result<Report> {
        loop {
            let has_children = self.reap()?;
            match (&mut self.stop, self.status) {
                (Some(_), Some(status)) if !has_children && self.ended_itself => return Ok(ended(status)),
                (Some(_), _) if !has_children => return Ok(Report::Stopped { left: 0 }),
                (Some(stop), _) if stop.kill_at <= Instant::now() => {
                    let refused = descendants::end()?;
                    if refused > 0 && refused == descendants::all()?.len() {
                        return Ok(Report::Stopped { left: refused });
                    }
                    stop.kill_at = Instant::now() + KILL_INTERVAL;
                }
                (None, Some(status)) if self.leftovers == Leftovers::Leave || !has_children => {
                    return Ok(ended(status));
                }
                (None, Some(_)) => {
                    self.ended_itself = true;
                    let grace_ms = u64::try_from(self.leftovers.grace().as_millis()).expect("a grace is a second");
                    self.obey(Order::Stop { grace_ms })?;
                    continue;
                }
                _ => {}
            }
            self.await_news()?;
            // What a signal means is seen by reaping; this process heeds no other.
            while self.signals.next()?.is_some() {}
            while let Some(order) = self.orders.next()? {
                self.obey(order)?;
            }
        }
    }

    fn obey(&mut self, Order::Stop { grace_ms }: Order) -> io::Result<()> {
        let kill_at = Instant::now() + Duration::from_millis(grace_ms);
        if let Some(stop) = &mut self.stop {
            stop.kill_at = stop.kill_at.min(kill_at);
        } else {
            self.stop = Some(Stop { kill_at });
            descendants::ask_to_end(self.leftovers.signals())?;
        }
        Ok(())
    }

    /// Reaps what has ended and tells whether any child is left.
    fn reap(&mut self) -> io::Result<bool> {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == self.shell => self.status = Some(status),
                Ok(Some(_)) => {}
                Ok(None) => return Ok(true),
                Err(Errno::CHILD) => return Ok(false),
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Waits for a signal, an order, the daemon's death, or the time to kill.
    fn await_news(&self) -> io::Result<()> {
        let timeout = self.stop.as_ref().map(|stop| {
            let left = stop.kill_at.saturating_duration_since(Instant::now());
            Timespec::try_from(left).expect("a grace is a few seconds")
        });
        let mut sources = [PollFd::new(&self.signals, PollFlags::IN), PollFd::new(&self.orders.control, PollFlags::IN)];
        // Once the daemon is gone its end of the socket is ready for ever.
        let watched = if self.orders.daemon_is_gone { &mut sources[..1] } else { &mut sources[..] };
        match poll(watched, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }
}

/// What the daemon wants.
struct Orders {
    control: UnixStream,
    /// The start of an order whose end hasn't come yet.
    partial: Vec<u8>,
    daemon_is_gone: bool,
}

impl Orders {
    /// The next order, if there is one. The daemon's death is an order to stop at once.
    fn next(&mut self) -> io::Result<Option<Order>> {
        loop {
            if let Some(end) = self.partial.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.partial.drain(..=end).collect();
                return Ok(Some(serde_json::from_slice(&line)?));
            }
            if self.daemon_is_gone {
                return Ok(None);
            }
            let mut chunk = [0; 256];
            match self.control.read(&mut chunk) {
                Ok(0) => {
                    self.daemon_is_gone = true;
                    return Ok(Some(Order::Stop { grace_ms: 0 }));
                }
                Ok(read) => self.partial.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                    self.daemon_is_gone = true;
                    return Ok(Some(Order::Stop { grace_ms: 0 }));
                }
                Err(error) => return Err(error),
            }
        }
    }
}

fn ended(status: WaitStatus) -> Report {
    let byte = |number: i32| u8::try_from(number).expect("statuses and signals are small");
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Report::Exited { code: byte(code) },
        (None, Some(signal)) => Report::Killed { signal: byte(signal) },
        (None, None) => unreachable!("wait tells only of ended processes when it isn't asked for others"),
    }
}
