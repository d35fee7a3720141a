//! The way of the cloned process from a copy of the supervisor to process 1 of a sandbox: it builds its root, gives up
//! every right, and executes the agent. One thread, no way back.

use std::convert::Infallible;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, Command, Stdio};

use octobot_inlet::Inlets;
use rustix::fs::{Mode, OFlags};
use rustix::process::{Resource, Rlimit, Signal};
use rustix::thread::{CapabilitySet, CapabilitySets};

use super::baggage::{self, AGENT, HOME};
use super::identity::Identity;
use super::protocol::{Plan, SetupError, Step};
use super::{root, sys};
use crate::sandbox::network;

/// The highest number of open files that the sandbox's processes may ask for.
const MAX_OPEN_FILES: u64 = 65_536;

/// Where programs are looked for first: what the session itself has installed.
const OWN_PATH: &str = "/home/octobot/.local/bin";

/// Where they are looked for last. Tool folders come before it: who grants a newer Node wants that one.
const SYSTEM_PATH: &str = ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What becomes of the process in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errand {
    /// It is process 1 of a session's sandbox.
    Agent,
    /// It ends with success: that it came so far is the answer.
    Nothing,
}

/// What the cloned process has to know.
#[derive(Debug)]
pub(super) struct Assignment<'a> {
    /// The sandbox.
    pub plan: &'a Plan,
    /// Its users.
    pub identity: Identity,
    /// What to become.
    pub errand: Errand,
    /// Whether nothing else bounds the number of processes.
    pub bound_processes: bool,
}

/// Does all of it. `go` gives one byte when the supervisor has mapped the ids, another when it has put this process into its
/// control groups, and ends when the supervisor does. The sockets that lead out go to `keeper`.
pub(super) fn become_process_1(
    assignment: &Assignment<'_>,
    go: &mut io::PipeReader,
    keeper: UnixStream,
) -> Result<Infallible, SetupError> {
    await_go(go)?;
    let passed = Inlets::open().and_then(|inlets| inlets.pass(&keeper));
    passed.map_err(SetupError::at(Step::Network))?;
    drop(keeper);
    rustix::process::umask(Mode::from_raw_mode(0o022));
    rustix::system::sethostname(b"octobot").map_err(SetupError::about(Step::Rights, "over the host name"))?;
    root::detach_mounts()?;
    let baggage = baggage::pack(assignment.plan, assignment.errand == Errand::Agent)?;
    assignment.identity.become_builder().map_err(SetupError::at(Step::IdMaps))?;
    root::enter(baggage, assignment.plan.limits.memory_bytes)?;
    await_go(go)?;
    // Once the process is in its groups: the namespace's root is where it is then.
    sys::enter_new_cgroup_namespace().map_err(SetupError::about(Step::Namespaces, "for control groups"))?;
    give_up_rights(assignment)?;
    die_with_supervisor(go)?;
    match assignment.errand {
        Errand::Nothing => process::exit(0),
        Errand::Agent => Err(SetupError::at(Step::Exec)(agent(assignment.plan).exec())),
    }
}

fn await_go(go: &mut io::PipeReader) -> Result<(), SetupError> {
    go.read_exact(&mut [0]).map_err(SetupError::at(Step::Handshake))
}

/// From here on no process of the sandbox has a capability or can get one, not by a set-user-id program either.
fn give_up_rights(assignment: &Assignment<'_>) -> Result<(), SetupError> {
    let failed = |what| SetupError::about::<rustix::io::Errno>(Step::Rights, what);
    limit_resources(assignment).map_err(failed("over resources"))?;
    drop(sys::join_new_session_keyring()); // A kernel without keyrings has no keys to see.
    drop_bounding_set().map_err(failed("that programs may have"))?;
    assignment.identity.become_sandbox_user().map_err(SetupError::about(Step::Rights, "of root"))?;
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    rustix::thread::set_capabilities(None, sets).map_err(failed("in the namespaces"))?;
    rustix::thread::set_no_new_privs(true).map_err(failed("to new rights"))?;
    Ok(())
}

fn limit_resources(assignment: &Assignment<'_>) -> rustix::io::Result<()> {
    let set = |resource, value| {
        let limit = Rlimit { current: Some(value), maximum: Some(value) };
        rustix::process::setrlimit(resource, limit)
    };
    let most = rustix::process::getrlimit(Resource::Nofile).maximum.unwrap_or(MAX_OPEN_FILES);
    set(Resource::Nofile, most.min(MAX_OPEN_FILES))?;
    set(Resource::Core, 0)?;
    if assignment.bound_processes {
        // In a user namespace of its own the kernel counts only the sandbox's processes.
        set(Resource::Nproc, assignment.plan.limits.pids.into())?;
    }
    Ok(())
}

fn drop_bounding_set() -> rustix::io::Result<()> {
    for capability in (0..u64::BITS).map(|number| CapabilitySet::from_bits_retain(1 << number)) {
        match rustix::thread::remove_capability_from_bounding_set(capability) {
            // The first number that the kernel doesn't know: there are no more.
            Err(rustix::io::Errno::INVAL) => break,
            result => result?,
        }
    }
    Ok(())
}

/// Ties this process to the supervisor's life. Changing users undoes it, so it comes last; should the supervisor have died
/// before, its end of the pipe is closed.
fn die_with_supervisor(go: &mut io::PipeReader) -> Result<(), SetupError> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(SetupError::at(Step::Handshake))?;
    rustix::fs::fcntl_setfl(&*go, OFlags::NONBLOCK).map_err(SetupError::at(Step::Handshake))?;
    match go.read(&mut [0]) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(SetupError::at(Step::Handshake)(error)),
        Ok(_) => process::exit(1),
    }
}

fn agent(plan: &Plan) -> Command {
    let tools = plan.tool_dirs.iter().map(|folder| format!(":{}", folder.join("bin").display()));
    let shell = if Path::new("/bin/bash").exists() { "/bin/bash" } else { "/bin/sh" };
    let variables = network::variables();
    let names: Vec<_> = variables.iter().map(|(name, _)| *name).collect();
    sys::unblock_signals();
    let mut command = Command::new(AGENT);
    command
        .args(["init", "--", "--listen", "unix:/.data/run/agent.sock", "--token-file", "/.data/run/token"])
        .args(["--data", "/.data/events", "--workspace", "/home/octobot/workspace", "--home", HOME])
        .args(["--pass", &names.join(",")])
        .env_clear()
        .env("PATH", tools.fold(OWN_PATH.to_owned(), |path, tool| path + &tool) + SYSTEM_PATH)
        .envs(variables)
        .envs([("HOME", HOME), ("USER", "octobot"), ("LOGNAME", "octobot"), ("SHELL", shell), ("LANG", "C.UTF-8")])
        .current_dir(HOME)
        .stdin(Stdio::null());
    command
}
