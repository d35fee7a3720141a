//! What a place shows that isn't a session. All of these load late.

use leptos::prelude::*;

use super::agent::{AgentPage, NewAgentPage};
use super::agents::AgentsPage;
use super::credentials::CredentialsPage;
use super::network::NetworkPage;
use super::not_found::NotFound;
use super::overview::OverviewPage;
use super::traffic::TrafficPage;
use super::workspace::WorkspacePage;
use crate::components::dynamic::dynamic;
use crate::place::{Place, use_place};

/// The page of the place that the address names.
#[component]
pub fn PlacePage() -> impl IntoView {
    let place = use_place();
    dynamic(move || match place.get() {
        Place::Overview => view! { <OverviewPage/> }.into_any(),
        Place::Workspace(id) => view! { <WorkspacePage id/> }.into_any(),
        Place::Agents => view! { <AgentsPage/> }.into_any(),
        Place::NewAgent => view! { <NewAgentPage/> }.into_any(),
        Place::Agent(id) => view! { <AgentPage id/> }.into_any(),
        Place::Credentials => view! { <CredentialsPage/> }.into_any(),
        Place::Network => view! { <NetworkPage/> }.into_any(),
        Place::Traffic(id) => view! { <TrafficPage id/> }.into_any(),
        // The address has gone on to a session, which has a route of its own.
        Place::Session(_) => ().into_any(),
        Place::Elsewhere => view! { <NotFound what="page"/> }.into_any(),
    })
}
