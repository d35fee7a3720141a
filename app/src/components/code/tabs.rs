//! What is open: the chat, and files and differences beside it.

use leptos::html;
use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_query_map};

use super::store::CodeStore;
use super::view::{View, shown};
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::form::icon::Glyph;
use crate::components::form::icon_button::IconButton;
use crate::place::session_url;

/// What of the code the address names.
pub fn use_view() -> Memo<Option<View>> {
    let query = use_query_map();
    Memo::new(move |_| query.with(|query| View::of(|name| query.get(name))))
}

/// Which line of it, counted from 1.
pub fn use_line() -> Memo<Option<u32>> {
    let query = use_query_map();
    Memo::new(move |_| query.with(|query| query.get("line")?.parse().ok()))
}

/// The strip of tabs. What the address names is one of them from then on.
#[component]
pub fn Tabs(
    /// What is known of the code.
    store: CodeStore,
    /// What is shown.
    view: Memo<Option<View>>,
) -> impl IntoView {
    let chat = session_url(&store.project(), store.session);
    Effect::new(move |_| {
        let Some(view) = view.get() else { return };
        store.tabs.update(|tabs| {
            if !tabs.contains(&view) {
                tabs.push(view);
            }
        });
    });
    view! {
        <nav class="tabs" aria-label="Open files">
            <a class="tabs__link" href=chat>
                "Chat"
            </a>
            <Rows each=move || store.tabs.get() key=|view| (u64::from(view.is_diff), view.path.clone()) let:tab>
                <Tab store view tab/>
            </Rows>
        </nav>
    }
}

#[component]
fn Tab(store: CodeStore, view: Memo<Option<View>>, tab: View) -> impl IntoView {
    let navigate = use_navigate();
    let url = tab.url(&store.project(), store.session);
    let (name, title) = (shown(tab.name()), shown(&tab.path));
    let word = if tab.is_diff { "Changes" } else { "File" };
    let close_label = format!("Close {name}");
    let edited = tab.clone();
    let is_dirty = Memo::new(move |_| !edited.is_diff && store.edits().is_dirty(&edited.path));
    let unsaved = move || {
        is_dirty.get().then(|| {
            view! {
                <span class="tabs__mark">
                    <span aria-hidden="true">"●"</span>
                    <span class="visually-hidden">" not saved"</span>
                </span>
            }
            .into_any()
        })
    };
    let closed = tab.clone();
    let is_current = Memo::new(move |_| view.with(|view| view.as_ref() == Some(&tab)));
    let node = NodeRef::<html::Span>::new();
    Effect::new(move |_| {
        if let (Some(node), true) = (node.get(), is_current.get()) {
            node.scroll_into_view_with_bool(false);
        }
    });
    let close = move |()| {
        let place = store.tabs.with_untracked(|tabs| tabs.iter().position(|tab| *tab == closed));
        store.tabs.update(|tabs| tabs.retain(|tab| *tab != closed));
        if view.with_untracked(|view| view.as_ref() == Some(&closed)) {
            let beside = store.tabs.with_untracked(|tabs| {
                let place = place.unwrap_or_default().min(tabs.len().saturating_sub(1));
                tabs.get(place).cloned()
            });
            let (project, session) = (store.project(), store.session);
            let next = beside.map_or_else(|| session_url(&project, session), |view| view.url(&project, session));
            navigate(&next, leptos_router::NavigateOptions::default());
        }
    };
    view! {
        <span class="tabs__tab" node_ref=node>
            <a class="tabs__link" href=url title=title aria-current=dynamic(move || is_current.get().then_some("page"))>
                <span class="visually-hidden">{word} " "</span>
                {name}
                {(word == "Changes").then_some(view! { <span class="tabs__mark" aria-hidden="true">"±"</span> })}
                {dynamic(unsaved)}
            </a>
            <IconButton glyph=Glyph::Close label=close_label on_press=close/>
        </span>
    }
}
