//! Control groups: where the host lets this process make them, each sandbox gets groups of its own that bound its
//! processes, memory and processor time.
//!
//! They are made beneath or beside the server's own group, so that what bounds the server, a container for instance,
//! bounds its sandboxes too. Both versions are known, also side by side: each controller is looked for in version 2
//! first.

mod place;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use octobot_wire::SessionId;
use rustix::process::Pid;

use self::place::Version;
use crate::sandbox::Limits;

/// How long the kernel may take to let go of a group whose processes have ended.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(5);

/// Something that can be bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resource {
    /// The number of processes.
    Pids,
    /// Memory.
    Memory,
    /// Processor time.
    Cpu,
}

impl Resource {
    const ALL: [Self; 3] = [Self::Pids, Self::Memory, Self::Cpu];

    fn controller(self) -> &'static str {
        match self {
            Self::Pids => "pids",
            Self::Memory => "memory",
            Self::Cpu => "cpu",
        }
    }
}

/// The groups of a sandbox before they are made.
#[derive(Debug)]
pub(super) struct Groups {
    groups: Vec<Group>,
}

/// One resource's group. Under version 2 all resources have the same one.
#[derive(Debug)]
struct Group {
    resource: Resource,
    version: Version,
    path: PathBuf,
}

impl Groups {
    /// Finds out where a session's groups can be. Makes nothing.
    pub fn plan(session: SessionId) -> Self {
        let name = format!("octobot-{session}");
        let places = place::Places::of_this_process();
        let groups = Resource::ALL.into_iter().filter_map(|resource| {
            let (version, parent) = places.parent_for(resource.controller())?;
            Some(Group { resource, version, path: parent.join(&name) })
        });
        Self { groups: groups.collect() }
    }

    /// Where they will be.
    pub fn paths(&self) -> Vec<PathBuf> {
        let mut paths: Vec<_> = self.groups.iter().map(|group| group.path.clone()).collect();
        paths.dedup();
        paths
    }

    /// Makes the groups and sets the limits. Says which resources are bounded; the others' groups are left as they are.
    pub fn make(&self, limits: &Limits) -> Vec<Resource> {
        let bounded = self.groups.iter().filter(|group| match group.make(limits) {
            Ok(()) => true,
            Err(error) => {
                eprintln!("no {} limit: {}: {error}", group.resource.controller(), group.path.display());
                false
            }
        });
        bounded.map(|group| group.resource).collect()
    }

    /// Puts a process into all groups that were made.
    pub fn enter(&self, pid: Pid) -> io::Result<()> {
        for path in self.paths().iter().filter(|path| path.exists()) {
            fs::write(path.join("cgroup.procs"), pid.as_raw_pid().to_string())?;
        }
        Ok(())
    }
}

impl Group {
    fn make(&self, limits: &Limits) -> io::Result<()> {
        match fs::create_dir(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        for (file, value) in self.settings(limits) {
            fs::write(self.path.join(file), value)?;
        }
        // Swap would make the memory limit one of speed only. Kernels without swap accounting lack these files.
        let (file, value) = match (self.resource, self.version) {
            (Resource::Memory, Version::V1) => ("memory.memsw.limit_in_bytes", limits.memory_bytes.to_string()),
            (Resource::Memory, Version::V2) => ("memory.swap.max", "0".to_owned()),
            (Resource::Pids | Resource::Cpu, _) => return Ok(()),
        };
        if self.path.join(file).exists() {
            fs::write(self.path.join(file), value)?;
        }
        Ok(())
    }

    fn settings(&self, limits: &Limits) -> Vec<(&'static str, String)> {
        const PERIOD_US: u64 = 100_000;
        let quota_us = u64::from(limits.cpu_millis) * PERIOD_US / 1000;
        match (self.resource, self.version) {
            (Resource::Pids, _) => vec![("pids.max", limits.pids.to_string())],
            (Resource::Memory, Version::V1) => vec![("memory.limit_in_bytes", limits.memory_bytes.to_string())],
            (Resource::Memory, Version::V2) => vec![("memory.max", limits.memory_bytes.to_string())],
            (Resource::Cpu, Version::V1) => {
                vec![("cpu.cfs_period_us", PERIOD_US.to_string()), ("cpu.cfs_quota_us", quota_us.to_string())]
            }
            (Resource::Cpu, Version::V2) => vec![("cpu.max", format!("{quota_us} {PERIOD_US}"))],
        }
    }
}

/// Removes groups whose processes have ended. Those that aren't there are removed already.
pub(super) fn remove(paths: &[PathBuf]) -> io::Result<()> {
    let deadline = Instant::now() + RELEASE_TIMEOUT;
    paths.iter().try_for_each(|path| remove_one(path, deadline))
}

fn remove_one(path: &Path, deadline: Instant) -> io::Result<()> {
    loop {
        match fs::remove_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            // A process that has just ended still counts for a moment, and version 1 tells nobody when that is over.
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy && Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(2));
            }
            result => return result,
        }
    }
}
