//! The supervisor's side of the sandbox's way out: it keeps the sockets that were opened inside, runs the proxy that serves them, and
//! another one when that dies. Connections wait meanwhile; they aren't refused.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use octobot_inlet::Inlets;
use rustix::process::Pid;

use super::folder::SessionFolder;
use super::protocol::Plan;

/// How long a proxy may take until it has all sockets. It takes some 10 ms.
const PATIENCE: Duration = Duration::from_secs(5);

/// After the first death the next proxy starts at once; after each further one that follows soon, twice as late.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// It is never waited longer than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A proxy that lived this long was well.
const WELL: Duration = Duration::from_mins(1);

/// See the module.
pub(super) struct Outlet<'a> {
    plan: &'a Plan,
    inlets: Inlets,
    running: Option<Running>,
    next: Option<Instant>,
    pause: Duration,
}

/// A proxy that runs.
struct Running {
    child: Child,
    /// Its standard input. It ends when this is closed, and so when the supervisor dies.
    line: UnixStream,
    since: Instant,
}

impl<'a> Outlet<'a> {
    /// Starts the proxy. It hasn't got its sockets yet: that is waited for in [`Outlet::connect`].
    pub fn open(plan: &'a Plan, inlets: Inlets) -> io::Result<Self> {
        let running = Some(Running::start(plan)?);
        Ok(Self { plan, inlets, running, next: None, pause: Duration::ZERO })
    }

    /// The proxy's process.
    pub fn process(&self) -> Option<Pid> {
        self.running.as_ref().map(|running| Pid::from_child(&running.child))
    }

    /// Gives the proxy its sockets. One that doesn't take them is ended, so that another one is tried.
    pub fn connect(&mut self) {
        let Some(running) = &mut self.running else { return };
        if let Err(error) = self.inlets.pass(&running.line) {
            eprintln!("the proxy doesn't take its sockets: {error}");
            // It may have died already, which is seen next.
            drop(running.child.kill());
        }
    }

    /// After how long [`Outlet::run_again`] is due.
    pub fn due(&self) -> Option<Duration> {
        self.next.map(|next| next.saturating_duration_since(Instant::now()))
    }

    /// Sees whether the proxy has died, and when to start the next one.
    pub fn look(&mut self) -> io::Result<()> {
        let Some(running) = &mut self.running else { return Ok(()) };
        let Some(status) = running.child.try_wait()? else { return Ok(()) };
        self.pause = match running.since.elapsed() {
            lived if lived >= WELL => Duration::ZERO,
            _ => (self.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE),
        };
        eprintln!("the proxy ended ({status}); another one starts in {} ms", self.pause.as_millis());
        self.next = Some(Instant::now() + self.pause);
        self.running = None;
        Ok(())
    }

    /// Starts the next proxy, if it is time; whether there is another one now.
    pub fn run_again(&mut self) -> bool {
        if self.next.is_none_or(|next| Instant::now() < next) {
            return false;
        }
        match Running::start(self.plan) {
            Ok(running) => {
                self.next = None;
                self.running = Some(running);
                self.connect();
                true
            }
            Err(error) => {
                self.pause = (self.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
                eprintln!("the proxy can't be started: {error}; tried again in {} ms", self.pause.as_millis());
                self.next = Some(Instant::now() + self.pause);
                false
            }
        }
    }
}

impl Running {
    fn start(plan: &Plan) -> io::Result<Self> {
        let home = SessionFolder::at(plan.folder.clone()).proxy();
        let (line, its_end) = UnixStream::pair()?;
        line.set_read_timeout(Some(PATIENCE))?;
        line.set_write_timeout(Some(PATIENCE))?;
        let child = Command::new(&plan.proxy.program)
            .args(["--listen", "none", "--sockets", "stdin"])
            .arg("--config")
            .arg(&plan.proxy.config)
            .arg("--data")
            .arg(home.path())
            .arg("--cache")
            .arg(&plan.proxy.cache)
            .args(["--tenant", &plan.proxy.tenant])
            // The folder's path may be longer than a socket's may be.
            .args(["--control", "unix:/proc/self/cwd/api.sock"])
            .arg("--token-file")
            .arg(home.token_file())
            .args(["--session", &plan.session.to_string()])
            .current_dir(home.path())
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(its_end)))
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Self { child, line, since: Instant::now() })
    }
}

/// Nobody is left whom it could serve. Its log is written line by line, so nothing is lost.
impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("the proxy doesn't end: {error}");
        }
    }
}
