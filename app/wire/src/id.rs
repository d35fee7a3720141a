//! Identifiers. Each entity has a type of its own, so that one can't be passed for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Text that isn't an identifier of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind} id")]
pub struct InvalidId {
    /// Which kind of id was expected, in the words of the UI.
    pub kind: &'static str,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that is known to identify this kind of entity.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside, for the store.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId { kind: $kind })
            }
        }
    };
}

uuid_id!(
    /// Identifies a user.
    UserId, "user"
);
uuid_id!(
    /// Identifies a workspace.
    WorkspaceId, "workspace"
);
uuid_id!(
    /// Identifies a session, and with it its sandbox.
    SessionId, "session"
);
uuid_id!(
    /// Identifies a turn. The agent daemon accepts a turn once by this id.
    TurnId, "turn"
);
uuid_id!(
    /// Identifies a message.
    MessageId, "message"
);
uuid_id!(
    /// Identifies a part of a message.
    PartId, "part"
);
uuid_id!(
    /// Identifies a file that goes with a prompt. In the transcript the file's part has the same UUID.
    AttachmentId, "attachment"
);
uuid_id!(
    /// Identifies an agent, a project's configuration of an agent type.
    AgentId, "agent"
);

uuid_id!(
    /// Identifies a credential.
    CredentialId, "credential"
);

uuid_id!(
    /// Identifies an MCP server of an agent.
    McpServerId, "MCP server"
);

uuid_id!(
    /// Identifies a terminal of a session.
    TerminalId, "terminal"
);

impl UserId {
    /// The one user of anonymous mode.
    pub const ANONYMOUS: Self = Self(Uuid::nil());
}

/// Identifies a project: `local`, or lower-case letters, digits and hyphens, 1 to 64 of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", schema(value_type = String, example = "local"))]
pub struct ProjectId(String);

impl ProjectId {
    /// The project of single-user mode.
    pub fn local() -> Self {
        Self("local".to_owned())
    }

    /// The id as it stands in URLs.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ProjectId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for ProjectId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-');
        if fits { Ok(Self(text)) } else { Err(InvalidId { kind: "project" }) }
    }
}

impl From<ProjectId> for String {
    fn from(id: ProjectId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_id_is_a_slug() {
        assert_eq!("local".parse(), Ok(ProjectId::local()));
        for bad in ["", "-x", "A", "a/b", "..", "a b", &"x".repeat(65)] {
            assert!(bad.parse::<ProjectId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn ids_of_the_wrong_form_are_refused() {
        assert_eq!("nonsense".parse::<SessionId>(), Err(InvalidId { kind: "session" }));
    }
}
