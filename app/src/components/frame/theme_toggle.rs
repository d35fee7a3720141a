//! Chooses between the system's theme, light and dark.

use leptos::prelude::*;
use octobot_wire::preferences::Theme;

use crate::components::form::icon::Glyph;
use crate::components::form::icon_button::IconButton;
use crate::live::ProjectStore;
use crate::live::preferences::PreferenceKeeper;

/// A button that goes on to the next theme.
#[component]
pub fn ThemeToggle() -> impl IntoView {
    let store = ProjectStore::expect();
    let keeper = PreferenceKeeper::expect();
    let theme = Memo::new(move |_| store.preferences.with(|preferences| preferences.theme));
    let glyph = Signal::derive(move || match theme.get() {
        Theme::System => Glyph::Monitor,
        Theme::Light => Glyph::Sun,
        Theme::Dark => Glyph::Moon,
    });
    let label = Signal::derive(move || {
        match theme.get() {
            Theme::System => "Theme: as the system has it. Change to light",
            Theme::Light => "Theme: light. Change to dark",
            Theme::Dark => "Theme: dark. Change to the system's",
        }
        .to_owned()
    });
    let next = move |()| {
        keeper.change(|preferences| {
            preferences.theme = match preferences.theme {
                Theme::System => Theme::Light,
                Theme::Light => Theme::Dark,
                Theme::Dark => Theme::System,
            };
        });
    };
    view! { <IconButton glyph label on_press=next/> }
}
