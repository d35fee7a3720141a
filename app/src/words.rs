//! What states and sources are called on the pages.

use octobot_wire::agent::AgentTypeId;
use octobot_wire::session::{SessionStage, SessionState};
use octobot_wire::usage::Usage;
use octobot_wire::workspace::{WorkspaceSource, WorkspaceState};

/// The colour family of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing happens.
    Quiet,
    /// Something happens.
    Busy,
    /// It is well.
    Good,
    /// It needs somebody.
    Bad,
    /// Worth knowing.
    Warning,
}

impl Tone {
    /// As the style sheets call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Busy => "busy",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Warning => "warning",
        }
    }
}

/// A session's state, and its tone.
pub fn session_state(state: &SessionState) -> (&'static str, Tone) {
    match state {
        SessionState::Initializing => ("Initializing", Tone::Busy),
        SessionState::Cloning => ("Cloning", Tone::Busy),
        SessionState::PullingImage => ("Pulling image", Tone::Busy),
        SessionState::CreatingSandbox => ("Creating sandbox", Tone::Busy),
        SessionState::Ready => ("Ready", Tone::Good),
        SessionState::Running => ("Running", Tone::Busy),
        SessionState::Stopped => ("Stopped", Tone::Quiet),
        SessionState::Error { .. } => ("Error", Tone::Bad),
        SessionState::Removing => ("Removing", Tone::Busy),
    }
}

/// Whether a session's sandbox is being built.
pub fn is_building(state: &SessionState) -> bool {
    building_stage(state).is_some()
}

/// The stage that a session's sandbox is built in.
pub fn building_stage(state: &SessionState) -> Option<SessionStage> {
    match state {
        SessionState::Initializing => Some(SessionStage::Initializing),
        SessionState::Cloning => Some(SessionStage::Cloning),
        SessionState::PullingImage => Some(SessionStage::PullingImage),
        SessionState::CreatingSandbox => Some(SessionStage::CreatingSandbox),
        SessionState::Ready
        | SessionState::Running
        | SessionState::Stopped
        | SessionState::Error { .. }
        | SessionState::Removing => None,
    }
}

/// What a stage does.
pub fn stage(stage: SessionStage) -> &'static str {
    match stage {
        SessionStage::Initializing => "Getting ready",
        SessionStage::Cloning => "Bundling the code",
        SessionStage::PullingImage => "Fetching the image",
        SessionStage::CreatingSandbox => "Creating the sandbox",
        SessionStage::Running => "Running the sandbox",
        SessionStage::Removing => "Removing the sandbox",
    }
}

/// A workspace's state, and its tone.
pub fn workspace_state(state: &WorkspaceState) -> (&'static str, Tone) {
    match state {
        WorkspaceState::Initializing => ("Initializing", Tone::Busy),
        WorkspaceState::Cloning { .. } => ("Cloning", Tone::Busy),
        WorkspaceState::Ready => ("Ready", Tone::Good),
        WorkspaceState::Error { .. } => ("Error", Tone::Bad),
        WorkspaceState::Removing => ("Removing", Tone::Busy),
    }
}

/// Where a workspace's code comes from.
pub fn source(source: &WorkspaceSource) -> &str {
    match source {
        WorkspaceSource::Folder { path } => path,
        WorkspaceSource::Git { url } => url,
    }
}

/// As much of a commit's id as people say.
pub fn short_commit(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// What a composer says while nothing is typed.
pub fn placeholder(agent_type: AgentTypeId, agent: &str) -> String {
    match agent_type {
        AgentTypeId::Shell => "Write a shell script".to_owned(),
        AgentTypeId::ClaudeCode
        | AgentTypeId::GeminiCli
        | AgentTypeId::Codex
        | AgentTypeId::OpenCode
        | AgentTypeId::CopilotCli
        | AgentTypeId::Goose
        | AgentTypeId::Custom => format!("Ask {agent}…"),
    }
}

/// What something cost: "12.3k tokens · $0.04". Tokens that came out of a cache are left out, and so is money of which
/// nothing is known.
pub fn usage(usage: Usage) -> String {
    let tokens = thousands(usage.input_tokens + usage.cache_write_tokens + usage.output_tokens);
    match usage.cost_micros / 10_000 {
        _ if usage.cost_micros == 0 => format!("{tokens} tokens"),
        0 => format!("{tokens} tokens · under $0.01"),
        cents => format!("{tokens} tokens · ${}.{:02}", cents / 100, cents % 100),
    }
}

/// A part of a whole, in percent.
pub fn percent(part: u64, whole: u64) -> u64 {
    (part.saturating_mul(100) / whole.max(1)).min(100)
}

/// A size: "17 B", "3.4 KB", "12 MB", "20 GB".
pub fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{} KB", tenths(count / 100)),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(count / 100_000)),
        1_000_000_000.. => format!("{} GB", tenths(count / 100_000_000)),
    }
}

/// A number in as few digits as say enough: "870", "12.3k", "1.2M".
fn thousands(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{}k", tenths(count / 100)),
        1_000_000.. => format!("{}M", tenths(count / 100_000)),
    }
}

/// A number of tenths, with its fraction while that matters. Formatting floats would cost 16 KB of WASM.
fn tenths(count: u64) -> String {
    if count < 1_000 { format!("{}.{}", count / 10, count % 10) } else { (count / 10).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_as_exact_as_it_is_short() {
        let of = |input_tokens, cost_micros| usage(Usage { input_tokens, cost_micros, ..Usage::default() });
        assert_eq!(of(870, 0), "870 tokens");
        assert_eq!(of(12_345, 42_000), "12.3k tokens · $0.04");
        assert_eq!(of(1_234_567, 12_345_678), "1.2M tokens · $12.34");
        assert_eq!(of(123_456, 400), "123k tokens · under $0.01");
    }

    #[test]
    fn a_context_is_never_more_than_full() {
        assert_eq!([percent(1, 3), percent(4, 3), percent(1, 0)], [33, 100, 100]);
    }

    #[test]
    fn sizes_have_the_unit_that_fits() {
        assert_eq!([17, 3_400, 120_000, 12_300_000].map(bytes), ["17 B", "3.4 KB", "120 KB", "12.3 MB"]);
    }
}
