//! The frame: header, sidebar, the page, messages.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use octobot_wire::project::ProjectView;

use super::connection::ConnectionBanner;
use super::header::Header;
use super::layout::{Layout, Side};
use super::sandbox_banner::SandboxBanner;
use super::toasts::{ToastList, Toasts};
use crate::browser::dom;
use crate::components::dynamic::dynamic;
use crate::components::sidebar::Sidebar;
use crate::live::ProjectStore;
use crate::live::follow::Follower;
use crate::live::preferences::PreferenceKeeper;
use crate::shell::theme_name;

/// The frame of a project. Gives everything inside it the store, the stream, the toasts and the layout.
#[component]
pub fn Frame(
    /// What it shows.
    view: ProjectView,
    /// The page inside it.
    children: Children,
) -> impl IntoView {
    let as_of = view.as_of;
    let store = ProjectStore::new(view);
    let toasts = Toasts::new();
    let keeper = PreferenceKeeper::new(store, toasts);
    let layout = Layout::new(keeper);
    provide_context(store);
    provide_context(toasts);
    provide_context(keeper);
    provide_context(layout);
    provide_context(Follower::start(store, as_of));
    mirror_preferences(store);
    let path = use_location().pathname;
    Effect::new(move |_| {
        path.track();
        layout.page.set(None);
    });
    let is_collapsed = move |side: Side| store.preferences.with(|preferences| side.of(preferences).collapsed);
    view! {
        <div
            class="frame"
            class:frame--no-sidebar=dynamic(move || is_collapsed(Side::Sidebar))
            class:frame--no-details=dynamic(move || is_collapsed(Side::Details))
            data-page=dynamic(move || layout.page.get().map(Side::name))
        >
            <a class="skip-link" href="#main">
                "Skip to content"
            </a>
            <Header/>
            <Sidebar/>
            <main class="frame__main" id="main" tabindex="-1">
                <ConnectionBanner/>
                <SandboxBanner/>
                {children()}
            </main>
            <ToastList/>
        </div>
    }
}

/// Theme and widths belong to the document's root, which the server wrote and no component renders.
fn mirror_preferences(store: ProjectStore) {
    Effect::new(move |_| {
        store.preferences.with(|preferences| {
            dom::set_root_attribute("data-theme", theme_name(preferences.theme));
            for side in [Side::Sidebar, Side::Details] {
                let width = side.of(preferences).clamped().width_px;
                dom::set_root_property(&format!("--{}-width", side.name()), &format!("{width}px"));
            }
        });
    });
}
