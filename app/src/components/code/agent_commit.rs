//! Having the agent commit what isn't committed, and how far it is.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::agent::AgentTypeId;
use octobot_wire::code::{AskToCommit, CommitFlow, CommitFlowState};
use octobot_wire::workspace::Commit;

use super::committing::short;
use super::store::CodeStore;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::form::spinner::Spinner;
use crate::components::frame::toasts::Toasts;
use crate::live::ProjectStore;

/// Where asking for it stands, before the session says how far the agent is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    Open,
    Asking,
    /// The workspace is at this commit, which the session doesn't have.
    Moved(Commit),
}

/// The button, and how far the agent is. `count` is how many files aren't committed.
pub fn agent_commit(store: CodeStore, count: Signal<u64>) -> AnyView {
    let (project, toasts) = (ProjectStore::expect(), Toasts::expect());
    let session = project.session(store.session);
    let agent = project.agent_of(session);
    let takes_prompts = Memo::new(move |_| {
        agent.with(|agent| agent.as_ref().is_some_and(|agent| agent.agent_type != AgentTypeId::Shell))
    });
    let flow =
        Memo::new(move |_| session.with(|session| session.as_ref().and_then(|session| session.commit_flow.clone())));
    let stage = RwSignal::new(Stage::Open);
    let ask = move |even_if_moved| {
        stage.set(Stage::Asking);
        spawn_local(async move {
            let answer = calls::ask_to_commit(store.project(), store.session, AskToCommit { even_if_moved }).await;
            let next = match answer {
                Ok(asked) => asked.moved_to.map_or(Stage::Open, Stage::Moved),
                Err(failure) => {
                    toasts.failure("The agent wasn’t asked", &failure.0);
                    Stage::Open
                }
            };
            let _ = stage.try_set(next);
        });
    };
    let button = move |word: &'static str, even_if_moved| {
        view! {
            <button type="button" class="button button--small" on:click=move |_| ask(even_if_moved)>
                {word}
            </button>
        }
        .into_any()
    };
    let view = move || {
        let flow = flow.get();
        if let Some(CommitFlow { state: CommitFlowState::Pending | CommitFlowState::Committing, .. }) = flow {
            return Some(note(view! { <Spinner/> " The agent is committing…" }.into_any(), None));
        }
        if !takes_prompts.get() || !store.is_running.get() {
            return None;
        }
        if count.get() == 0 {
            let is_done = flow.is_some_and(|flow| flow.state == CommitFlowState::Completed);
            return is_done.then(|| {
                note("The agent has committed everything. Apply puts it where the workspace is.".into_any(), None)
            });
        }
        match stage.get() {
            Stage::Asking => Some(note(view! { <Spinner/> " Asking the agent…" }.into_any(), None)),
            Stage::Moved(commit) => {
                let commit = view! { <code>{short(&commit.id).to_owned()}</code> };
                let words = view! {
                    "The workspace is at " {commit}
                    " by now, which this session doesn’t have: what the agent commits has to be rebased or merged when it is applied."
                };
                Some(note(words.into_any(), Some(button("Commit, and rebase when applying", true))))
            }
            Stage::Open => {
                let failed = flow.and_then(|flow| flow.reason);
                let words = failed.map(|reason| view! { <p>"The agent hasn’t committed everything. " {reason}</p> });
                Some(
                    view! { <div class="files__note">{words} {button("Let the agent commit", false)}</div> }.into_any(),
                )
            }
        }
    };
    dynamic(view).into_any()
}

fn note(words: AnyView, action: Option<AnyView>) -> AnyView {
    view! {
        <div class="files__note" role="status">
            <p>{words}</p>
            {action}
        </div>
    }
    .into_any()
}
