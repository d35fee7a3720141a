//! What an agent asks its user while it works: for a permission before it does something, or to fill in a form. A form is a
//! request with fields, whose options are to send it or not.

use serde::{Deserialize, Serialize};

use crate::form::Filled;
use crate::tagged::read_tagged;

/// One of the answers that an agent offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PermissionOption {
    /// Names it in the answer.
    pub id: String,
    /// What the button says.
    pub name: String,
    /// What it means.
    pub kind: PermissionKind,
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum PermissionKind {
    /// Yes, this time.
    AllowOnce,
    /// Yes, and don't ask again.
    AllowAlways,
    /// No, this time.
    RejectOnce,
    /// No, and don't ask again.
    RejectAlways,
}

/// Where a request for permission stands. It is answered once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum PermissionState {
    /// The agent waits.
    Open,
    /// Somebody answered.
    Answered {
        /// The id of the option that was chosen.
        option: String,
    },
    /// The turn ended before anybody answered.
    Cancelled,
}

read_tagged!(PermissionState by "state" with { option: String } as Open {} Answered { option } Cancelled {});

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnswerPermission {
    /// The id of the chosen option.
    pub option: String,
    /// What was filled in, where the request has fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Filled>,
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PermissionAnswered {
    /// The answer that counts; never open. It is another one than was given when somebody else was quicker.
    pub state: PermissionState,
}
