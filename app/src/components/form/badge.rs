//! A state in a word and a dot.

use leptos::prelude::*;

use super::spinner::Spinner;
use crate::words::Tone;

/// A badge. While something happens a spinner takes the dot's place.
#[component]
pub fn Badge(
    /// The word.
    #[prop(into)]
    text: Signal<String>,
    /// Its colour family.
    #[prop(into)]
    tone: Signal<Tone>,
) -> impl IntoView {
    view! {
        <span class="badge" data-tone=move || tone.get().name()>
            <Show when=move || tone.get() == Tone::Busy fallback=|| view! { <span class="badge__dot"></span> }>
                <Spinner/>
            </Show>
            <span class="badge__text">{move || text.get()}</span>
        </span>
    }
}
