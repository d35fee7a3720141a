//! A project: loads what the frame shows and the session that the address names, then everything else stands inside
//! the frame.
//!
//! Both are loaded here and nowhere further inside: while the server renders, it runs what is inside a `Suspense` several
//! times, and a resource that is made there is loaded as often. Of two answers one would be in the HTML and the other be
//! what the browser takes it for.

use leptos::either::EitherOf3;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use octobot_wire::ProjectId;
use octobot_wire::session::SessionView;

use super::not_found::{LoadFailed, NotFound};
use super::session::SessionPage;
use crate::calls::{self, Failure};
use crate::components::dynamic::dynamic;
use crate::components::frame::Frame;
use crate::late::{self, Late};
use crate::place::{Place, use_place};

/// The session that the address names, as it was when the address was opened; none where it names none. A context of
/// everything inside the frame.
#[derive(Clone, Copy)]
pub struct NamedSession(pub Resource<Result<Option<SessionView>, Failure>>);

/// The project that the address names.
#[component]
pub fn ProjectPage() -> impl IntoView {
    let params = use_params_map();
    let place = use_place();
    let id = Memo::new(move |_| params.with(|params| params.get("project")?.parse::<ProjectId>().ok()));
    let session = Memo::new(move |_| match place.get() {
        Place::Session(session) => Some((id.get()?, session)),
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
    let loading = Resource::new_blocking(
        move || id.get(),
        |id| async move {
            match id {
                Some(id) => calls::load_project(id).await.map(Some),
                None => Ok(None),
            }
        },
    );
    let loading_session = Resource::new_blocking(
        move || session.get(),
        |named| async move {
            match named {
                Some((project, session)) => calls::load_session(project, session).await.map(Some),
                None => Ok(None),
            }
        },
    );
    provide_context(NamedSession(loading_session));
    view! {
        <Suspense fallback=|| view! { <div class="frame frame--loading" aria-busy="true"></div> }>
            {move || Suspend::new(async move {
                match loading.await {
                    Ok(Some(view)) => EitherOf3::A(view! {
                        <Frame view>
                            <Here/>
                        </Frame>
                    }),
                    Ok(None) => EitherOf3::B(view! { <NotFound what="project"/> }),
                    Err(failure) => EitherOf3::C(view! { <LoadFailed what="project" problem=failure.0/> }),
                }
            })}
        </Suspense>
    }
}

/// What the address names, inside the frame. From one session to the next the page stays.
#[component]
fn Here() -> impl IntoView {
    let place = use_place();
    let is_session = Memo::new(move |_| matches!(place.get(), Place::Session(_)));
    dynamic(move || if is_session.get() { view! { <SessionPage/> }.into_any() } else { late::show(Late::Place) })
}
