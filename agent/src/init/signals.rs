//! Signals as something to wait for: a descriptor to poll. The only place of the agent that needs `unsafe`.

use std::fs::File;
use std::io::{self, Read as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::process::Signal;

/// Signals that are held back from their usual effect and read from here instead.
#[derive(Debug)]
pub struct Signals {
    file: File,
}

impl Signals {
    /// Holds these signals back from the calling thread, which must be the only one.
    #[expect(unsafe_code, reason = "neither the standard library nor rustix has signal masks or signalfd")]
    pub fn watch(signals: &[Signal]) -> io::Result<Self> {
        let mut set = MaybeUninit::uninit();
        // SAFETY: `sigemptyset` initialises the set that it is given, `sigaddset` and the calls below get that set;
        // the null pointer asks `sigprocmask` not to tell the former mask.
        let descriptor = unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            for signal in signals {
                libc::sigaddset(set.as_mut_ptr(), signal.as_raw());
            }
            if libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut()) != 0 {
                return Err(io::Error::last_os_error());
            }
            libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
        };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just made this descriptor, and nothing else knows of it.
        let owned = unsafe { OwnedFd::from_raw_fd(descriptor) };
        Ok(Self { file: File::from(owned) })
    }

    /// Lets a child have all signals again: it would inherit what is held back.
    #[expect(unsafe_code, reason = "the standard library leaves a child's signal mask alone")]
    pub fn release_in(command: &mut Command) {
        let release = || {
            let mut none = MaybeUninit::uninit();
            // SAFETY: as in `watch`.
            let outcome = unsafe {
                libc::sigemptyset(none.as_mut_ptr());
                libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut())
            };
            if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
        };
        // SAFETY: between fork and exec the closure makes two calls that are safe in a signal handler.
        unsafe { command.pre_exec(release) };
    }

    /// The next signal that has arrived, if one has.
    pub fn next(&mut self) -> io::Result<Option<Signal>> {
        let mut information = [0; size_of::<libc::signalfd_siginfo>()];
        match self.file.read_exact(&mut information) {
            Ok(()) => {
                // The number is the first field, 32 bits wide.
                let (number, _) = information.split_first_chunk().expect("the record is longer than 4 bytes");
                Ok(Signal::from_named_raw(i32::from_ne_bytes(*number)))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Kills every process that this one may signal, except itself. For process 1 of a process namespace only.
#[expect(unsafe_code, reason = "rustix has no way to say `every process`")]
pub fn kill_everything() {
    // SAFETY: `kill` has no memory effects. A failure means that there was nothing left to kill.
    unsafe { libc::kill(-1, libc::SIGKILL) };
}
