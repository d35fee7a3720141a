//! Searching what is in files: each line of the answer is one [`SearchLine`] as JSON, as it is found.

use serde::{Deserialize, Serialize};

/// So many lines are told at most.
pub const MOST_HITS: u32 = 2_000;

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(rename_all = "camelCase")]
pub struct SearchQuery {
    /// The text.
    pub q: String,
    /// Whether it is a regular expression.
    #[serde(default)]
    pub regex: bool,
    /// Whether capital letters differ from small ones.
    #[serde(default)]
    pub case: bool,
}

/// A line of the answer: a hit, or in the last line how the search ended, or why it can't be begun.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SearchLine {
    /// A line of a file with what was looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hit: Option<SearchHit>,
    /// The end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<SearchEnd>,
    /// Why this can't be looked for: it is the only line then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// A line of a file with what was looked for, and what is around the first place in it; of a long line not all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SearchHit {
    /// The file.
    pub path: String,
    /// The number of the line, from 1.
    pub line: u64,
    /// What stands before the place.
    pub before: String,
    /// What was found.
    pub found: String,
    /// What stands behind it.
    pub after: String,
}

/// How a search ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SearchEnd {
    /// How many lines were told.
    pub hits: u32,
    /// Whether there may be more.
    pub is_cut: bool,
}
