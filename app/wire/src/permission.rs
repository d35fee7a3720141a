//! Permissions that an agent asks for before it does something.

use serde::{Deserialize, Serialize};

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
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PermissionAnswered {
    /// The answer that counts; never open. It is another one than was given when somebody else was quicker.
    pub state: PermissionState,
}
