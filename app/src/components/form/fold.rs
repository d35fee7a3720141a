//! What is folded away until somebody asks for it.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use crate::components::dynamic::dynamic;

/// The line that stays of something folded. Pressing it unfolds it, or folds it again.
#[component]
pub fn FoldHead(
    /// Whether it is unfolded.
    unfolded: RwSignal<bool>,
    /// What the line says.
    children: Children,
) -> impl IntoView {
    let glyph = Signal::derive(move || if unfolded.get() { Glyph::ChevronDown } else { Glyph::ChevronRight });
    view! {
        <button
            type="button"
            class="fold-head"
            aria-expanded=dynamic(move || unfolded.get().to_string())
            on:click=move |_| unfolded.update(|unfolded| *unfolded = !*unfolded)
        >
            {children()}
            <Icon glyph/>
        </button>
    }
}

/// A link that shows the rest of something long, or hides it again.
#[component]
pub fn FoldLink(
    /// Whether it is unfolded.
    unfolded: RwSignal<bool>,
    /// What it says while it is folded.
    #[prop(into)]
    more: Signal<String>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="fold"
            aria-expanded=dynamic(move || unfolded.get().to_string())
            on:click=move |_| unfolded.update(|unfolded| *unfolded = !*unfolded)
        >
            {dynamic(move || if unfolded.get() { "Fold".to_owned() } else { more.get() })}
        </button>
    }
}
