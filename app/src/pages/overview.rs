//! The overview: how to begin, or a new session.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::dynamic::when::When;
use crate::components::session::new_session::NewSession;
use crate::components::workspace::add::AddWorkspaceForm;
use crate::live::ProjectStore;

/// The overview of a project.
#[component]
pub fn OverviewPage() -> impl IntoView {
    let store = ProjectStore::expect();
    let is_empty = Memo::new(move |_| store.workspaces.with(Vec::is_empty));
    view! {
        <Title text=""/>
        <div class="page page--centered">
            <When
                when=move || is_empty.get()
                fallback=|| {
                    view! {
                        <h1 class="page__title">"New session"</h1>
                        <p class="page__intro">"A session works on its own copy of the code, in a sandbox of its own."</p>
                        <NewSession/>
                    }
                }
            >
                <h1 class="page__title">"Add a workspace to begin"</h1>
                <p class="page__intro">
                    "A workspace is a folder on this machine or a git repository. Sessions work on copies of it: the
                    original isn’t touched."
                </p>
                <AddWorkspaceForm on_added=|()| ()/>
            </When>
        </div>
    }
}
