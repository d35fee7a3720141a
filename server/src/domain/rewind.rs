//! Rewinds: a session's conversation that went back to before a turn.

use octobot_wire::SessionId;

/// A rewind that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewind {
    /// The session.
    pub session_id: SessionId,
    /// 1, 2, 3 … within the session, never given twice: it is also the number of the conversation that it has begun.
    pub number: u32,
    /// The number under which the sandbox keeps what the files were before.
    pub files_number: u32,
    /// Whether something was said since. Then it stays.
    pub is_settled: bool,
}
