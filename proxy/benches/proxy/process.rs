//! Processes that are measured, and what they have used.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};

use rustix::process::{Pid, Signal, kill_process};

/// A server, with all the processes that it starts. It ends when this is dropped.
pub struct Server(Child);

impl Server {
    /// Starts it on one core alone.
    pub fn start(core: usize, command: &Command) -> Self {
        let mut pinned = Command::new("taskset");
        pinned.arg("--cpu-list").arg(within(core).to_string()).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            value.map(|value| pinned.env(name, value));
        }
        Self(pinned.stdout(std::process::Stdio::null()).spawn().unwrap())
    }

    /// The processor time that its threads have taken, in seconds.
    pub fn processor_seconds(&self) -> f64 {
        self.processes().iter().map(|pid| of_threads(*pid)).sum()
    }

    /// The memory that is its own, in KiB.
    pub fn memory_kib(&self) -> f64 {
        self.processes().iter().map(|pid| memory(*pid, "RssAnon:")).sum()
    }

    /// All of its memory, with what it shares with others, in KiB.
    pub fn resident_kib(&self) -> f64 {
        self.processes().iter().map(|pid| memory(*pid, "VmRSS:")).sum()
    }

    fn processes(&self) -> Vec<u32> {
        let mut processes = vec![self.0.id()];
        let mut at = 0;
        while let Some(pid) = processes.get(at) {
            // A process may end while it is looked at.
            let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
            let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
            let children: Vec<u32> = children
                .flat_map(|pids| pids.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
                .collect();
            processes.extend(children);
            at += 1;
        }
        processes
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // With SIGTERM, all of them end their workers as well.
        let _gone = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let _ended = self.0.wait();
    }
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of a few hours")]
fn of_threads(pid: u32) -> f64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let nanoseconds = threads.filter_map(|thread| {
        let stat = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        stat.split_ascii_whitespace().next()?.parse::<u64>().ok()
    });
    nanoseconds.sum::<u64>() as f64 / 1e9
}

fn memory(pid: u32, kind: &str) -> f64 {
    let status = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(kind));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}

/// Keeps this thread, and those that it starts, on one core.
pub fn pin(core: usize) {
    let mut cores = rustix::thread::CpuSet::new();
    cores.set(within(core));
    rustix::thread::sched_setaffinity(None, &cores).unwrap();
}

fn within(core: usize) -> usize {
    // Asked once: it tells of the cores that this thread may use, and that changes.
    static CORES: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    core.min(CORES.get_or_init(|| std::thread::available_parallelism().unwrap().get()) - 1)
}
