//! Durable background work: what there is to do, and when to try again.

use octobot_wire::Timestamp;
use uuid::Uuid;

/// What a job does. Every kind is idempotent: it looks at how things are and works towards the goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// Brings a workspace to its goal. The subject is a workspace id.
    Workspace,
    /// Brings a session to its goal. The subject is a session id.
    Session,
}

/// A job. There is at most one for each kind and subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What it does.
    pub kind: JobKind,
    /// What it does it to.
    pub subject: Uuid,
    /// Grows whenever the job is asked for again. A run that ends on an old generation is followed by another.
    pub generation: u64,
    /// Names this taking of the job.
    pub lease: Uuid,
    /// How often it has been tried since it was asked for.
    pub attempts: u32,
    /// When it is due.
    pub run_at: Timestamp,
}

/// How often a job is tried before it is given up.
pub const MAX_ATTEMPTS: u32 = 5;

/// How long to wait before the next try, in milliseconds: 1 s, 2 s, 4 s … at most a minute.
pub const fn backoff_ms(attempts: u32) -> i64 {
    let doublings = if attempts > 6 { 6 } else { attempts.saturating_sub(1) };
    let ms = 1_000_i64 << doublings;
    if ms > 60_000 { 60_000 } else { ms }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_minute() {
        assert_eq!([1, 2, 3, 7, 100].map(backoff_ms), [1_000, 2_000, 4_000, 60_000, 60_000]);
    }
}
