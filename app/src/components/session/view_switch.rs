//! Chooses what of a session is shown: the chat or its terminals. Both, side by side, is chosen beside the terminals.

use leptos::prelude::*;
use octobot_wire::SessionId;

use crate::components::dynamic::dynamic;
use crate::components::form::icon::{Glyph, Icon};
use crate::live::ProjectStore;
use crate::place::{Panes, panes_url, use_panes};

/// The link to what isn't shown.
#[component]
pub fn ViewSwitch(
    /// The session.
    id: SessionId,
) -> impl IntoView {
    let project = ProjectStore::expect().id();
    let panes = use_panes();
    let is_chat = move || panes.get() == Panes::Chat;
    let label = move || if is_chat() { "Show the terminal" } else { "Show the chat only" };
    let glyph = Signal::derive(move || if is_chat() { Glyph::Terminal } else { Glyph::Chat });
    let url = move || panes_url(&project, id, if is_chat() { Panes::Terminal } else { Panes::Chat });
    view! {
        <a class="icon-button" href=dynamic(url) aria-label=dynamic(label) title=dynamic(label)>
            <Icon glyph/>
        </a>
    }
}
