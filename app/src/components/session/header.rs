//! A session in the header: its title, where it stands, and how it is isolated.

use leptos::prelude::*;
use octobot_wire::SessionId;

use super::actions::SessionActions;
use super::isolation::IsolationBadge;
use super::session_menu::SessionMenu;
use super::view_switch::ViewSwitch;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::badge::Badge;
use crate::components::form::inline_edit::InlineEdit;
use crate::live::ProjectStore;
use crate::words::{self, Tone};

/// The session's part of the header.
#[component]
pub fn SessionHeader(
    /// The session.
    id: SessionId,
) -> impl IntoView {
    let store = ProjectStore::expect();
    let actions = SessionActions::new();
    let session = store.session(id);
    let title = Signal::derive(move || session.with(|s| s.as_ref().map(|s| s.title().to_owned()).unwrap_or_default()));
    let state =
        Memo::new(move |_| session.with(|s| s.as_ref().map_or(("", Tone::Quiet), |s| words::session_state(&s.state))));
    let agent = store.agent_of(session);
    let agent = move || agent.get().map(|agent| agent.name);
    view! {
        <When when=move || session.with(Option::is_some)>
            <div class="session-header">
                <h1 class="session-header__title">
                    <InlineEdit
                        text=title
                        label="Rename the session"
                        on_change=move |name: String| actions.rename(id, &name)
                    />
                </h1>
                <Badge
                    text=Signal::derive(move || state.get().0.to_owned())
                    tone=Signal::derive(move || state.get().1)
                />
                <span class="session-header__agent">{dynamic(agent)}</span>
                <IsolationBadge session/>
                <ViewSwitch id/>
                <SessionMenu id/>
            </div>
        </When>
    }
}
