//! A button that is an icon, with its name for screen readers and as a tooltip.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};

use crate::components::dynamic::dynamic;

/// An icon button.
#[component]
pub fn IconButton(
    /// What it shows.
    #[prop(into)]
    glyph: Signal<Glyph>,
    /// What it does.
    #[prop(into)]
    label: Signal<String>,
    /// It was pressed.
    #[prop(into)]
    on_press: Callback<()>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="icon-button"
            aria-label=dynamic(move || label.get())
            title=dynamic(move || label.get())
            on:click=move |_| on_press.run(())
        >
            <Icon glyph/>
        </button>
    }
}
