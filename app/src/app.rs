//! The root of the pages. Inside a project, `place` says what a URL names: each route of the router's own would be code in the WASM
//! that a session waits for.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{Redirect, Route, Router, Routes};
use leptos_router::{SsrMode, path};
use octobot_wire::ProjectId;

use crate::components::form::since::Clock;
use crate::pages::not_found::NotFound;
use crate::pages::project::ProjectPage;
use crate::place::project_url;

/// Everything inside the document's body.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_context(Clock::start());
    let home = project_url(&ProjectId::local());
    // Pages wait for their data: it comes from a database on the same machine, and the status line needs it.
    view! {
        <Title formatter=|page: String| if page.is_empty() { "Octobot".to_owned() } else { format!("{page} · Octobot") }/>
        <Router>
            <Routes fallback=|| view! { <NotFound what="page"/> }>
                <Route path=path!("/") view=move || view! { <Redirect path=home.clone()/> }/>
                <Route path=path!("/projects/:project/*any") view=ProjectPage ssr=SsrMode::Async/>
            </Routes>
        </Router>
    }
}
