//! The call `preferences/save`.

use leptos::prelude::*;
use octobot_wire::preferences::Preferences;

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Replaces the caller's preferences.
#[server(name = SavePreferencesCall, prefix = "/api/fn", endpoint = "preferences/save", protocol = PostJson)]
pub async fn save_preferences(preferences: Preferences) -> Result<Preferences, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.projects.save_preferences(backend.caller, preferences)).await
}
