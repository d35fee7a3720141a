//! A state in a word and a dot.

use leptos::prelude::*;

use super::spinner::Spinner;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
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
        <span class="badge" data-tone=dynamic(move || tone.get().name())>
            <When when=move || tone.get() == Tone::Busy fallback=|| view! { <span class="badge__dot"></span> }>
                <Spinner/>
            </When>
            <span class="badge__text">{dynamic(move || text.get())}</span>
        </span>
    }
}
