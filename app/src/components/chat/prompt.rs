//! What a person wrote.

use leptos::prelude::*;

use crate::components::form::copy_button::CopyButton;

/// A prompt.
#[component]
pub fn Prompt(
    /// Its text.
    text: String,
) -> impl IntoView {
    let copied = text.clone();
    view! {
        <div class="prompt">
            <pre class="prompt__text">{text}</pre>
            <div class="prompt__actions">
                <CopyButton what="the prompt" text=move |()| copied.clone()/>
            </div>
        </div>
    }
}
