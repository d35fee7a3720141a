//! The line at the top: where one is, and what can be done there.

use leptos::prelude::*;

use super::layout::{Layout, Side};
use super::theme_toggle::ThemeToggle;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::icon::Glyph;
use crate::components::form::icon_button::IconButton;
use crate::components::session::header::SessionHeader;
use crate::live::ProjectStore;
use crate::place::{Place, project_url, use_place};

/// The header.
#[component]
pub fn Header() -> impl IntoView {
    let store = ProjectStore::expect();
    let layout = Layout::expect();
    let place = use_place();
    let home = project_url(&store.id());
    let name = store.project.with_value(|project| project.name.clone());
    let label = name.clone();
    let session = Memo::new(move |_| match place.get() {
        Place::Session(id) => Some(id),
        Place::Overview
        | Place::Workspace(_)
        | Place::Agents
        | Place::NewAgent
        | Place::Agent(_)
        | Place::Credentials
        | Place::Network
        | Place::Traffic(_)
        | Place::Elsewhere => None,
    });
    view! {
        <header class="header">
            <IconButton glyph=Glyph::SidebarLeft label="Show or hide the sidebar" on_press=move |()| {
                layout.toggle(Side::Sidebar);
            }/>
            <a class="header__home" href=home aria-label=label>
                <Mark/>
                <span class="header__project">{name}</span>
            </a>
            <div class="header__place">
                {dynamic(move || session.get().map(|id| view! { <SessionHeader id/> }.into_any()))}
            </div>
            <ThemeToggle/>
            <When when=move || session.get().is_some()>
                <IconButton glyph=Glyph::SidebarRight label="Show or hide files and details" on_press=move |()| {
                    layout.toggle(Side::Details);
                }/>
            </When>
        </header>
    }
}

/// Octobot's mark.
#[component]
fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path
                class="mark__body"
                d="M12 3a7 7 0 0 0-7 7v5.5c0 1.4-.9 2.5-2 3 2 .8 4 .2 5-1.5.3 1.8 1.2 3 2.5 4 .8-1 1.5-2 1.5-3.5 0 1.5.7 2.5 1.5 3.5 1.3-1 2.2-2.2 2.5-4 1 1.7 3 2.3 5 1.5-1.1-.5-2-1.6-2-3V10a7 7 0 0 0-7-7z"
            />
            <circle class="mark__eye" cx="9.5" cy="10.5" r="1.3"/>
            <circle class="mark__eye" cx="14.5" cy="10.5" r="1.3"/>
        </svg>
    }
}
