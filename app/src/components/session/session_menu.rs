//! The menu of a session, and the dialogs that it opens.

use leptos::prelude::*;
use octobot_wire::SessionId;

use super::fork::Forking;
use crate::components::form::late_menu::LateMenu;
use crate::late::{self, Late};

/// See the module.
#[component]
pub fn SessionMenu(
    /// The session.
    id: SessionId,
) -> impl IntoView {
    let deleting = RwSignal::new(false);
    let giving = RwSignal::new(false);
    let forking = Forking::new();
    view! {
        <LateMenu
            id="session-menu".to_owned()
            label="Actions for the session".to_owned()
            entries=Late::SessionMenu(id, giving, forking.open, deleting)
        />
        {late::show_dialog(giving, Late::SessionCredentials(id, giving))}
        {late::show_dialog(forking.open, Late::ForkSession(id, forking))}
        {late::show_dialog(deleting, Late::DeleteSession(id, deleting))}
    }
}
