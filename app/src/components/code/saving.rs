//! Taking over what the session made: onto the workspace's branch, as a branch of its own there or where its code comes from, with a pull
//! request for it, or as a patch.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::code::SavedBranch;
use octobot_wire::code::repository::{ApplyMethod, ApplyOutcome, Pushed};
use octobot_wire::workspace::WorkspaceSource;

use super::applying::{apply, outcome_view};
use super::pull_requests::{PullRequests, pull_requests};
use super::store::CodeStore;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::form::spinner::Spinner;
use crate::components::frame::toasts::Toasts;
use crate::live::ProjectStore;

/// Where taking over stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Nothing was begun.
    Open,
    /// The server is at it.
    Working(&'static str),
    /// It is a branch.
    Saved(SavedBranch),
    /// It was pushed.
    Pushed(Pushed),
    /// What came of putting it onto the workspace's branch.
    Told(ApplyOutcome),
}

/// The buttons. Nothing while nothing has changed.
#[component]
pub fn Saving(
    /// What is known of the code.
    store: CodeStore,
) -> impl IntoView {
    let stage = RwSignal::new(Stage::Open);
    let requests = PullRequests::new(store);
    let project = ProjectStore::expect();
    let workspace = project.workspace_of(project.session(store.session));
    let is_plain = Memo::new(move |_| {
        workspace.with(|workspace| {
            workspace
                .as_ref()
                .is_some_and(|known| known.commit.is_none() && matches!(known.source, WorkspaceSource::Folder { .. }))
        })
    });
    let has_changes = Memo::new(move |_| {
        store.is_running.get()
            && store.turn.get().is_none()
            && store.changes.with(|changes| matches!(changes, Some(Ok(changes)) if !changes.files.is_empty()))
    });
    let taking_over = move || {
        has_changes.get().then(|| match stage.get() {
            Stage::Open => buttons(store, stage, requests, is_plain.get()),
            Stage::Working(word) => view! {
                <p class="files__note" role="status">
                    <Spinner/>
                    " "
                    {word}
                </p>
            }
            .into_any(),
            Stage::Saved(saved) => saved_view(store, stage, saved),
            Stage::Pushed(pushed) => pushed_view(stage, requests, pushed),
            Stage::Told(outcome) => outcome_view(store, stage, &outcome),
        })
    };
    view! {
        {dynamic(taking_over)}
        {pull_requests(requests)}
    }
}

fn buttons(store: CodeStore, stage: RwSignal<Stage>, requests: PullRequests, is_plain: bool) -> AnyView {
    let toasts = Toasts::expect();
    let patch = format!("/api/projects/{}/sessions/{}/changes/patch", store.project(), store.session);
    let save = move |_| {
        stage.set(Stage::Working("Saving…"));
        spawn_local(async move {
            let next = match calls::save_branch(store.project(), store.session).await {
                Ok(saved) => Stage::Saved(saved),
                Err(failure) => {
                    toasts.failure("The changes couldn't be saved as a branch", &failure.0);
                    Stage::Open
                }
            };
            let _ = stage.try_set(next);
        });
    };
    let push = move |_| {
        stage.set(Stage::Working("Pushing…"));
        spawn_local(async move {
            let next = match calls::push_changes(store.project(), store.session).await {
                Ok(pushed) => Stage::Pushed(pushed),
                Err(failure) => {
                    toasts.failure("Nothing was pushed", &failure.0);
                    Stage::Open
                }
            };
            let _ = stage.try_set(next);
        });
    };
    let of_repository = (!is_plain).then(|| {
        view! {
            <button
                type="button"
                class="button button--small"
                title="In the workspace’s repository. No file there is touched."
                on:click=save
            >
                "Save as branch"
            </button>
            <button
                type="button"
                class="button button--small"
                title="As a branch, to where the workspace’s code comes from."
                on:click=push
            >
                "Push"
            </button>
            {pull_request_button(stage, requests)}
        }
    });
    let where_to = if is_plain {
        "Into the workspace’s folder. Files that aren’t what the session started with any more are never overwritten."
    } else {
        "Onto the branch that the workspace is on. What isn’t committed becomes a commit of its own."
    };
    view! {
        <div class="files__actions">
            <button
                type="button"
                class="button button--small"
                title=where_to
                on:click=move |_| apply(store, stage, ApplyMethod::FastForward)
            >
                "Apply"
            </button>
            {of_repository}
            <a class="button button--small" href=patch download="changes.patch">
                "Patch"
            </a>
        </div>
    }
    .into_any()
}

fn pull_request_button(stage: RwSignal<Stage>, requests: PullRequests) -> AnyView {
    let write = move |_| {
        stage.set(Stage::Open);
        requests.is_writing.set(true);
    };
    view! {
        <button
            type="button"
            class="button button--small"
            title="On GitHub or GitLab, where the workspace’s code comes from. It is pushed first."
            on:click=write
        >
            "Pull request…"
        </button>
    }
    .into_any()
}

fn pushed_view(stage: RwSignal<Stage>, requests: PullRequests, pushed: Pushed) -> AnyView {
    view! {
        <div class="files__note" role="status">
            <p>"Pushed as " <code>{pushed.branch}</code> " to where the workspace’s code comes from."</p>
            <div class="files__actions">
                {pull_request_button(stage, requests)}
                <button type="button" class="button button--small" on:click=move |_| stage.set(Stage::Open)>
                    "Done"
                </button>
            </div>
        </div>
    }
    .into_any()
}

fn saved_view(store: CodeStore, stage: RwSignal<Stage>, saved: SavedBranch) -> AnyView {
    let toasts = Toasts::expect();
    let branch = saved.branch.clone();
    let undo = move |_| {
        let saved = saved.clone();
        spawn_local(async move {
            match calls::undo_branch(store.project(), store.session, saved).await {
                Ok(()) => drop(stage.try_set(Stage::Open)),
                Err(failure) => toasts.failure("The branch couldn't be removed", &failure.0),
            }
        });
    };
    view! {
        <div class="files__note" role="status">
            <p>"Saved in the workspace’s repository as " <code>{branch}</code> ". No file there was touched."</p>
            <div class="files__actions">
                <button type="button" class="button button--small" on:click=undo>
                    "Undo"
                </button>
                <button type="button" class="button button--small" on:click=move |_| stage.set(Stage::Open)>
                    "Done"
                </button>
            </div>
        </div>
    }
    .into_any()
}
