//! What sandboxes may use up: what the server gives each, what a workspace asks for, and the ceiling above that. Pure.

use octobot_wire::workspace::WorkspaceLimits;

/// Fewer processes than this run no shell with a daemon behind it.
pub const LEAST_PIDS: u32 = 16;

/// The least memory in which a daemon and a shell run, in MiB.
pub const LEAST_MEMORY_MIB: u32 = 64;

/// The least processor time with which a sandbox gets anywhere, in thousandths of a core.
pub const LEAST_CPU_MILLIS: u32 = 10;

const MIB: u64 = 1024 * 1024;

/// What a sandbox may use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// How many processes and threads there may be at once.
    pub pids: u32,
    /// How much memory they may hold together, in bytes, the files in `/tmp` included.
    pub memory_bytes: u64,
    /// How much processor time they may use together, in thousandths of one CPU.
    pub cpu_millis: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { pids: 4096, memory_bytes: 8 << 30, cpu_millis: 4000 }
    }
}

/// What the server's owner gives to sandboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitPolicy {
    /// What a sandbox gets whose workspace asks for nothing.
    pub usual: Limits,
    /// What none gets more of, whatever its workspace asks for.
    pub ceiling: Limits,
}

/// A workspace asks for something that it can't have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("This server gives a sandbox from {least} to {most}.")]
pub struct LimitOutOfRange {
    /// Which limit, by its name in [`WorkspaceLimits`] on the wire.
    pub field: &'static str,
    /// The least that works.
    pub least: u64,
    /// The ceiling.
    pub most: u64,
}

impl LimitPolicy {
    /// What the sandboxes of a workspace get. The ceiling may have been lowered since it asked.
    pub fn limits_of(&self, asked: &WorkspaceLimits) -> Limits {
        let Self { usual, ceiling } = self;
        let memory_bytes = asked.memory_mib.map_or(usual.memory_bytes, |mib| u64::from(mib) * MIB);
        Limits {
            pids: asked.pids.unwrap_or(usual.pids).min(ceiling.pids),
            memory_bytes: memory_bytes.min(ceiling.memory_bytes),
            cpu_millis: asked.cpu_millis.unwrap_or(usual.cpu_millis).min(ceiling.cpu_millis),
        }
    }

    /// Whether a workspace may ask for this.
    pub fn check(&self, asked: &WorkspaceLimits) -> Result<(), LimitOutOfRange> {
        let Limits { pids, memory_bytes, cpu_millis } = self.ceiling;
        within("pids", asked.pids, LEAST_PIDS, pids.into())?;
        within("memoryMib", asked.memory_mib, LEAST_MEMORY_MIB, memory_bytes / MIB)?;
        within("cpuMillis", asked.cpu_millis, LEAST_CPU_MILLIS, cpu_millis.into())
    }
}

fn within(field: &'static str, asked: Option<u32>, least: u32, most: u64) -> Result<(), LimitOutOfRange> {
    let least = u64::from(least);
    match asked.map(u64::from) {
        Some(asked) if asked < least || asked > most => Err(LimitOutOfRange { field, least, most }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: LimitPolicy = LimitPolicy {
        usual: Limits { pids: 100, memory_bytes: 256 * MIB, cpu_millis: 1000 },
        ceiling: Limits { pids: 200, memory_bytes: 512 * MIB, cpu_millis: 1000 },
    };

    fn asked(pids: u32, memory_mib: u32) -> WorkspaceLimits {
        WorkspaceLimits { pids: Some(pids), memory_mib: Some(memory_mib), cpu_millis: None }
    }

    #[test]
    fn a_workspace_gets_what_it_asks_for_up_to_the_ceiling_and_the_usual_where_it_asks_for_nothing() {
        assert_eq!(POLICY.limits_of(&WorkspaceLimits::default()), POLICY.usual);
        let less = Limits { pids: 20, memory_bytes: 64 * MIB, ..POLICY.usual };
        assert_eq!(POLICY.limits_of(&asked(20, 64)), less);
        assert_eq!(POLICY.limits_of(&asked(9999, 9999)), POLICY.ceiling);
    }

    #[test]
    fn what_is_too_little_or_above_the_ceiling_is_refused_by_name() {
        assert_eq!(POLICY.check(&asked(16, 512)), Ok(()));
        assert_eq!(POLICY.check(&asked(201, 512)), Err(LimitOutOfRange { field: "pids", least: 16, most: 200 }));
        let refused = POLICY.check(&asked(16, 63)).unwrap_err();
        assert_eq!(
            (refused.field, refused.to_string().as_str()),
            ("memoryMib", "This server gives a sandbox from 64 to 512.")
        );
    }
}
