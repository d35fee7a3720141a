//! The pull requests of a session: those that were opened, and the way to open one.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::code::pull_request::{Forge, PullRequest, PullRequestState};
use octobot_wire::session::SessionState;

use super::pull_request_form::form;
use super::store::CodeStore;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::frame::toasts::Toasts;
use crate::live::ProjectStore;

/// What is known of them.
#[derive(Clone, Copy)]
pub struct PullRequests {
    /// What else is known of the code.
    pub store: CodeStore,
    /// Whether one is being written.
    pub is_writing: RwSignal<bool>,
    known: RwSignal<Vec<PullRequest>>,
}

impl PullRequests {
    /// Asked for whenever the session has changed, which opening and closing one does, too.
    pub fn new(store: CodeStore) -> Self {
        let requests = Self { store, is_writing: RwSignal::new(false), known: RwSignal::new(Vec::new()) };
        let session = ProjectStore::expect().session(store.session);
        let changed = Memo::new(move |_| {
            session.with(|session| {
                session.as_ref().filter(|session| session.state != SessionState::Removing).map(|known| known.updated_at)
            })
        });
        Effect::new(move |_| {
            if changed.get().is_some() {
                requests.ask();
            }
        });
        requests
    }

    /// Asks for them. What was known stays where that fails: it is asked for again with the session's next change.
    fn ask(self) {
        spawn_local(async move {
            if let Ok(now) = calls::load_pull_requests(self.store.project(), self.store.session).await
                && self.known.try_with_untracked(|known| *known != now) == Some(true)
            {
                self.known.set(now);
            }
        });
    }

    /// Takes over what the server says of one.
    pub fn note(self, request: PullRequest) {
        let _ = self.known.try_update(|known| match known.iter_mut().find(|known| known.url == request.url) {
            Some(known) => *known = request,
            None => known.insert(0, request),
        });
    }
}

/// Those that there are, and the form while one is being written.
pub fn pull_requests(requests: PullRequests) -> AnyView {
    let list = move || {
        requests.known.with(|known| {
            let items: Vec<_> = known.iter().map(|request| item(requests, request)).collect();
            (!items.is_empty())
                .then(|| view! { <ul class="pull-requests" aria-label="Pull requests">{items}</ul> }.into_any())
        })
    };
    view! {
        <When when=requests.is_writing>{move || form(requests)}</When>
        {dynamic(list)}
    }
    .into_any()
}

/// What a forge calls one, with its number.
pub fn named(forge: Forge, number: u64) -> String {
    match forge {
        Forge::GitHub => format!("Pull request #{number}"),
        Forge::GitLab => format!("Merge request !{number}"),
    }
}

fn item(requests: PullRequests, request: &PullRequest) -> AnyView {
    let PullRequest { number, forge, url, title, branch, base, is_draft, state, .. } = request.clone();
    let state_words = match (state, is_draft) {
        (PullRequestState::Open, true) => "draft",
        (PullRequestState::Open, false) => "open",
        (PullRequestState::Closed, _) => "closed",
        (PullRequestState::Merged, _) => "merged",
    };
    let name = named(forge, number);
    let actions = (state == PullRequestState::Open).then(|| actions(requests, request));
    view! {
        <li class="files__note">
            <p>
                <a href=url target="_blank" rel="noopener">
                    {name}
                </a>
                ", "
                {state_words}
                ": "
                {title}
            </p>
            <p>
                <code>{branch}</code>
                " into "
                <code>{base}</code>
            </p>
            {actions}
        </li>
    }
    .into_any()
}

fn actions(requests: PullRequests, request: &PullRequest) -> AnyView {
    let toasts = Toasts::expect();
    let (store, number, forge) = (requests.store, request.number, request.forge);
    let busy = RwSignal::new(false);
    let look = move |_| {
        busy.set(true);
        spawn_local(async move {
            match calls::look_at_pull_request(store.project(), store.session, number).await {
                Ok(now) => requests.note(now),
                Err(failure) => toasts.failure("It isn’t known where it stands", &failure.0),
            }
            let _ = busy.try_set(false);
        });
    };
    let is_asked = RwSignal::new(false);
    let close = move |_| {
        if !is_asked.get_untracked() {
            is_asked.set(true);
            return;
        }
        is_asked.set(false);
        busy.set(true);
        spawn_local(async move {
            match calls::close_pull_request(store.project(), store.session, number).await {
                Ok(now) => {
                    toasts.success(match now.state {
                        PullRequestState::Merged => format!("{} was merged before", named(forge, number)),
                        PullRequestState::Closed | PullRequestState::Open => {
                            format!("{} is closed. Its branch stays", named(forge, number))
                        }
                    });
                    requests.note(now);
                }
                Err(failure) => toasts.failure("It wasn’t closed", &failure.0),
            }
            let _ = busy.try_set(false);
        });
    };
    view! {
        <div class="files__actions">
            <button type="button" class="button button--small" disabled=dynamic(move || busy.get()) on:click=look>
                "Look again"
            </button>
            <button type="button" class="button button--small" disabled=dynamic(move || busy.get()) on:click=close>
                {dynamic(move || match (is_asked.get(), forge) {
                    (true, _) => "Close it for everybody?",
                    (false, Forge::GitHub) => "Close pull request",
                    (false, Forge::GitLab) => "Close merge request",
                })}
            </button>
        </div>
    }
    .into_any()
}
