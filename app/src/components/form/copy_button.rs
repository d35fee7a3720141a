//! Copies a text, and says for a moment that it did.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::icon::Glyph;
use super::icon_button::IconButton;
use crate::browser::clipboard;

/// How long it says so.
const MOMENT: Duration = Duration::from_millis(1_500);

/// A copy button.
#[component]
pub fn CopyButton(
    /// What is copied, for the label: "Copy …".
    what: &'static str,
    /// The text, made when it is asked for.
    #[prop(into)]
    text: Callback<(), String>,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let glyph = Signal::derive(move || if copied.get() { Glyph::Check } else { Glyph::Copy });
    let label = Signal::derive(move || if copied.get() { "Copied".to_owned() } else { format!("Copy {what}") });
    let copy = move |()| {
        let text = text.run(());
        spawn_local(async move {
            if clipboard::copy(text).await {
                let _ = copied.try_set(true);
                set_timeout(
                    move || {
                        let _ = copied.try_set(false);
                    },
                    MOMENT,
                );
            }
        });
    };
    view! { <IconButton glyph label on_press=copy/> }
}
