//! What went wrong in a turn.

use leptos::prelude::*;

use crate::components::form::notice::Notice;
use crate::words::Tone;

/// An error part.
#[component]
pub fn ErrorPart(
    /// What, for a person.
    text: String,
) -> impl IntoView {
    view! {
        <Notice tone=Tone::Bad title="The turn failed">
            <p class="notice__reason">{text}</p>
        </Notice>
    }
}
