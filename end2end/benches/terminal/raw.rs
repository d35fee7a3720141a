//! A pseudo-terminal that is read and nothing else: as fast as one can be.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};

/// How long `cat` of a file takes.
pub fn flood(file: &Path) -> Result<Duration> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = openpt(flags)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let end = ioctl_tiocgptpeer(&master, flags)?;
    let begun = Instant::now();
    let mut cat = Command::new("cat");
    cat.arg(file).stdin(Stdio::null()).stdout(end).stderr(Stdio::null());
    let mut child = cat.spawn()?;
    drop(cat);
    let (mut buffer, mut read) = (vec![0; 64 * 1024], 0);
    loop {
        match rustix::io::read(&master, &mut buffer) {
            Ok(0) | Err(Errno::IO) => break,
            Ok(length) => read += length,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    let took = begun.elapsed();
    child.wait()?;
    ensure!(read >= super::FLOOD_MIB << 20, "only {read} bytes came");
    Ok(took)
}
