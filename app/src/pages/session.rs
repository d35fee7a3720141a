//! A session.

use leptos::either::EitherOf3;
use leptos::prelude::*;

use super::not_found::{LoadFailed, NotFound};
use super::project::NamedSession;
use super::title::live_title;
use crate::components::session::session_view::SessionScreen;
use crate::live::ProjectStore;
use crate::place::{Place, use_place};

/// The session that the address names.
#[component]
pub fn SessionPage() -> impl IntoView {
    let store = ProjectStore::expect();
    let place = use_place();
    let title = move || {
        let Place::Session(id) = place.get() else { return None };
        store.sessions.with(|list| list.iter().find(|known| known.id == id).map(|s| s.title().to_owned()))
    };
    let NamedSession(loading) = expect_context();
    view! {
        {live_title(move || title().unwrap_or_default())}
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
