//! What passes through a session's proxy.

use leptos::prelude::*;
use octobot_wire::SessionId;
use octobot_wire::session::SessionState;

use super::not_found::NotFound;
use super::title::live_title;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::notice::Notice;
use crate::components::session::actions::SessionActions;
use crate::components::traffic::allowing::{AllowFor, Allowing};
use crate::components::traffic::cache::CacheFigures;
use crate::components::traffic::filter::FilterBar;
use crate::components::traffic::hosts::HostTable;
use crate::components::traffic::log::{Connection, TrafficLog};
use crate::components::traffic::table::{TrafficTable, nothing};
use crate::live::ProjectStore;
use crate::place::{network_url, session_url};
use crate::words::{self, Tone};

/// The session that the address names, and what passes.
#[component]
pub fn TrafficPage(
    /// The session.
    id: SessionId,
) -> impl IntoView {
    let store = ProjectStore::expect();
    let is_known = Memo::new(move |_| store.sessions.with(|list| list.iter().any(|session| session.id == id)));
    dynamic(move || {
        if is_known.get() {
            view! { <Traffic id/> }.into_any()
        } else {
            view! { <NotFound what="session"/> }.into_any()
        }
    })
}

#[component]
fn Traffic(id: SessionId) -> impl IntoView {
    let store = ProjectStore::expect();
    let session = store.session(id);
    let log = TrafficLog::follow(id);
    let allowing = Allowing::new(id);
    let project = store.id();
    let title = move || session.with(|s| s.as_ref().map(|s| s.title().to_owned())).unwrap_or_default();
    view! {
        {live_title(move || format!("Network of {}", title()))}
        <div class="page page--wide">
            <div class="page__head">
                <h1 class="page__title">
                    "Network of " <a href=session_url(&project, id)>{dynamic(title)}</a>
                </h1>
                <a class="button" href=network_url(&project)>
                    "Policy"
                </a>
            </div>
            <p class="page__intro">"What its sandbox asks for, the newest first."</p>
            {dynamic(move || state_notice(log))}
            <When when=move || log.is_running.get()>
                <FilterBar log/>
                {allowing.may_edit.then(|| view! { <AllowFor allowing/> })}
                <TrafficTable log allowing/>
                {nothing(log)}
                <HostTable log/>
                <CacheFigures log/>
            </When>
        </div>
    }
}

/// What stands in the way of following.
fn state_notice(log: TrafficLog) -> Option<AnyView> {
    if !log.is_running.get() {
        return Some(view! { <NotRunning id=log.session/> }.into_any());
    }
    match log.connection.get() {
        Connection::Opening => Some(view! { <p class="network__none" role="status">"Connecting…"</p> }.into_any()),
        Connection::Open => None,
        Connection::Lost => Some(
            view! { <p class="network__none" role="status">"The connection was lost. Trying again…"</p> }.into_any(),
        ),
        Connection::Refused => {
            let detail = log.summary.with(|summary| match summary {
                Some(Err(problem)) => problem.detail.clone(),
                Some(Ok(_)) | None => "The sandbox’s proxy doesn’t tell what passes at the moment.".to_owned(),
            });
            Some(
                view! {
                    <Notice tone=Tone::Bad title="The log can’t be followed">
                        <p>{detail}</p>
                        <button type="button" class="button button--small" on:click=move |_| log.try_again()>
                            "Try again"
                        </button>
                    </Notice>
                }
                .into_any(),
            )
        }
    }
}

#[component]
fn NotRunning(id: SessionId) -> impl IntoView {
    let session = ProjectStore::expect().session(id);
    let actions = SessionActions::new();
    let is_stopped = move || session.with(|s| s.as_ref().is_some_and(|s| s.state == SessionState::Stopped));
    let state = move || session.with(|s| s.as_ref().map(|s| words::session_state(&s.state).0)).unwrap_or_default();
    view! {
        <Notice tone=Tone::Quiet title="The sandbox isn’t running">
            <p>{dynamic(state)} ". The log is there while the sandbox runs, and goes on where it was."</p>
            <When when=is_stopped>
                <button type="button" class="button button--small" on:click=move |_| actions.start(id)>
                    "Start sandbox"
                </button>
            </When>
        </Notice>
    }
}
