//! What a person wrote.

use leptos::prelude::*;
use octobot_wire::TurnId;

use super::draft::Draft;
use crate::components::form::copy_button::CopyButton;
use crate::components::form::icon::Glyph;
use crate::components::form::icon_button::IconButton;
use crate::components::session::fork::Forking;

/// A prompt.
#[component]
pub fn Prompt(
    /// Its text.
    text: String,
    /// Its turn.
    turn: TurnId,
) -> impl IntoView {
    let draft = Draft::expect();
    let forking = expect_context::<Forking>();
    let (copied, again) = (text.clone(), text.clone());
    view! {
        <div class="prompt">
            <pre class="prompt__text">{text}</pre>
            <div class="prompt__actions">
                <IconButton glyph=Glyph::Pencil label="Edit and send again" on_press=move |()| draft.take(&again)/>
                <IconButton glyph=Glyph::GitBranch label="Fork after this turn…" on_press=move |()| forking.ask(turn)/>
                <CopyButton what="the prompt" text=move |()| copied.clone()/>
            </div>
        </div>
    }
}
