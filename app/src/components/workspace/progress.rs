//! What a workspace is busy with, and why it can't be used.

use leptos::prelude::*;
use octobot_wire::workspace::{Workspace, WorkspaceState};

use super::actions::WorkspaceActions;
use crate::components::dynamic::dynamic;
use crate::components::form::spinner::Spinner;

/// Nothing for a workspace that is ready; progress while it is cloned; reason and retry after an error.
#[component]
pub fn WorkspaceProgress(
    /// The workspace.
    workspace: Memo<Option<Workspace>>,
) -> impl IntoView {
    let actions = WorkspaceActions::new();
    dynamic(move || {
        let workspace = workspace.get()?;
        let id = workspace.id;
        match workspace.state {
            WorkspaceState::Ready => None,
            WorkspaceState::Initializing => Some(busy("Looking at it…".to_owned(), None)),
            WorkspaceState::Removing => Some(busy("Removing…".to_owned(), None)),
            WorkspaceState::Cloning { step, percent } => Some(busy(step, percent)),
            WorkspaceState::Error { reason } => Some(
                view! {
                    <div class="progress progress--failed">
                        <p class="progress__reason">{reason}</p>
                        <button type="button" class="button button--small" on:click=move |_| actions.refresh(id)>
                            "Try again"
                        </button>
                    </div>
                }
                .into_any(),
            ),
        }
    })
}

fn busy(step: String, percent: Option<u8>) -> AnyView {
    let bar = percent.map(|percent| {
        view! { <progress class="progress__bar" max="100" value=percent.to_string() aria-label="Progress"></progress> }
    });
    let number = percent.map(|percent| format!(" {percent} %"));
    view! {
        <div class="progress">
            <p class="progress__step">
                <Spinner/>
                <span>{step} {number}</span>
            </p>
            {bar}
        </div>
    }
    .into_any()
}
