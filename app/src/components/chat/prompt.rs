//! What a person wrote.

use leptos::prelude::*;
use octobot_wire::TurnId;

use super::draft::Draft;
use crate::components::form::icon::Glyph;
use crate::components::form::icon_button::IconButton;
use crate::components::form::late_menu::LateMenu;
use crate::late::Late;

/// A prompt.
#[component]
pub fn Prompt(
    /// Its text.
    text: String,
    /// Its turn.
    turn: TurnId,
) -> impl IntoView {
    let draft = Draft::expect();
    let again = text.clone();
    view! {
        <div class="prompt">
            <pre class="prompt__text">{text}</pre>
            <div class="prompt__actions">
                <IconButton glyph=Glyph::Pencil label="Edit and send again" on_press=move |()| draft.take(&again)/>
                <LateMenu
                    id=format!("prompt-{turn}")
                    label="Actions for the prompt".to_owned()
                    entries=Late::PromptMenu(turn)
                />
            </div>
        </div>
    }
}
