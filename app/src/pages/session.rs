//! A session.

use leptos::either::EitherOf3;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use octobot_wire::SessionId;

use super::not_found::{LoadFailed, NotFound};
use super::project::NamedSession;
use crate::components::session::session_view::SessionScreen;
use crate::live::ProjectStore;

/// The session that the address names.
#[component]
pub fn SessionPage() -> impl IntoView {
    let store = ProjectStore::expect();
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("session")?.parse::<SessionId>().ok()));
    let title = move || {
        let id = id.get();
        store.sessions.with(|list| list.iter().find(|known| Some(known.id) == id).map(|s| s.title().to_owned()))
    };
    let NamedSession(loading) = expect_context();
    view! {
        <Title text=move || title().unwrap_or_default()/>
        <Suspense fallback=Skeleton>
            {move || Suspend::new(async move {
                match loading.await {
                    Ok(Some(view)) => EitherOf3::A(view! { <SessionScreen view/> }),
                    Ok(None) => EitherOf3::B(view! { <NotFound what="session"/> }),
                    Err(failure) => EitherOf3::C(view! { <LoadFailed what="session" problem=failure.0/> }),
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
