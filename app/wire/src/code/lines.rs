//! Throwing away lines of a change: what somebody chose of a difference that was shown, and what that means for the file.

use serde::{Deserialize, Serialize};

use crate::TurnId;

/// Lines, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LineRange {
    /// The first, counted from 1.
    pub first: u32,
    /// The last.
    pub last: u32,
}

/// Lines of a difference that go back to what its old side has. Unchanged lines among them stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DiscardLines {
    /// The file.
    pub path: String,
    /// The turn whose changes were shown; else those since the session started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub turn: Option<TurnId>,
    /// The state of the file that was shown, as [`CodeView::state`](super::CodeView::state) tells it. A file that has another by now is left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Of the lines that are gone, those that come back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<LineRange>,
    /// Of the lines that are new, those that go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<LineRange>,
    /// Whether all changed lines are meant that these stand together with.
    #[serde(default)]
    pub is_whole: bool,
}

/// Lines that take the place of others, counted from 0; each range ends before its second number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LineSpan {
    /// Lines of the file as it was.
    pub old: (u32, u32),
    /// Lines of the file as it is, whose place they take.
    pub new: (u32, u32),
}

/// Lines of a file to put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PutLinesBack {
    /// The file.
    pub path: String,
    /// Where it was then, if that was elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_path: Option<String>,
    /// When: as `GET /content` understands it.
    pub at: String,
    /// The state of the file as it is; none when there is no file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The lines, in their order.
    pub spans: Vec<LineSpan>,
}
