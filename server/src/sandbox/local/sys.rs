//! The system calls that no safe wrapper offers, each behind a safe function. The only `unsafe` code of the server.
//!
//! Everything here runs in the sandbox's supervisor, which has one thread, and in the child that becomes process 1.
//! Nothing here knows what it is used for.

#![expect(unsafe_code, reason = "raw system calls; each block says why it is sound")]

use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;
use std::time::Duration;

use rustix::process::{Pid, Signal};

/// Which side of a [`clone_into_new_namespaces`] goes on.
pub(super) enum Cloned {
    /// The new process.
    Child,
    /// The caller; the child's process id as the caller sees it.
    Parent(Pid),
}

/// Forks; the child is in new user, mount, pid, ipc, uts and network namespaces. Unlike `unshare`, this leaves the caller where it is,
/// so that it can write the child's id maps with the caller's own rights.
///
/// The caller must have one thread only: the child gets a copy of every lock, and nobody to release it.
pub(super) fn clone_into_new_namespaces() -> io::Result<Cloned> {
    debug_assert_eq!(rustix::fs::stat("/proc/self/task").map(|task| task.st_nlink), Ok(3), "one thread");
    let namespaces = libc::CLONE_NEWUSER
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWNET;
    let no_pointer = ptr::null_mut::<libc::c_void>();
    // SAFETY: without CLONE_VM and with a null stack this is `fork`: the child has its own copy of all memory. No
    // pointer is passed on. With a single thread no lock can be held by somebody else at this moment.
    let pid = unsafe {
        libc::syscall(libc::SYS_clone, namespaces | libc::SIGCHLD, no_pointer, no_pointer, no_pointer, no_pointer)
    };
    if pid < 0 {
        return Err(io::Error::last_os_error());
    }
    let pid = libc::pid_t::try_from(pid).expect("the kernel's process ids are of this type");
    Ok(Pid::from_raw(pid).map_or(Cloned::Child, Cloned::Parent))
}

/// Puts the calling process into a cgroup namespace whose root is the cgroup that it is in.
pub(super) fn enter_new_cgroup_namespace() -> io::Result<()> {
    // SAFETY: CLONE_NEWCGROUP shares or unshares no memory and no file descriptors.
    Ok(unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWCGROUP) }?)
}

/// Adds attributes (`MOUNT_ATTR_*`) to a mount, and if `recursive` to all mounts beneath it, or to none of them.
pub(super) fn add_mount_attributes(mount: BorrowedFd<'_>, attributes: u64, recursive: bool) -> io::Result<()> {
    let attr = libc::mount_attr { attr_set: attributes, attr_clr: 0, propagation: 0, userns_fd: 0 };
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is a NUL-terminated literal, and `attr` is alive and of the size that is passed.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attr,
            mem::size_of_val(&attr),
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Gives the calling process a new session keyring, so that it doesn't see the caller's keys.
pub(super) fn join_new_session_keyring() -> io::Result<()> {
    const KEYCTL_JOIN_SESSION_KEYRING: libc::c_long = 1;
    // SAFETY: a null name asks for an anonymous keyring; the kernel reads no memory.
    let result = unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, ptr::null::<libc::c_char>()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Closes every descriptor but the three standard ones. To be called before anything has been opened.
pub(super) fn close_inherited() -> io::Result<()> {
    close_range(0)
}

/// Marks every descriptor but the three standard ones to be closed at `exec`.
pub(super) fn close_on_exec_from_3() -> io::Result<()> {
    close_range(libc::CLOSE_RANGE_CLOEXEC)
}

fn close_range(flags: libc::c_uint) -> io::Result<()> {
    // SAFETY: nothing in this process owns the descriptors: it was just executed, or is about to execute another
    // program and only marks them.
    let result = unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, flags) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The signals that a supervisor waits for.
const AWAITED: [Signal; 4] = [Signal::CHILD, Signal::TERM, Signal::INT, Signal::HUP];

/// Blocks the signals that [`next_signal`] waits for.
pub(super) fn block_signals() {
    let set = signal_set(&AWAITED);
    // SAFETY: `set` is initialised, and the old mask isn't asked for.
    unsafe { libc::sigprocmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut()) };
}

/// Undoes [`block_signals`]: a blocked signal would stay blocked in the program that is executed next.
pub(super) fn unblock_signals() {
    let set = signal_set(&[]);
    // SAFETY: as above.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const set, ptr::null_mut()) };
}

/// Waits for one of the blocked signals; `None` when the time is over first.
pub(super) fn next_signal(within: Option<Duration>) -> Option<Signal> {
    let set = signal_set(&AWAITED);
    let limit = within.map(timespec);
    let limit = limit.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: `set` is initialised, `limit` is null or points to a live value, and no siginfo is asked for.
    let signal = unsafe { libc::sigtimedwait(&raw const set, ptr::null_mut(), limit) };
    Signal::from_named_raw(signal)
}

/// Waits until the process that this pidfd names has ended; whether it has.
pub(super) fn wait_for_end(pidfd: BorrowedFd<'_>, within: Duration) -> bool {
    let mut poll = libc::pollfd { fd: pidfd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let limit = timespec(within);
    // SAFETY: one live `pollfd` is passed and its number is 1; `limit` is alive; no signal mask is changed.
    let ready = unsafe { libc::ppoll(&raw mut poll, 1, &raw const limit, ptr::null()) };
    ready == 1
}

fn timespec(duration: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: duration.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}

fn signal_set(signals: &[Signal]) -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `sigemptyset` initialises the set before anything else reads it; the signals are valid numbers.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in signals {
            libc::sigaddset(set.as_mut_ptr(), signal.as_raw());
        }
        set.assume_init()
    }
}
