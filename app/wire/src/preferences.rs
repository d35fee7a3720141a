//! A user's preferences, kept on the server so that the first paint already has them.

use serde::{Deserialize, Serialize};

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// A user's preferences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Preferences {
    /// Light or dark.
    pub theme: Theme,
    /// The sidebar.
    pub sidebar: Panel,
    /// The panel beside the chat that shows the session's details.
    pub details: Panel,
    /// Whether terminals tell a screen reader what they show.
    pub screen_reader: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            sidebar: Panel { width_px: 272, collapsed: false },
            details: Panel { width_px: 300, collapsed: false },
            screen_reader: false,
        }
    }
}

/// A panel's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Panel {
    /// Its width in CSS pixels, 180 to 640; others are clamped.
    pub width_px: u16,
    /// Whether it is folded away.
    pub collapsed: bool,
}

impl Panel {
    /// The panel with a width within its bounds.
    pub fn clamped(self) -> Self {
        Self { width_px: self.width_px.clamp(180, 640), ..self }
    }
}
