//! What an agent lets its user choose and call in a session: modes, models and other settings, and slash commands.
//!
//! Agents tell these once their thread is open, and again whenever they change.

use serde::{Deserialize, Serialize};

/// Something that a user can choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Setting {
    /// Names it in [`ChangeSetting`].
    pub id: String,
    /// What the UI calls it.
    pub name: String,
    /// What it does; empty when the agent doesn't say.
    pub description: String,
    /// What it is about.
    pub category: SettingCategory,
    /// The value that it has.
    pub current: String,
    /// The values that it can have. A switch has `true` and `false`.
    pub choices: Vec<SettingChoice>,
}

/// What a setting is about, so that the UI can give it its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum SettingCategory {
    /// What the agent may do without asking.
    Mode,
    /// Which model it uses.
    Model,
    /// How much it thinks.
    Thought,
    /// Anything else.
    Other,
}

/// A value of a setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SettingChoice {
    /// The value.
    pub value: String,
    /// What the UI calls it.
    pub name: String,
    /// What it means; empty when the agent doesn't say.
    pub description: String,
}

/// A request to change a setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeSetting {
    /// The setting's id, or `mode`, `model` or `thought` for the first setting of that category: so an agent's
    /// configuration can name them before the agent has told its own ids.
    pub setting: String,
    /// The value that it is to have.
    pub value: String,
}

/// A slash command that an agent understands: a prompt that begins with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AgentCommand {
    /// Its name, without the slash.
    pub name: String,
    /// What it does, shortened to a few lines.
    pub description: String,
    /// What to write behind the name; empty for nothing.
    pub hint: String,
}

/// What is known about a session's agent while it runs and after.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AgentState {
    /// What can be chosen. Empty until the agent has told.
    pub settings: Vec<Setting>,
    /// The commands that it understands. Empty until the agent has told.
    pub commands: Vec<AgentCommand>,
    /// How full its context is; none until the agent has told.
    pub context: Option<crate::usage::Context>,
    /// What the session has cost so far.
    pub usage: crate::usage::Usage,
}
