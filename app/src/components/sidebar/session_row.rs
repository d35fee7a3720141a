//! A session in the tree.

use leptos::prelude::*;
use octobot_wire::{SessionId, Timestamp};

use crate::components::dynamic::dynamic;
use crate::components::form::since::Since;
use crate::live::ProjectStore;
use crate::place::{Place, session_url, use_place};
use crate::words::{self, Tone};

/// A leaf of the tree.
#[component]
pub fn SessionRow(
    /// The session.
    id: SessionId,
) -> impl IntoView {
    let store = ProjectStore::expect();
    let place = use_place();
    let session = store.session(id);
    let state =
        Memo::new(move |_| session.with(|s| s.as_ref().map_or(("", Tone::Quiet), |s| words::session_state(&s.state))));
    let title = move || session.with(|s| s.as_ref().map(|s| s.title().to_owned()).unwrap_or_default());
    let at = Signal::derive(move || session.with(|s| s.as_ref().map_or(Timestamp(0), |s| s.updated_at)));
    view! {
        <li>
            <a
                class="tree__row tree__row--session tree__link"
                href=session_url(&store.id(), id)
                aria-current=dynamic(move || (place.get() == Place::Session(id)).then_some("page"))
            >
                <span class="dot" data-tone=dynamic(move || state.get().1.name()) title=dynamic(move || state.get().0)></span>
                <span class="visually-hidden">{dynamic(move || state.get().0)}</span>
                <span class="tree__name">{dynamic(title)}</span>
                <Since at/>
            </a>
        </li>
    }
}
