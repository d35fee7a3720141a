//! What process 1 does in an engine's container before the daemon starts: the image may be anybody's.
//!
//! It runs as root with the few capabilities that the engine leaves it, and gives them up for everybody after it. Here
//! belongs what needs root; what doesn't is the daemon's business.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::thread::{CapabilitySet, remove_capability_from_bounding_set};

use crate::arguments::ContainerArguments;
use crate::environment::Environment;
use crate::init::account::{Account, Accounts};
use crate::init::outlet;

/// Whoever gets as far as the socket may connect; the token decides about the rest.
const SOCKET_MODE: u32 = 0o666;

/// A container that is ready for the daemon.
#[derive(Debug)]
pub struct Container {
    /// Where the daemon is reached. It outlives a daemon that dies, so that a call then waits for the next one.
    pub listener: UnixListener,
    /// The name of the sandbox's user.
    pub user: String,
}

/// Why a container can't be made ready.
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    /// The image lacks a program.
    #[error("the image has no {what} in {path}")]
    Missing {
        /// The program.
        what: &'static str,
        /// The search path.
        path: String,
    },
    /// The kernel refused something.
    #[error("can't {action}")]
    System {
        /// What was tried.
        action: String,
        /// The kernel's answer.
        source: io::Error,
    },
}

/// Makes the user, its folders and the socket, and gives up every right for whoever is started from here.
pub fn prepare(arguments: &ContainerArguments, uid: u32, gid: u32) -> Result<Container, ContainerError> {
    let user = ensure_user(arguments, uid, gid).map_err(system("add the sandbox's user to /etc/passwd"))?;
    require_programs(arguments, &user)?;
    for folder in &arguments.folders {
        own(folder.as_ref(), uid, gid).map_err(system(&format!("make the folder {}", folder.as_str())))?;
    }
    hand_over(&arguments.secret, arguments.token.as_ref(), uid, gid).map_err(system("hand over the token"))?;
    if let Some(proxy) = &arguments.outlet {
        outlet::open(proxy).map_err(system("open the way out"))?;
    }
    let listener = bind(&arguments.socket).map_err(system("make the daemon's socket"))?;
    drop_bounding_set().map_err(system("give up capabilities"))?;
    Ok(Container { listener, user })
}

fn system(action: &str) -> impl FnOnce(io::Error) -> ContainerError + use<> {
    let action = action.to_owned();
    move |source| ContainerError::System { action, source }
}

/// The name that the image has for the user, or ours after it was added.
fn ensure_user(arguments: &ContainerArguments, uid: u32, gid: u32) -> io::Result<String> {
    let accounts = Accounts { passwd: read("/etc/passwd")?, group: read("/etc/group")? };
    let account = Account { name: "octobot", uid, gid, home: arguments.home.as_str() };
    let (user, additions) = accounts.complete(&account);
    for (file, line) in additions {
        fs::create_dir_all("/etc")?;
        OpenOptions::new().append(true).create(true).mode(0o644).open(file)?.write_all(line.as_bytes())?;
    }
    Ok(user)
}

/// The content of a file that an image may lack.
fn read(path: &str) -> io::Result<String> {
    match fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
}

/// Looks for what no session can do without, so that its absence is told before anything is built on it.
fn require_programs(arguments: &ContainerArguments, user: &str) -> Result<(), ContainerError> {
    let environment = Environment::of_user(user, arguments.home.as_str(), std::env::var("PATH").ok());
    let path = || environment.path().to_owned();
    let has = |program| environment.find_program(program).is_some();
    if !has("bash") && !has("sh") {
        return Err(ContainerError::Missing { what: "shell, neither bash nor sh,", path: path() });
    }
    if !has("git") {
        return Err(ContainerError::Missing { what: "git", path: path() });
    }
    Ok(())
}

/// Makes a folder where there is none, and gives it to the user; what is in it has its owner already.
fn own(folder: &Path, uid: u32, gid: u32) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
    chown(folder, Some(uid), Some(gid))
}

/// Copies the token, which only root reads, to where only the user reads it.
fn hand_over(from: &Path, to: &Path, uid: u32, gid: u32) -> io::Result<()> {
    let token = fs::read(from)?;
    match fs::remove_file(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    file.write_all(&token)?;
    chown(to, Some(uid), Some(gid))
}

/// A socket that is already there is left from an earlier life of this container.
fn bind(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, Permissions::from_mode(SOCKET_MODE))?;
    Ok(listener)
}

/// From here on no process that is started can get a capability. This one keeps those that it has.
fn drop_bounding_set() -> io::Result<()> {
    for capability in (0..u64::BITS).map(|number| CapabilitySet::from_bits_retain(1 << number)) {
        match remove_capability_from_bounding_set(capability) {
            // The first number that the kernel doesn't know: there are no more.
            Err(rustix::io::Errno::INVAL) => break,
            result => result?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_from_an_earlier_life_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.sock");
        drop(bind(&path).unwrap());
        assert!(std::os::unix::net::UnixStream::connect(&path).is_err(), "nobody listens");
        let _listener = bind(&path).unwrap();
        std::os::unix::net::UnixStream::connect(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, SOCKET_MODE);
    }

    #[test]
    fn a_token_is_replaced_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::write(&from, "new").unwrap();
        fs::write(&to, "an older and longer one").unwrap();
        let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        hand_over(&from, &to, uid, gid).unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "new");
        assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
