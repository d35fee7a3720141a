//! A pseudo-terminal, from the side that is no program's.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;

use octobot_wire::terminal::TerminalSize;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::process::Pid;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, Winsize, tcgetattr, tcgetpgrp, tcsetattr, tcsetwinsize,
};
use tokio::io::unix::AsyncFd;

/// The end of a pseudo-terminal at which somebody sits.
#[derive(Debug)]
pub struct Pty {
    master: AsyncFd<OwnedFd>,
}

impl Pty {
    /// Opens one, and returns its end for programs as well.
    pub fn open(size: TerminalSize) -> io::Result<(Self, OwnedFd)> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let end = ioctl_tiocgptpeer(&master, OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        let mut attributes = tcgetattr(&end)?;
        // Erasing a character erases all its bytes.
        attributes.input_modes |= InputModes::IUTF8;
        tcsetattr(&end, OptionalActions::Now, &attributes)?;
        fcntl_setfl(&master, fcntl_getfl(&master)? | OFlags::NONBLOCK)?;
        let pty = Self { master: watched(master)? };
        pty.resize(size)?;
        Ok((pty, end))
    }

    /// Gives it a size, which its programs hear of if it is another one.
    pub fn resize(&self, size: TerminalSize) -> io::Result<()> {
        let size = Winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
        Ok(tcsetwinsize(self.master.get_ref(), size)?)
    }

    /// Waits until something was printed, and reads it, as much as fits; 0 when no program has it open any more. Can be dropped
    /// and called again.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.master.readable().await?;
            match self.read_ready(buffer)? {
                Some(read) => return Ok(read),
                None => ready.clear_ready(),
            }
        }
    }

    /// Reads what was printed already; `None` when there is nothing at the moment.
    pub fn read_ready(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let mut filled = 0;
        while filled < buffer.len() {
            match rustix::io::read(self.master.get_ref(), &mut buffer[filled..]) {
                // This is how the kernel says that the other end is closed. It says so again at the next read.
                Ok(0) | Err(Errno::IO) => return Ok(Some(filled)),
                Ok(read) => filled += read,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) if filled == 0 => return Ok(None),
                Err(Errno::AGAIN) => break,
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(Some(filled))
    }

    /// Waits until its programs take input, and writes as much as they take. Can be dropped and called again.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.master.writable().await?;
            match rustix::io::write(self.master.get_ref(), bytes) {
                Ok(written) => return Ok(written),
                // Nobody is left who could take it, and it stays ready for ever.
                Err(Errno::AGAIN) if ready.ready().is_write_closed() => return Ok(bytes.len()),
                Err(Errno::IO) => return Ok(bytes.len()),
                Err(Errno::AGAIN) => ready.clear_ready(),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Whether a program runs that reads what terminals answer: one that gets keys as they are pressed, and isn't the shell.
    /// `root` is the shell's parent.
    pub fn takes_replies(&self, root: Pid) -> bool {
        let master = self.master.get_ref();
        let is_raw = tcgetattr(master).is_ok_and(|attributes| !attributes.local_modes.contains(LocalModes::ICANON));
        is_raw && tcgetpgrp(master).is_ok_and(|group| group != root && parent_of(group) != Some(root))
    }
}

#[expect(
    deprecated,
    reason = "the successor is unsafe, and what it wants promised holds: the descriptor is owned here"
)]
fn watched(master: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::new(master)
}

/// The parent of a process; none when it is gone.
fn parent_of(process: Pid) -> Option<Pid> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
    // The second field, the name, is in parentheses and may hold anything; the fourth is the parent.
    let (_, after_name) = stat.rsplit_once(')')?;
    Pid::from_raw(after_name.split_ascii_whitespace().nth(1)?.parse().ok()?)
}
