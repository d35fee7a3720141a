//! The supervisor: a process of one thread that makes one sandbox and stays with it until it ends.
//!
//! It is the server's own program, executed anew, because making namespaces and forking need a process with one
//! thread. It has a session of its own and no tie to the server, which may be killed and started again meanwhile. The
//! sandbox, in turn, is tied to it: when the supervisor is killed, the kernel kills process 1 and with it all others.

use std::fs;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process;
use std::time::{Duration, Instant};

use octobot_inlet::Inlets;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};

use super::cgroup::{Groups, Resource};
use super::folder::SessionFolder;
use super::identity::Identity;
use super::inside::{self, Assignment, Errand};
use super::lock::HeldLock;
use super::outlet::Outlet;
use super::protocol::{Order, Plan, Report, SetupError, Step};
use super::state::{ProcessName, State, clear_leftovers};
use super::sys::{self, Cloned};
use crate::sandbox::private;

/// How long process 1 has after SIGTERM. It gives the daemon 10 s itself and then ends everything.
const GRACE: Duration = Duration::from_secs(11);

/// A log that is longer than this is begun anew.
const MAX_LOG_BYTES: u64 = 4 * 1024 * 1024;

/// Takes an order from standard input, carries it out, and reports on standard output.
pub(super) fn run() -> io::Result<()> {
    // What the server or its parents left open by mistake would stay open for as long as the sandbox runs.
    sys::close_inherited()?;
    // A Ctrl-C in the server's terminal is for the server.
    rustix::process::setsid()?;
    rustix::process::chdir("/")?;
    match serde_json::from_reader(io::stdin().lock())? {
        Order::Probe(plan) => probe(&plan),
        Order::Supervise(plan) => supervise(&plan),
    }
}

fn probe(plan: &Plan) -> io::Result<()> {
    let identity = Identity::of(plan.session);
    let groups = Groups::plan(plan.session);
    let answer = launch(plan, identity, &groups, Errand::Nothing, |_| Ok(()), |_| Ok(()));
    if let Ok((sandbox, ())) = &answer {
        sandbox.reap()?;
    }
    super::cgroup::remove(&groups.paths())?;
    report(&match answer {
        Ok((sandbox, ())) => Report::Started { missing_limits: missing_limits(&sandbox.bounded) },
        Err(error) => Report::Failed(error),
    })
}

fn supervise(plan: &Plan) -> io::Result<()> {
    let folder = SessionFolder::at(plan.folder.clone());
    let Some(_lock) = HeldLock::take(&folder.lock())? else { return report(&Report::AlreadyRunning) };
    redirect_stderr(&folder)?;
    let (sandbox, mut outlet, mut state) = match start(plan, &folder) {
        Ok(started) => started,
        Err(error) => {
            eprintln!("{error}");
            clear_leftovers(&folder)?;
            return report(&Report::Failed(error));
        }
    };
    // The server that ordered the sandbox may be gone. The next one finds it all the same.
    if let Err(error) = report(&Report::Started { missing_limits: missing_limits(&sandbox.bounded) }) {
        eprintln!("nobody took the report: {error}");
    }
    // What is printed later goes to the log; the server's end of the pipe must not stay open.
    rustix::stdio::dup2_stdout(io::stderr())?;
    outlet.connect();
    let status = stay(&sandbox, &mut outlet, |change| {
        match change {
            Change::Stopping => state.stopping = true,
            Change::Proxy(process) => state.proxy = Some(ProcessName::of(process)?),
        }
        state.write(&folder)
    })?;
    eprintln!("process 1 ended: {status:?}");
    drop(outlet);
    // Also where somebody has deleted the folder meanwhile, and the state with it.
    super::cgroup::remove(&state.cgroups)?;
    clear_leftovers(&folder)
}

/// Makes the sandbox. The state is written before anything that would be left behind by a crash.
fn start<'a>(plan: &'a Plan, folder: &SessionFolder) -> Result<(Sandbox, Outlet<'a>, State), SetupError> {
    clear_leftovers(folder).map_err(SetupError::at(Step::Predecessor))?;
    let identity = Identity::of(plan.session);
    folder.prepare_network().map_err(SetupError::about(Step::Folders, folder.proxy().path().display()))?;
    prepare_folders(folder, identity).map_err(SetupError::about(Step::Folders, folder.path().display()))?;
    let groups = Groups::plan(plan.session);
    let mut state = State { cgroups: groups.paths(), ..State::default() };
    state.write(folder).map_err(SetupError::at(Step::Bookkeeping))?;
    let note = |init| {
        state.init = Some(ProcessName::of(init)?);
        state.write(folder)
    };
    let open = |inlets| Outlet::open(plan, inlets);
    let (sandbox, outlet) = launch(plan, identity, &groups, Errand::Agent, note, open)?;
    // Until it is written, the proxy ends by itself should the supervisor die: it loses its line.
    state.proxy = outlet.process().map(ProcessName::of).transpose().map_err(SetupError::at(Step::Proxy))?;
    state.write(folder).map_err(SetupError::at(Step::Bookkeeping))?;
    Ok((sandbox, outlet, state))
}

/// A sandbox whose process 1 runs.
struct Sandbox {
    init: Pid,
    /// The resources that a control group bounds.
    bounded: Vec<Resource>,
    /// Open for as long as the supervisor lives.
    _go: PipeWriter,
}

impl Sandbox {
    /// How process 1 ended, which it is about to.
    fn reap(&self) -> io::Result<Option<WaitStatus>> {
        Ok(rustix::process::waitpid(Some(self.init), WaitOptions::empty())?.map(|(_, status)| status))
    }
}

/// Clones process 1, sets it up from outside, and waits until it is what it should be. Its sockets that lead out are given to
/// `open` as soon as they are there.
fn launch<O>(
    plan: &Plan,
    identity: Identity,
    groups: &Groups,
    errand: Errand,
    note: impl FnOnce(Pid) -> io::Result<()>,
    open: impl FnOnce(Inlets) -> io::Result<O>,
) -> Result<(Sandbox, O), SetupError> {
    let bounded = groups.make(&plan.limits);
    let handshake = || SetupError::at::<io::Error>(Step::Handshake);
    let (mut go_read, mut go) = io::pipe().map_err(handshake())?;
    let (problems, problems_write) = io::pipe().map_err(handshake())?;
    let (keeper, inside_end) = UnixStream::pair().map_err(handshake())?;
    sys::block_signals();
    let assignment = Assignment { plan, identity, errand, bound_processes: !bounded.contains(&Resource::Pids) };
    let init = match sys::clone_into_new_namespaces().map_err(SetupError::at(Step::Namespaces))? {
        Cloned::Child => {
            drop((go, problems, keeper));
            be_child(&assignment, &mut go_read, problems_write, inside_end)
        }
        Cloned::Parent(init) => init,
    };
    drop((go_read, problems_write, inside_end));
    let outcome = equip(init, identity, note).and_then(|()| {
        // With its ids mapped it builds its root, while the kernel takes its time over the groups: version 1 waits for
        // all processors before it moves a process.
        go.write_all(b"i").map_err(handshake())?;
        let inlets = Inlets::take(&keeper).map_err(SetupError::at(Step::Network))?;
        if inlets.is_empty() {
            // It has ended, and says why.
            first_problem(problems)?;
            return Err(SetupError { step: Step::Network, subject: None, errno: 0 });
        }
        let outlet = open(inlets).map_err(SetupError::about(Step::Proxy, plan.proxy.program.display()))?;
        groups.enter(init).map_err(SetupError::about(Step::Bookkeeping, "in control groups"))?;
        go.write_all(b"g").map_err(handshake())?;
        first_problem(problems)?;
        Ok(outlet)
    });
    let sandbox = Sandbox { init, bounded, _go: go };
    let outlet = outcome.inspect_err(|_| {
        let _ended_already = rustix::process::kill_process(init, Signal::KILL);
        drop(sandbox.reap());
    })?;
    Ok((sandbox, outlet))
}

fn be_child(assignment: &Assignment<'_>, go: &mut PipeReader, mut problems: PipeWriter, keeper: UnixStream) -> ! {
    // The lock isn't inherited, but the pipes to the server are: it would wait for their end.
    let outcome = rustix::stdio::dup2_stdout(io::stderr())
        .map_err(io::Error::from)
        .and_then(|()| sys::close_on_exec_from_3())
        .map_err(SetupError::at(Step::Handshake))
        .and_then(|()| inside::become_process_1(assignment, go, keeper));
    let Err(error) = outcome;
    let text = serde_json::to_vec(&error).expect("a setup error is plain data");
    // If this fails too, the exit status still says that something did.
    drop(problems.write_all(&text));
    process::exit(1)
}

/// What only the supervisor may do to process 1, because it stands outside of its namespaces.
fn equip(init: Pid, identity: Identity, note: impl FnOnce(Pid) -> io::Result<()>) -> Result<(), SetupError> {
    note(init).map_err(SetupError::at(Step::Bookkeeping))?;
    identity.write_maps(init).map_err(SetupError::at(Step::IdMaps))?;
    // When the host itself runs out of memory, the sandbox goes before what isn't one.
    let score = format!("/proc/{}/oom_score_adj", init.as_raw_pid());
    fs::write(score, "500").map_err(SetupError::about(Step::Bookkeeping, "for the memory killer"))
}

/// The pipe ends without a word when process 1 has executed the agent.
fn first_problem(mut problems: PipeReader) -> Result<(), SetupError> {
    let mut text = Vec::new();
    problems.read_to_end(&mut text).map_err(SetupError::at(Step::Handshake))?;
    if text.is_empty() {
        return Ok(());
    }
    Err(serde_json::from_slice(&text).unwrap_or(SetupError { step: Step::Handshake, subject: None, errno: 0 }))
}

/// What changes while a sandbox runs.
enum Change {
    /// It was told to end.
    Stopping,
    /// Its proxy is another process.
    Proxy(Pid),
}

/// Waits until process 1 ends, and sees to it that there is a proxy; passes a request to stop on, once, and insists when its time is
/// over.
fn stay(
    sandbox: &Sandbox,
    outlet: &mut Outlet<'_>,
    mut note: impl FnMut(Change) -> io::Result<()>,
) -> io::Result<Option<WaitStatus>> {
    let mut deadline: Option<Instant> = None;
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let signal = sys::next_signal(left.into_iter().chain(outlet.due()).min());
        if outlet.run_again()
            && let Some(process) = outlet.process()
            && let Err(error) = note(Change::Proxy(process))
        {
            eprintln!("which process the proxy is can't be noted: {error}");
        }
        match signal {
            Some(Signal::CHILD) => {
                outlet.look()?;
                if let Some((_, status)) = rustix::process::waitpid(Some(sandbox.init), WaitOptions::NOHANG)? {
                    return Ok(Some(status));
                }
            }
            Some(Signal::TERM | Signal::INT) if deadline.is_none() => {
                deadline = Some(Instant::now() + GRACE);
                // A full disk must not keep the sandbox from ending in good order.
                if let Err(error) = note(Change::Stopping) {
                    eprintln!("that the sandbox is stopping can't be noted: {error}");
                }
                rustix::process::kill_process(sandbox.init, Signal::TERM)?;
            }
            None if deadline.is_some_and(|deadline| deadline <= Instant::now()) => {
                rustix::process::kill_process(sandbox.init, Signal::KILL)?;
                return sandbox.reap();
            }
            Some(_) | None => {}
        }
    }
}

/// Makes the folders that the sandbox writes to, and its user their owner.
fn prepare_folders(folder: &SessionFolder, identity: Identity) -> io::Result<()> {
    match fs::remove_dir_all(folder.run()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    for path in [folder.home(), folder.home().join("workspace"), folder.events(), folder.run()] {
        match fs::create_dir(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    let token = folder.ensure_token()?;
    private::replace(&folder.run().join("token"), token.reveal().as_bytes())?;
    // The workspace is in the home and may just have been made in one that has its owner already.
    for path in [folder.home().join("workspace"), folder.home(), folder.events(), folder.run()] {
        identity.adopt(&path)?;
    }
    Ok(())
}

fn redirect_stderr(folder: &SessionFolder) -> io::Result<()> {
    let path = folder.log();
    let too_long = fs::metadata(&path).is_ok_and(|log| log.len() > MAX_LOG_BYTES);
    let log = open_log(&path)?;
    if too_long {
        log.set_len(0)?;
    }
    rustix::stdio::dup2_stderr(OwnedFd::from(log))?;
    Ok(())
}

fn open_log(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

fn report(report: &Report) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    serde_json::to_writer(&mut stdout, report)?;
    stdout.flush()
}

/// What isn't bounded here, each as a sentence. The number of processes always is, by a resource limit at least.
fn missing_limits(bounded: &[Resource]) -> Vec<String> {
    let why = "because the server can't make control groups for it here.";
    [(Resource::Memory, "Memory"), (Resource::Cpu, "Processor time")]
        .into_iter()
        .filter(|(resource, _)| !bounded.contains(resource))
        .map(|(_, name)| format!("{name} isn't limited, {why}"))
        .collect()
}
