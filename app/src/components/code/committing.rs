//! Committing what isn't committed: all files or some of them, or what is staged.

use std::collections::BTreeSet;

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::code::repository::MakeCommit;

use super::agent_commit::agent_commit;
use super::parts::{Parts, Share, parts_button, parts_view};
use super::staging::{stage, stage_mark};
use super::standing::Standing;
use super::view::shown;
use crate::browser::focus::focus;
use crate::browser::keys;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::dynamic::when::When;
use crate::components::frame::toasts::Toasts;

/// So many files can be chosen from; of more, all are committed.
const MOST_FILES: usize = 300;

/// What is being written.
#[derive(Clone, Copy)]
struct Draft {
    standing: Standing,
    is_open: RwSignal<bool>,
    is_sending: RwSignal<bool>,
    message: RwSignal<String>,
    /// Whether what is staged is meant, and nothing else.
    is_staged: RwSignal<bool>,
    /// Files that stay out of it.
    left_out: RwSignal<BTreeSet<String>>,
    /// Files of which some changes do.
    parts: Parts,
}

/// The button, and the form. Nothing while everything is committed.
#[component]
pub fn Committing(
    /// Where the repository stands.
    standing: Standing,
) -> impl IntoView {
    let draft = Draft {
        standing,
        is_open: RwSignal::new(false),
        is_sending: RwSignal::new(false),
        message: RwSignal::new(String::new()),
        is_staged: standing.store.commits().is_staged,
        left_out: RwSignal::new(BTreeSet::new()),
        parts: Parts::new(standing.store),
    };
    let count = Memo::new(move |_| standing.with(|state| state.uncommitted.len() as u64 + state.unlisted));
    let count = move || count.get().unwrap_or_default();
    let words = move || match count() {
        1 => "Commit 1 file…".to_owned(),
        count => format!("Commit {count} files…"),
    };
    let obstacle = Memo::new(move |_| match standing.state.get() {
        Some(Ok(state)) => state.obstacle.filter(|_| !state.uncommitted.is_empty()),
        Some(Err(problem)) => Some(problem.detail),
        None => None,
    });
    let told = move || {
        obstacle.get().map(|told| {
            view! {
                <div class="files__note" role="status">
                    <p>"Nothing can be committed now: " {told}</p>
                    <button type="button" class="button button--small" on:click=move |_| standing.ask()>
                        "Look again"
                    </button>
                </div>
            }
            .into_any()
        })
    };
    view! {
        {dynamic(told)}
        <When when=move || count() != 0 && obstacle.with(Option::is_none)>
            <When
                when=move || draft.is_open.get()
                fallback=move || {
                    view! {
                        <div class="files__actions">
                            <button
                                type="button"
                                class="button button--small"
                                on:click=move |_| open(&draft)
                            >
                                {dynamic(words)}
                            </button>
                        </div>
                    }
                }
            >
                <CommitForm draft/>
            </When>
        </When>
        {agent_commit(standing.store, Signal::derive(count))}
    }
}

impl Draft {
    /// Of how many files something is staged.
    fn staged(self) -> usize {
        self.standing.with(|state| state.staged.len()).unwrap_or_default()
    }
}

/// Shows the form. Where somebody has staged something here, that is what they mean to commit.
fn open(draft: &Draft) {
    let has_staged = untrack(|| draft.staged()) > 0;
    draft.is_staged.update(|is_staged| *is_staged &= has_staged);
    draft.is_open.set(true);
}

#[component]
fn CommitForm(draft: Draft) -> impl IntoView {
    let toasts = Toasts::expect();
    let area = NodeRef::<html::Textarea>::new();
    Effect::new(move |_| {
        if let Some(area) = area.get() {
            focus(&area);
        }
    });
    let files = Memo::new(move |_| draft.standing.with(|state| state.uncommitted.clone()).unwrap_or_default());
    let chosen = Memo::new(move |_| {
        if draft.is_staged.get() {
            return draft.staged();
        }
        let is_in = |file: &&String| draft.parts.share(file) != Share::Nothing;
        files.with(|files| {
            draft.left_out.with(|out| files.iter().filter(|file| !out.contains(*file)).filter(is_in).count())
        })
    });
    let is_partial =
        Memo::new(move |_| files.with(|files| files.iter().any(|file| draft.parts.share(file) != Share::Whole)));
    let can_send =
        move || !draft.is_sending.get() && chosen.get() > 0 && draft.message.with(|message| !message.trim().is_empty());
    let key = move |event: web_sys::KeyboardEvent| {
        if keys::is_steer(&event) {
            event.prevent_default();
            if untrack(can_send) {
                send(&draft, toasts);
            }
        } else if keys::is_escape(&event) {
            event.prevent_default();
            draft.is_open.set(false);
        }
    };
    let words = move || {
        if draft.is_staged.get() {
            format!("Commit {} staged", chosen.get())
        } else if chosen.get() == files.with(Vec::len) && !is_partial.get() {
            "Commit all".to_owned()
        } else {
            format!("Commit {}", chosen.get())
        }
    };
    view! {
        <section class="commit-form" aria-label="Commit">
            <label class="field__label" for="commit-message">
                {dynamic(move || branch_words(draft.standing))}
            </label>
            <textarea
                id="commit-message"
                class="input"
                rows="3"
                placeholder="What this changes, and why"
                node_ref=area
                prop:value=dynamic(move || draft.message.get())
                on:input=move |event| draft.message.set(event_target_value(&event))
                on:keydown=key
            ></textarea>
            {staging(&draft, toasts, files)}
            <When when=move || !draft.is_staged.get() && files.with(|files| (1..=MOST_FILES).contains(&files.len()))>
                <ul class="commit-form__files" aria-label="Files to commit">
                    <Rows each=move || files.get() key=|file| (0, file.clone()) let:file>
                        {choice(&draft, file)}
                    </Rows>
                </ul>
            </When>
            <div class="commit-form__actions">
                <button
                    type="button"
                    class="button button--primary button--small"
                    title="Ctrl+Enter"
                    disabled=dynamic(move || !can_send())
                    on:click=move |_| send(&draft, toasts)
                >
                    {dynamic(words)}
                </button>
                <button type="button" class="button button--small" on:click=move |_| draft.is_open.set(false)>
                    "Cancel"
                </button>
            </div>
        </section>
    }
}

/// Whether only what is staged is meant, and staging all or nothing.
fn staging(draft: &Draft, toasts: Toasts, files: Memo<Vec<String>>) -> AnyView {
    let draft = *draft;
    let staged = Memo::new(move |_| draft.staged());
    let has_unstaged = Memo::new(move |_| {
        let whole = draft.standing.with(|state| state.staged.iter().filter(|file| file.is_whole).count());
        whole.unwrap_or_default() < files.with(Vec::len)
    });
    let words = move || match staged.get() {
        0 => "Only what is staged, which is nothing any more".to_owned(),
        1 => "Only what is staged, in 1 file".to_owned(),
        count => format!("Only what is staged, in {count} files"),
    };
    let all = move |words: &'static str, is_back: bool| {
        let press = move |_| stage(draft.standing, toasts, None, is_back);
        view! { <button type="button" class="button button--small" on:click=press>{words}</button> }.into_any()
    };
    view! {
        <When when=move || staged.get() != 0 || draft.is_staged.get()>
            <label class="commit-form__file">
                <input
                    type="checkbox"
                    prop:checked=dynamic(move || draft.is_staged.get())
                    on:change=move |event| draft.is_staged.set(event_target_checked(&event))
                />
                <span>{dynamic(words)}</span>
            </label>
        </When>
        <div class="commit-form__actions">
            {dynamic(move || has_unstaged.get().then(|| all("Stage all", false)))}
            {dynamic(move || (staged.get() != 0).then(|| all("Unstage all", true)))}
        </div>
    }
    .into_any()
}

fn branch_words(standing: Standing) -> String {
    let branch = standing.with(|state| state.branch.clone()).flatten();
    branch.map_or_else(|| "Commit".to_owned(), |branch| format!("Commit to {branch}"))
}

fn choice(draft: &Draft, file: String) -> AnyView {
    let Draft { left_out, parts, .. } = *draft;
    let name = shown(&file);
    let (button, hunks) = (parts_button(parts, &file), parts_view(parts, &file));
    let mark = stage_mark(draft.standing, &file);
    let known = file.clone();
    let is_in = move || left_out.with(|out| !out.contains(&known));
    let toggle = move |_| {
        left_out.update(|out| {
            if !out.remove(&file) {
                out.insert(file.clone());
            }
        });
    };
    view! {
        <li>
            <div class="commit-form__choice">
                <label class="commit-form__file">
                    <input type="checkbox" prop:checked=dynamic(is_in) on:change=toggle/>
                    <span>{name}</span>
                </label>
                {mark}
                {button}
            </div>
            {hunks}
        </li>
    }
    .into_any()
}

fn send(draft: &Draft, toasts: Toasts) {
    let Draft { standing, left_out, is_open, is_sending, message: written, parts, is_staged: of_staged } = *draft;
    let staged = of_staged.get_untracked();
    let message = written.get_untracked();
    let mut chosen_parts = Vec::new();
    let chosen = untrack(|| {
        standing.with(|state| {
            left_out.with(|out| {
                let mut whole = Vec::new();
                for file in state.uncommitted.iter().filter(|file| !out.contains(*file)) {
                    match parts.share(file) {
                        Share::Whole => whole.push(file.clone()),
                        Share::Part(part) => chosen_parts.push(part),
                        Share::Nothing => {}
                    }
                }
                (whole.len() < state.uncommitted.len()).then_some(whole)
            })
        })
    });
    let request = if staged {
        MakeCommit { message, paths: None, parts: Vec::new(), staged }
    } else {
        MakeCommit { message, paths: chosen.flatten(), parts: chosen_parts, staged }
    };
    is_sending.set(true);
    spawn_local(async move {
        match calls::commit_changes(standing.store.project(), standing.store.session, request).await {
            Ok(commit) => {
                toasts.success(format!("Committed as {}", short(&commit.id)));
                let _ = written.try_set(String::new());
                let _ = of_staged.try_set(false);
                let _ = left_out.try_set(BTreeSet::new());
                parts.clear();
                let _ = is_open.try_set(false);
            }
            // What was chosen stays so: of files as they aren't any more it is refused again.
            Err(failure) => toasts.failure("Nothing was committed", &failure.0),
        }
        let _ = is_sending.try_set(false);
        standing.ask();
    });
}

/// As much of a commit's id as people use.
pub fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}
