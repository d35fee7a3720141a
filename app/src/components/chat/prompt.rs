//! What a person wrote.

use leptos::prelude::*;

use super::draft::Draft;
use crate::components::form::copy_button::CopyButton;
use crate::components::form::icon::Glyph;
use crate::components::form::icon_button::IconButton;

/// A prompt.
#[component]
pub fn Prompt(
    /// Its text.
    text: String,
) -> impl IntoView {
    let draft = Draft::expect();
    let (copied, again) = (text.clone(), text.clone());
    view! {
        <div class="prompt">
            <pre class="prompt__text">{text}</pre>
            <div class="prompt__actions">
                <IconButton glyph=Glyph::Pencil label="Edit and send again" on_press=move |()| draft.take(&again)/>
                <CopyButton what="the prompt" text=move |()| copied.clone()/>
            </div>
        </div>
    }
}
