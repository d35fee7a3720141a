//! Workspaces: a local folder or a git repository.

use serde::{Deserialize, Serialize};

use crate::tagged::read_tagged;
use crate::{Timestamp, WorkspaceId};

/// Where a workspace's code comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum WorkspaceSource {
    /// A folder on the server's machine. It need not be a repository.
    Folder {
        /// Its absolute path.
        path: String,
    },
    /// A git repository, cloned into a cache: `https://`, `ssh://`, `git@host:path` or `file://`.
    Git {
        /// Its URL, without credentials.
        url: String,
    },
}

read_tagged!(WorkspaceSource by "kind" with { path: String, url: String } as Folder { path } Git { url });

/// `initializing → cloning → ready`, or `error`; a workspace that is being removed is `removing`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum WorkspaceState {
    /// Its source is being looked at.
    Initializing,
    /// Its repository is being cloned or fetched.
    Cloning {
        /// What git says it is doing, for instance `Receiving objects`.
        step: String,
        /// How much of that step is done, 0 to 100, where git says so.
        percent: Option<u8>,
    },
    /// Sessions can start in it.
    Ready,
    /// Its source can't be used.
    Error {
        /// Why not, and what to do about it.
        reason: String,
    },
    /// It is being removed.
    Removing,
}

read_tagged!(
    WorkspaceState by "state" with { step: String, percent: u8, reason: String } as
    Initializing {} Cloning { step; percent } Ready {} Error { reason } Removing {}
);

/// A commit that a workspace is at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Commit {
    /// The full object id, in hexadecimal.
    pub id: String,
    /// The first line of its message.
    pub summary: String,
    /// The branch that points to it; none when HEAD is detached.
    pub branch: Option<String>,
}

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name; at first the last part of its path or URL.
    pub name: String,
    /// Where its code comes from.
    pub source: WorkspaceSource,
    /// Where it stands.
    pub state: WorkspaceState,
    /// The commit it is at; none for a folder that is no repository, or has no commit yet.
    pub commit: Option<Commit>,
    /// Whether a local repository has uncommitted changes (sessions start with them).
    pub dirty: bool,
    /// What each of its sandboxes may use up.
    #[serde(default)]
    pub limits: WorkspaceLimits,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What each sandbox of a workspace may use up. Where nothing is said, it is what the server gives. A sandbox that runs
/// keeps what it has until it is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct WorkspaceLimits {
    /// How many processes and threads there may be at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pids: Option<u32>,
    /// How much memory they may hold together, in MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u32>,
    /// How much processor time they may use together, in thousandths of a core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_millis: Option<u32>,
}

/// A request to add a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddWorkspace {
    /// An absolute path, or a git URL. Which of the two it is, is read from its form.
    pub source: String,
    /// A name; without one the last part of the source.
    #[serde(default)]
    pub name: Option<String>,
}

/// A request to change a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RenameWorkspace {
    /// Its new name.
    pub name: String,
}
