//! What can be done with a session.

use leptos::prelude::*;
use octobot_wire::SessionId;
use octobot_wire::session::{Session, SessionState};

use super::actions::SessionActions;
use crate::components::dynamic::when::When;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::menu::{Menu, MenuItem};
use crate::late::{self, Late};
use crate::live::ProjectStore;
use crate::place::traffic_url;
use crate::words;

/// The menu of a session.
#[component]
pub fn SessionMenu(
    /// The session.
    id: SessionId,
    /// The same, followed.
    session: Memo<Option<Session>>,
) -> impl IntoView {
    let actions = SessionActions::new();
    let traffic = traffic_url(&ProjectStore::expect().id(), id);
    let deleting = RwSignal::new(false);
    let giving = RwSignal::new(false);
    let is = move |test: fn(&SessionState) -> bool| session.with(|s| s.as_ref().is_some_and(|s| test(&s.state)));
    let can_stop = move || is(|state| matches!(state, SessionState::Ready | SessionState::Running));
    let can_start = move || is(|state| matches!(state, SessionState::Stopped));
    let can_retry = move || is(|state| matches!(state, SessionState::Error { .. }));
    let can_cancel = move || is(words::is_building);
    view! {
        <Menu id="session-menu".to_owned() label="Actions for the session">
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
            <MenuItem glyph=Glyph::Key label="Credentials…" on_choose=move |()| giving.set(true)/>
            <a class="menu__item" href=traffic>
                <Icon glyph=Glyph::Globe/>
                "Network"
            </a>
            <MenuItem glyph=Glyph::Trash label="Delete…" danger=true on_choose=move |()| deleting.set(true)/>
        </Menu>
        {late::show_dialog(giving, Late::SessionCredentials(id, giving))}
        {late::show_dialog(deleting, Late::DeleteSession(id, deleting))}
    }
}
