//! Sessions: a chat thread in a workspace, bound to one agent and one sandbox.

use serde::{Deserialize, Serialize};

use crate::code::CommitFlow;
use crate::message::Message;
use crate::setting::AgentState;
use crate::tagged::read_tagged;
use crate::turn::Turn;
use crate::{AgentId, SessionId, Timestamp, TurnId, WorkspaceId};

/// `initializing → cloning → pulling_image → creating_sandbox → ready ⇄ running`, `stopped`, `error` from any stage,
/// `removing`. A removed session is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum SessionState {
    /// Waiting for its turn to be built.
    Initializing,
    /// The workspace's code is being bundled.
    Cloning,
    /// The provider fetches an image.
    PullingImage,
    /// The sandbox is being made and the code put into it.
    CreatingSandbox,
    /// The sandbox runs and waits for a prompt.
    Ready,
    /// A turn runs.
    Running,
    /// The sandbox is stopped; it starts again on demand.
    Stopped,
    /// A stage failed.
    Error {
        /// The stage that failed.
        stage: SessionStage,
        /// Why, and what to do about it.
        reason: String,
    },
    /// The sandbox and all its data are being deleted.
    Removing,
}

read_tagged!(
    SessionState by "state" with { stage: SessionStage, reason: String } as
    Initializing {} Cloning {} PullingImage {} CreatingSandbox {} Ready {} Running {} Stopped {}
    Error { stage, reason } Removing {}
);

/// A step on the way to a running sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum SessionStage {
    /// Before anything was done.
    Initializing,
    /// Bundling the workspace's code.
    Cloning,
    /// Fetching an image.
    PullingImage,
    /// Making the sandbox.
    CreatingSandbox,
    /// The sandbox had been ready before.
    Running,
    /// Deleting the sandbox.
    Removing,
}

/// A line that a stage printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionLogLine {
    /// 1, 2, 3 … within the session.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// In which stage.
    pub stage: SessionStage,
    /// The line, without its end.
    pub text: String,
}

/// How a sandbox is isolated, as far as a user should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Isolation {
    /// The provider's name, for instance `local`.
    pub provider: String,
    /// Whether processes and files are kept apart from the host.
    pub isolated: bool,
    /// Which network the sandbox has.
    pub network: Network,
    /// Limits that this host doesn't let the provider set, each as a sentence.
    pub missing_limits: Vec<String>,
}

/// Which network a sandbox has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Network {
    /// The host's own: nothing is kept from leaving.
    Host,
    /// One that the container engine connects to the outside: nothing is kept from leaving, but the host's loopback
    /// isn't there.
    Bridge,
    /// None but the way to its proxy: nothing leaves but what the network policy allows.
    Proxied,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The workspace it works in.
    pub workspace_id: WorkspaceId,
    /// The agent it is bound to.
    pub agent_id: AgentId,
    /// Its name, taken from the first prompt.
    pub name: String,
    /// A name that a user gave it; shown instead of `name`.
    pub display_name: Option<String>,
    /// The session that it was forked from, which may be gone by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forked_from: Option<SessionId>,
    /// How far its agent is with committing what isn't committed; none where it wasn't asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_flow: Option<CommitFlow>,
    /// Where it stands.
    pub state: SessionState,
    /// How its sandbox is isolated; none before there is one.
    pub isolation: Option<Isolation>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed, which orders the list.
    pub updated_at: Timestamp,
}

impl Session {
    /// What the UI calls it.
    pub fn title(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.name)
    }
}

/// A request to create a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateSession {
    /// The workspace to work in.
    pub workspace_id: WorkspaceId,
    /// The agent; without one the project's default.
    #[serde(default)]
    pub agent_id: Option<AgentId>,
    /// The first prompt. It is stored with the session and delivered when the sandbox is ready.
    #[serde(default)]
    pub prompt: Option<String>,
    /// A key of the caller's making: a repeat with the same key creates nothing and answers with the first session.
    #[serde(default)]
    pub idempotency_key: Option<uuid::Uuid>,
}

/// A request to create a session that goes on from where another one is, or was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ForkSession {
    /// The turn after which it goes on; without one it goes on from now.
    #[serde(default)]
    pub turn: Option<TurnId>,
    /// Whether it goes on before that turn instead.
    #[serde(default)]
    pub before: bool,
    /// A key of the caller's making: a repeat with the same key creates nothing and answers with the first session.
    #[serde(default)]
    pub idempotency_key: Option<uuid::Uuid>,
}

/// A request to change a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RenameSession {
    /// The display name; none goes back to the name from the first prompt.
    pub display_name: Option<String>,
}

/// Everything that a session's page shows, read in one transaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    /// The session.
    pub session: Session,
    /// Its turns that haven't ended, in the order they will run.
    pub turns: Vec<Turn>,
    /// The last messages, oldest first.
    pub messages: Vec<Message>,
    /// How many messages there are before the first of `messages`.
    pub earlier_messages: u64,
    /// What building the sandbox printed, the last 200 lines.
    pub log: Vec<SessionLogLine>,
    /// What is known about its agent.
    #[serde(default)]
    pub agent_state: AgentState,
    /// The number of the last event that this view includes: follow from here.
    pub as_of: u64,
}
