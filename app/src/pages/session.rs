//! A session.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use octobot_wire::SessionId;

use super::not_found::{LoadFailed, NotFound};
use crate::calls;
use crate::components::session::session_view::SessionScreen;
use crate::live::ProjectStore;

/// The session that the address names.
#[component]
pub fn SessionPage() -> impl IntoView {
    let params = use_params_map();
    let session = Memo::new(move |_| params.with(|params| params.get("session").and_then(|id| id.parse().ok())));
    move || match session.get() {
        Some(id) => Either::Left(view! { <Loaded id/> }),
        None => Either::Right(view! { <NotFound what="session"/> }),
    }
}

#[component]
fn Loaded(id: SessionId) -> impl IntoView {
    let store = ProjectStore::expect();
    let project = store.id();
    let session = store.session(id);
    let title = move || session.with(|s| s.as_ref().map(|s| s.title().to_owned()).unwrap_or_default());
    let loading = Resource::new_blocking(move || project.clone(), move |project| calls::load_session(project, id));
    view! {
        <Title text=title/>
        <Suspense fallback=Skeleton>
            {move || Suspend::new(async move {
                match loading.await {
                    Ok(view) => Either::Left(view! { <SessionScreen view/> }),
                    Err(failure) => Either::Right(view! { <LoadFailed what="session" problem=failure.0/> }),
                }
            })}
        </Suspense>
    }
}

/// The outline of a transcript, while it is loaded.
#[component]
fn Skeleton() -> impl IntoView {
    view! {
        <div class="skeleton" aria-busy="true" aria-label="Loading the session">
            <div class="skeleton__line skeleton__line--short"></div>
            <div class="skeleton__block"></div>
            <div class="skeleton__line"></div>
            <div class="skeleton__block"></div>
        </div>
    }
}
