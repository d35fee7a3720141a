//! The one shape of every failure that a client sees (`application/problem+json`, RFC 9457).

use serde::{Deserialize, Serialize};

/// What kind of failure it is. The server maps each to one HTTP status, in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The request can't be understood or breaks a rule; `errors` names the fields.
    Invalid,
    /// Who asks isn't known.
    Unauthenticated,
    /// Who asks may not do this, or asks from a foreign origin.
    Forbidden,
    /// No such thing, or it isn't the caller's.
    NotFound,
    /// The thing is in a state in which this can't be done.
    Conflict,
    /// The request is larger than is taken.
    TooLarge,
    /// Nothing is wrong with the request; try again in a moment.
    Unavailable,
    /// A defect or a fault of the server; the request id finds it in the log.
    Internal,
}

/// A failure, as a client sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
#[error("{detail}")]
pub struct Problem {
    /// What kind of failure it is.
    pub kind: ProblemKind,
    /// A short sentence that is the same for every failure of this kind.
    pub title: String,
    /// What happened here and what to do about it, for a person.
    pub detail: String,
    /// The HTTP status.
    pub status: u16,
    /// Finds this request in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What is wrong with single fields, when the request was a form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct FieldProblem {
    /// The field's name in the request.
    pub field: String,
    /// What is wrong with it, as a sentence.
    pub detail: String,
}

impl Problem {
    /// The sentence about `field`, if there is one.
    pub fn about(&self, field: &str) -> Option<&str> {
        self.errors.iter().find(|e| e.field == field).map(|e| e.detail.as_str())
    }
}
