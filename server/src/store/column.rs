//! How values stand in columns: enums as text, numbers as 64 bits with a sign, details as JSON.
//!
//! The names of stored values are decided here and in the entities' modules, not by how a value travels as JSON, so
//! that a change of the wire format can't make stored data unreadable. The exception are lists and notes that only a
//! page looks into, such as the settings that an agent offers: they stand as they travel, and so may only grow.

use octobot_proxy::policy::{Mode, Phase};
use octobot_wire::Timestamp;
use octobot_wire::agent::AgentTypeId;
use octobot_wire::code::pull_request::{Forge, PullRequestState};
use octobot_wire::credential::CredentialTypeId;
use octobot_wire::message::MessageRole;
use octobot_wire::project::Role;
use octobot_wire::session::{Network, SessionStage};
use octobot_wire::tool::ToolKind;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use crate::domain::{JobKind, SessionGoal, WorkspaceGoal};

/// An enum without data that is stored as text.
pub(super) trait TextColumn: Sized {
    /// The text in the column.
    fn to_text(&self) -> &'static str;

    /// The value that a text stands for; none for a text that this version doesn't know.
    fn from_text(text: &str) -> Option<Self>;
}

macro_rules! text_column {
    ($name:ty { $($variant:ident = $text:literal),+ $(,)? }) => {
        impl TextColumn for $name {
            fn to_text(&self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            fn from_text(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

text_column!(Role { Owner = "owner", Admin = "admin", Member = "member" });
text_column!(AgentTypeId {
    Shell = "shell",
    ClaudeCode = "claude_code",
    GeminiCli = "gemini_cli",
    Codex = "codex",
    OpenCode = "open_code",
    CopilotCli = "copilot_cli",
    Goose = "goose",
    Custom = "custom",
});
text_column!(CredentialTypeId {
    Anthropic = "anthropic",
    OpenAi = "open_ai",
    Google = "google",
    OpenRouter = "open_router",
    GitHub = "github",
    GitLab = "gitlab",
    Registry = "registry",
    OpenAiCompatible = "open_ai_compatible",
    Headers = "headers",
    Variables = "variables",
});
text_column!(ToolKind {
    Read = "read",
    Edit = "edit",
    Delete = "delete",
    Move = "move",
    Search = "search",
    Execute = "execute",
    Think = "think",
    Fetch = "fetch",
    Other = "other",
});
text_column!(WorkspaceGoal { Ready = "ready", Removed = "removed" });
text_column!(SessionGoal { Up = "up", Stopped = "stopped", Removed = "removed" });
text_column!(SessionStage {
    Initializing = "initializing",
    Cloning = "cloning",
    PullingImage = "pulling_image",
    CreatingSandbox = "creating_sandbox",
    Running = "running",
    Removing = "removing",
});
text_column!(Network { Host = "host", Bridge = "bridge", Proxied = "proxied" });
text_column!(Mode { Online = "online", OfflineAgent = "offline_agent" });
text_column!(Phase { Setup = "setup", Agent = "agent" });
text_column!(MessageRole { User = "user", Agent = "agent" });
text_column!(Forge { GitHub = "github", GitLab = "gitlab" });
text_column!(PullRequestState { Open = "open", Closed = "closed", Merged = "merged" });
text_column!(JobKind { Workspace = "workspace", Session = "session" });

/// A row that is being read: says which one it is when a column can't be.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    /// The table.
    pub(super) table: &'static str,
    /// The row's identity.
    pub(super) row: &'a dyn std::fmt::Display,
}

impl Reading<'_> {
    /// The error for a column that can't be read.
    pub(super) fn corrupt(&self, column: &'static str) -> StoreError {
        StoreError::Corrupt { table: self.table, column, row: self.row.to_string() }
    }

    /// A value that must be there in the state that the row is in.
    pub(super) fn present<T>(&self, column: &'static str, value: Option<T>) -> Result<T, StoreError> {
        value.ok_or_else(|| self.corrupt(column))
    }

    /// An enum that is stored as text.
    pub(super) fn text<T: TextColumn>(&self, column: &'static str, text: &str) -> Result<T, StoreError> {
        self.present(column, T::from_text(text))
    }

    /// A number that can't be negative, in the type that holds it.
    pub(super) fn number<T: TryFrom<i64>>(&self, column: &'static str, number: i64) -> Result<T, StoreError> {
        T::try_from(number).map_err(|_| self.corrupt(column))
    }

    /// Details that are stored as JSON and must be there.
    pub(super) fn detail<T: DeserializeOwned>(
        &self,
        column: &'static str,
        json: Option<&str>,
    ) -> Result<T, StoreError> {
        serde_json::from_str(self.present(column, json)?).map_err(|_| self.corrupt(column))
    }
}

/// A number as a column holds it.
pub(super) fn to_number(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::NumberTooGreat(number))
}

/// Details as JSON.
pub(super) fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::Json)
}

/// A time that may not have come yet, as a column holds it.
pub(super) fn to_time(time: Option<Timestamp>) -> Option<i64> {
    time.map(|Timestamp(ms)| ms)
}

/// Free text, refused where it has a NUL character: PostgreSQL can't store one, and the engines are to behave alike.
pub(super) fn free_text<'a>(table: &'static str, column: &'static str, text: &'a str) -> Result<&'a str, StoreError> {
    if text.contains('\0') { Err(StoreError::Nul { table, column }) } else { Ok(text) }
}

/// Free text that may be missing; see [`free_text`].
pub(super) fn optional_text<'a>(
    table: &'static str,
    column: &'static str,
    text: Option<&'a str>,
) -> Result<Option<&'a str>, StoreError> {
    text.map(|text| free_text(table, column, text)).transpose()
}
