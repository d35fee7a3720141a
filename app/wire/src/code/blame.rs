//! Which commit each line of a file is from.

use serde::{Deserialize, Serialize};

use super::{MOST_ROWS, most_rows};
use crate::Timestamp;

/// Which lines of which file are asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(rename_all = "camelCase")]
pub struct BlameQuery {
    /// The file.
    pub path: String,
    /// The first line, counted from 0.
    #[serde(default)]
    pub from: u32,
    /// How many lines, at most 1,000.
    #[serde(default = "most_rows")]
    pub count: u32,
}

impl BlameQuery {
    /// How many lines are told of those that are asked for.
    pub fn most(&self) -> u32 {
        self.count.min(MOST_ROWS)
    }
}

/// Lines of a file as it is, and where they are from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Blame {
    /// The commits, each once.
    pub commits: Vec<BlamedCommit>,
    /// Lines that are from the same commit, in the order of the file.
    pub runs: Vec<BlamedRun>,
    /// How many lines the file has.
    pub total: u32,
}

/// A commit that lines are from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct BlamedCommit {
    /// The full object id, in hexadecimal.
    pub id: String,
    /// Who wrote it.
    pub author: String,
    /// When it was committed.
    pub at: Timestamp,
    /// The first line of its message.
    pub subject: String,
}

/// Lines that stand together and are from the same commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct BlamedRun {
    /// The number of the first line, from 1.
    pub first: u32,
    /// How many lines they are.
    pub count: u32,
    /// Which of the commits, counted from 0; none of lines that no commit has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<u32>,
}
