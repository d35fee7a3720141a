//! The form for a pull request: what is proposed, and what a person makes of it.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::Problem;
use octobot_wire::code::pull_request::{Forge, MAX_BRANCH, MAX_TITLE, OpenPullRequest, PullRequestProposal};
use web_sys::{KeyboardEvent, SubmitEvent};

use super::pull_requests::{PullRequests, named};
use crate::browser::focus::focus;
use crate::browser::keys;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::form::field::{Field, description_id};
use crate::components::form::problem::{OtherProblem, about};
use crate::components::form::spinner::Spinner;
use crate::components::frame::toasts::Toasts;
use crate::place::credentials_url;

/// What is written.
#[derive(Clone, Copy)]
struct Writing {
    requests: PullRequests,
    title: RwSignal<String>,
    text: RwSignal<String>,
    base: RwSignal<String>,
    is_draft: RwSignal<bool>,
    is_sending: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
}

/// The form, once the server has said what it proposes.
pub fn form(requests: PullRequests) -> AnyView {
    let proposal = RwSignal::new(None::<Result<PullRequestProposal, Problem>>);
    let ask = move || {
        spawn_local(async move {
            let store = requests.store;
            let told = calls::propose_pull_request(store.project(), store.session).await;
            let _ = proposal.try_set(Some(told.map_err(|failure| failure.0)));
        });
    };
    Effect::new(move |_| ask());
    let again = move || {
        proposal.set(None);
        ask();
    };
    dynamic(move || match proposal.get() {
        None => view! {
            <p class="files__note" role="status">
                <Spinner/>
                " Looking at what was asked and done…"
            </p>
        }
        .into_any(),
        Some(Err(problem)) => hindered(requests, problem.detail, again),
        Some(Ok(PullRequestProposal { obstacle: Some(obstacle), .. })) => hindered(requests, obstacle, again),
        Some(Ok(proposal)) => fields(requests, proposal),
    })
    .into_any()
}

/// Why there is no form.
fn hindered(requests: PullRequests, why: String, again: impl Fn() + 'static) -> AnyView {
    view! {
        <div class="files__note" role="alert">
            <p>{why}</p>
            <div class="files__actions">
                <a class="button button--small" href=credentials_url(&requests.store.project())>
                    "Credentials"
                </a>
                <button type="button" class="button button--small" on:click=move |_| again()>
                    "Try again"
                </button>
                <button type="button" class="button button--small" on:click=move |_| requests.is_writing.set(false)>
                    "Cancel"
                </button>
            </div>
        </div>
    }
    .into_any()
}

fn fields(requests: PullRequests, proposal: PullRequestProposal) -> AnyView {
    let forge = proposal.forge.unwrap_or(Forge::GitHub);
    let proposed = (proposal.title.clone(), proposal.text.clone());
    let writing = Writing {
        requests,
        title: RwSignal::new(proposal.title),
        text: RwSignal::new(proposal.text),
        base: RwSignal::new(proposal.base),
        is_draft: RwSignal::new(false),
        is_sending: RwSignal::new(false),
        problem: RwSignal::new(None),
    };
    let Writing { title, text, base, is_draft, is_sending, problem, .. } = writing;
    let toasts = Toasts::expect();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        send(&writing, toasts);
    };
    let key = move |event: KeyboardEvent| {
        if keys::is_steer(&event) {
            event.prevent_default();
            send(&writing, toasts);
        } else if keys::is_escape(&event) {
            event.prevent_default();
            // What somebody has written isn't thrown away by it, nor is it while that is sent.
            let is_as_proposed =
                title.with_untracked(|title| *title == proposed.0) && text.with_untracked(|text| *text == proposed.1);
            if is_as_proposed && !is_sending.get_untracked() {
                requests.is_writing.set(false);
            }
        }
    };
    let heading = match forge {
        Forge::GitHub => "Pull request",
        Forge::GitLab => "Merge request",
    };
    view! {
        <form class="commit-form" aria-label=heading on:submit=submit on:keydown=key>
            <p class="form__intro">
                "What the session made is pushed as a branch, then the " {forge.word()} " is opened at "
                <code>{proposal.repository}</code> "."
            </p>
            {line("pull-request-title", "Title", MAX_TITLE, title, about(problem, "title"), true)}
            <Field id="pull-request-text" label="Text" hint="Markdown" error=about(problem, "text")>
                <textarea
                    id="pull-request-text"
                    class="input input--code"
                    rows="8"
                    aria-describedby=description_id("pull-request-text")
                    prop:value=dynamic(move || text.get())
                    on:input=move |event| text.set(event_target_value(&event))
                ></textarea>
            </Field>
            {line("pull-request-base", "Into the branch", MAX_BRANCH, base, about(problem, "base"), false)}
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=dynamic(move || is_draft.get())
                    on:change=move |event| is_draft.set(event_target_checked(&event))
                />
                <span>"As a draft, which can’t be merged yet"</span>
            </label>
            <OtherProblem problem/>
            <div class="commit-form__actions">
                <button
                    type="submit"
                    class="button button--primary button--small"
                    title="Ctrl+Enter"
                    disabled=dynamic(move || is_sending.get())
                >
                    {dynamic(move || if is_sending.get() { "Pushing and opening…" } else { "Push and open it" })}
                </button>
                <button
                    type="button"
                    class="button button--small"
                    disabled=dynamic(move || is_sending.get())
                    on:click=move |_| requests.is_writing.set(false)
                >
                    "Cancel"
                </button>
            </div>
        </form>
    }
    .into_any()
}

/// A line of text.
fn line(
    id: &'static str,
    label: &'static str,
    longest: usize,
    text: RwSignal<String>,
    error: Signal<Option<String>>,
    is_first: bool,
) -> AnyView {
    let input = NodeRef::<html::Input>::new();
    if is_first {
        Effect::new(move |_| {
            if let Some(input) = input.get() {
                focus(&input);
            }
        });
    }
    view! {
        <Field id label error>
            <input
                id=id
                class="input"
                required
                autocomplete="off"
                maxlength=longest.to_string()
                aria-describedby=description_id(id)
                node_ref=input
                prop:value=dynamic(move || text.get())
                on:input=move |event| text.set(event_target_value(&event))
            />
        </Field>
    }
    .into_any()
}

fn send(writing: &Writing, toasts: Toasts) {
    let Writing { requests, title, text, base, is_draft, is_sending, problem } = *writing;
    if is_sending.get_untracked() {
        return;
    }
    is_sending.set(true);
    problem.set(None);
    let request = OpenPullRequest {
        title: title.get_untracked(),
        text: text.get_untracked(),
        base: base.get_untracked(),
        is_draft: is_draft.get_untracked(),
    };
    let store = requests.store;
    spawn_local(async move {
        match calls::open_pull_request(store.project(), store.session, request).await {
            Ok(opened) => {
                let name = named(opened.pull_request.forge, opened.pull_request.number);
                toasts.success(if opened.was_open {
                    format!("{name} was open already. It has the new commits now")
                } else {
                    format!("{name} is open")
                });
                requests.note(opened.pull_request);
                let _ = requests.is_writing.try_set(false);
            }
            Err(failure) => drop(problem.try_set(Some(failure.0))),
        }
        let _ = is_sending.try_set(false);
    });
}
