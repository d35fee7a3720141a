//! What can be done with a session.

use leptos::prelude::*;
use octobot_wire::SessionId;
use octobot_wire::session::SessionState;

use super::actions::SessionActions;
use crate::components::dynamic::when::When;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::menu::MenuItem;
use crate::late::Dialog;
use crate::live::ProjectStore;
use crate::place::traffic_url;
use crate::words;

/// The entries of a session's menu.
#[component]
pub fn SessionEntries(
    /// The session.
    id: SessionId,
    /// The dialog that gives it credentials.
    giving: Dialog,
    /// The dialog that forks it.
    forking: Dialog,
    /// The dialog that deletes it.
    deleting: Dialog,
) -> impl IntoView {
    let store = ProjectStore::expect();
    let actions = SessionActions::new();
    let session = store.session(id);
    let traffic = traffic_url(&store.id(), id);
    let is = move |test: fn(&SessionState) -> bool| session.with(|s| s.as_ref().is_some_and(|s| test(&s.state)));
    let can_stop = move || is(|state| matches!(state, SessionState::Ready | SessionState::Running));
    let can_start = move || is(|state| matches!(state, SessionState::Stopped));
    let can_retry = move || is(|state| matches!(state, SessionState::Error { .. }));
    let can_cancel = move || is(words::is_building);
    view! {
        <When when=can_start>
            <MenuItem glyph=Glyph::Play label="Start sandbox" on_choose=move |()| actions.start(id)/>
        </When>
        <When when=can_retry>
            <MenuItem glyph=Glyph::Refresh label="Try again" on_choose=move |()| actions.start(id)/>
        </When>
        <When when=can_stop>
            <MenuItem glyph=Glyph::Stop label="Stop sandbox" on_choose=move |()| actions.stop(id)/>
        </When>
        <When when=can_cancel>
            <MenuItem glyph=Glyph::Close label="Cancel" on_choose=move |()| actions.stop(id)/>
        </When>
        <When when=can_stop>
            <MenuItem glyph=Glyph::GitBranch label="Fork…" on_choose=move |()| forking.set(true)/>
        </When>
        <MenuItem glyph=Glyph::Key label="Credentials…" on_choose=move |()| giving.set(true)/>
        <a class="menu__item" href=traffic>
            <Icon glyph=Glyph::Globe/>
            "Network"
        </a>
        <MenuItem glyph=Glyph::Trash label="Delete…" danger=true on_choose=move |()| deleting.set(true)/>
    }
}
