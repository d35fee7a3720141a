//! What states and sources are called on the pages.

use octobot_wire::session::{SessionStage, SessionState};
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
