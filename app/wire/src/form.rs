//! Forms that an agent asks its user to fill in.

use serde::{Deserialize, Serialize};

use crate::setting::SettingChoice;

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// Names it in [`Filled`].
    pub id: String,
    /// What the UI calls it.
    pub name: String,
    /// What it asks; empty when its name says it.
    pub description: String,
    /// What it takes.
    pub kind: FieldKind,
    /// Whether the form can't be sent without it.
    pub is_required: bool,
    /// The values to choose from, of a field of that kind.
    pub choices: Vec<SettingChoice>,
    /// What it holds to begin with, as in [`Filled::values`].
    pub initial: Vec<String>,
}

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum FieldKind {
    /// Any text.
    Text,
    /// A number in decimal notation.
    Number,
    /// A number without a fraction.
    Integer,
    /// `true`, or nothing.
    Switch,
    /// One of the choices.
    One,
    /// Any of the choices.
    Several,
}

/// What was filled into a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Filled {
    /// The field's id.
    pub field: String,
    /// What it holds: at most one value, but for [`FieldKind::Several`]. A field that was left empty may be absent.
    pub values: Vec<String>,
}
