//! What went wrong in a turn.

use leptos::prelude::*;

use crate::components::form::notice::Notice;
use crate::live::ProjectStore;
use crate::place::credentials_url;
use crate::words::Tone;

/// An error part.
#[component]
pub fn ErrorPart(
    /// What, for a person.
    text: String,
    /// The credential that is missing or was refused.
    credential: Option<String>,
) -> impl IntoView {
    let remedy = credential.map(|name| {
        let url = credentials_url(&ProjectStore::expect().id());
        view! {
            <p>
                "The agent needs " <code>{name}</code> ". " <a href=url>"Add a credential"</a> ", then send the prompt again."
            </p>
        }
        .into_any()
    });
    view! {
        <Notice tone=Tone::Bad title="The turn failed">
            <p class="notice__reason">{text}</p>
            {remedy}
        </Notice>
    }
}
