//! An agent that is asked to commit what isn't committed.

use serde::{Deserialize, Serialize};

use crate::TurnId;
use crate::workspace::Commit;

/// How far an agent is with committing: `pending → committing → completed | failed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum CommitFlowState {
    /// Its prompt waits.
    Pending,
    /// It is at it.
    Committing,
    /// Nothing is left that isn't committed.
    Completed,
    /// Something is left.
    Failed,
}

/// An agent was asked to commit what isn't committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CommitFlow {
    /// How far it is.
    pub state: CommitFlowState,
    /// The turn in which it does it.
    pub turn_id: TurnId,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A request to have the agent commit what isn't committed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AskToCommit {
    /// Whether it is to be asked also where the workspace has commits that the session hasn't, so that a merge or a rebase is needed then.
    #[serde(default)]
    pub even_if_moved: bool,
}

/// What came of it. Where it says that the workspace has moved, the agent wasn't asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AskedToCommit {
    /// How far the agent is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<CommitFlow>,
    /// The commit that the workspace is at, and the session doesn't have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<Commit>,
}

impl CommitFlow {
    /// Whether it hasn't ended.
    pub fn is_open(&self) -> bool {
        matches!(self.state, CommitFlowState::Pending | CommitFlowState::Committing)
    }
}
