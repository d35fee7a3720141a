//! The terminals of a session: tabs, and the screen of the one that is chosen.

use leptos::prelude::*;
use octobot_wire::SessionId;
use octobot_wire::session::SessionState;

use super::history::HistoryDialog;
use super::screen::TerminalScreen;
use super::tabs::Tabs;
use super::terminals::Terminals;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::dynamic::when::When;
use crate::components::form::notice::Notice;
use crate::components::form::spinner::Spinner;
use crate::components::session::actions::SessionActions;
use crate::live::ProjectStore;
use crate::words::{self, Tone};

/// See the module.
#[component]
pub fn TerminalPanel(
    /// The session.
    id: SessionId,
) -> impl IntoView {
    let terminals = Terminals::of(id);
    let searching = RwSignal::new(false);
    view! {
        <Tabs terminals searching/>
        {dynamic(move || state(terminals))}
        <div class="terminal-panel__screens">
            <When when=move || terminals.is_running.get()>
                <Rows
                    each=move || terminals.all()
                    key=|terminal| terminal.id.uuid()
                    children=move |terminal| view! { <TerminalScreen id=terminal.id terminals/> }
                />
            </When>
        </div>
        <HistoryDialog terminals open=searching/>
    }
}

/// What stands in the way of a terminal.
fn state(terminals: Terminals) -> Option<AnyView> {
    if !terminals.is_running.get() {
        return Some(view! { <NotRunning id=terminals.session/> }.into_any());
    }
    let (is_loaded, problem) = terminals.list.with(|list| match list {
        None => (false, None),
        Some(Ok(_)) => (true, None),
        Some(Err(problem)) => (true, Some(problem.detail.clone())),
    });
    if let Some(detail) = problem {
        return Some(view! { <Refused terminals detail/> }.into_any());
    }
    if !is_loaded {
        return Some(view! { <p class="terminal-panel__wait" role="status"><Spinner/> "Loading…"</p> }.into_any());
    }
    let is_empty = terminals.all().is_empty();
    is_empty.then(|| {
        view! {
            <p class="terminal-panel__wait" role="status">
                "No terminal is open. Press + for a shell in the sandbox."
            </p>
        }
        .into_any()
    })
}

/// Why the terminals can't be had.
#[component]
fn Refused(terminals: Terminals, detail: String) -> impl IntoView {
    view! {
        <Notice tone=Tone::Bad title="The terminals can’t be shown">
            <p>{detail}</p>
            <button type="button" class="button button--small" on:click=move |_| terminals.load()>
                "Try again"
            </button>
        </Notice>
    }
}

/// How far the sandbox is, or how to get it to run.
#[component]
fn NotRunning(id: SessionId) -> impl IntoView {
    let session = ProjectStore::expect().session(id);
    let actions = SessionActions::new();
    let state = Memo::new(move |_| session.with(|s| s.as_ref().map(|s| s.state.clone())));
    let start = move |label: &'static str| {
        view! {
            <button type="button" class="button button--small" on:click=move |_| actions.start(id)>
                {label}
            </button>
        }
    };
    dynamic(move || match state.get() {
        Some(SessionState::Stopped) => view! {
            <Notice tone=Tone::Quiet title="The sandbox is stopped">
                <p>"What its terminals have printed is kept. Their shells start anew."</p>
                {start("Start sandbox")}
            </Notice>
        }
        .into_any(),
        Some(SessionState::Error { reason, .. }) => view! {
            <Notice tone=Tone::Bad title="The sandbox couldn’t be started">
                <p class="notice__reason">{reason}</p>
                {start("Try again")}
            </Notice>
        }
        .into_any(),
        Some(state) => view! {
            <p class="terminal-panel__wait" role="status">
                <Spinner/>
                {words::session_state(&state).0}
                "…"
            </p>
        }
        .into_any(),
        None => ().into_any(),
    })
}
