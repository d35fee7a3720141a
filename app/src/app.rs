//! The root of the pages: every view and its URL.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{ParentRoute, Redirect, Route, Router, Routes};
use leptos_router::{SsrMode, path};
use octobot_wire::ProjectId;

use crate::components::form::since::Clock;
use crate::late::{self, Late};
use crate::pages::not_found::NotFound;
use crate::pages::project::ProjectPage;
use crate::pages::session::SessionPage;
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
                <ParentRoute path=path!("/projects/:project") view=ProjectPage ssr=SsrMode::Async>
                    <Route path=path!("") view=|| late::show(Late::Overview)/>
                    <Route path=path!("sessions/:session") view=SessionPage/>
                    <Route path=path!("workspaces/:workspace") view=|| late::show(Late::Workspace)/>
                    <Route path=path!("agents") view=|| late::show(Late::Agents)/>
                    <Route path=path!("agents/new") view=|| late::show(Late::NewAgent)/>
                    <Route path=path!("agents/:agent") view=|| late::show(Late::Agent)/>
                    <Route path=path!("credentials") view=|| late::show(Late::Credentials)/>
                    <Route path=path!("*any") view=|| view! { <NotFound what="page"/> }/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}
