//! The branches of a session's repository: which there are, checking one out, making one, and fetching those of `origin`.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What names of branches begin with.
pub const BRANCH_REFS: &str = "refs/heads/";

/// What names of branches of other repositories begin with, as they were when they were last fetched.
pub const REMOTE_REFS: &str = "refs/remotes/";

/// A branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Branch {
    /// Its full name, as in `refs/heads/main` or `refs/remotes/origin/main`.
    pub name: String,
    /// The commit that it is at.
    pub commit: String,
    /// When that was committed.
    pub at: Timestamp,
    /// The first line of its message.
    pub subject: String,
}

/// All branches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Branches {
    /// The full name of the branch that is checked out, which may have no commit yet; none while HEAD is detached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    /// The branches, that which was committed to last first; at most 500.
    pub branches: Vec<Branch>,
    /// How many more there are.
    pub unlisted: u64,
    /// The address that `origin` stands for, without what may be secret in it; none where there is no `origin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

/// A branch to check out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CheckoutBranch {
    /// Its full name. For one of another repository a branch of its name is made here.
    pub name: String,
    /// Whether changes that aren't committed come along. Otherwise nothing is checked out while there are any.
    #[serde(default)]
    pub keep: bool,
}

/// How checking out a branch ended. Only the first of these has changed anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum CheckoutEnd {
    /// The branch is checked out.
    CheckedOut,
    /// There are changes that aren't committed, and nobody has said that they are to come along.
    Uncommitted,
    /// Files that no commit has would be overwritten.
    InTheWay,
}

/// What came of checking out a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CheckoutOutcome {
    /// How it ended.
    pub end: CheckoutEnd,
    /// The full name of the branch, in the session's repository.
    pub name: String,
    /// The files that aren't committed, or are in the way; at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// How many more there are.
    #[serde(default)]
    pub unlisted: u64,
}

/// A branch to make where HEAD is, and to check out. What isn't committed comes along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MakeBranch {
    /// Its name, as in `fix-tests`.
    pub name: String,
}

/// How fetching ended. Only the first of these has changed anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum FetchEnd {
    /// The branches of `origin` are known as they are.
    Fetched,
    /// The repository has no `origin`.
    NoOrigin,
    /// Its address isn't one of HTTP, which alone is fetched from here.
    OtherAddress,
    /// It says no: what the session may reach doesn't include it, or whoever asks may not.
    Refused,
    /// It wants to know who asks.
    Unauthenticated,
    /// It can't be reached.
    Unreachable,
    /// It took too long.
    Slow,
    /// Something else stands in the way.
    Failed,
}

/// What came of fetching.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct FetchOutcome {
    /// How it ended.
    pub end: FetchEnd,
    /// How many branches are new, gone or elsewhere.
    pub changed: u32,
    /// What git said, where it couldn't.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}
