//! Which commit each line of a file is from, beside the lines, once somebody wants to know.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::code::{Blame, BlameQuery, BlamedCommit, BlamedRun};

use super::committing::short;
use super::store::CodeStore;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::form::since::Since;
use crate::components::frame::toasts::Toasts;

/// What is known of where lines are from.
#[derive(Clone, Copy)]
pub struct Blamed {
    /// Whether somebody wants to know.
    pub is_on: RwSignal<bool>,
    told: RwSignal<Blame>,
    toasts: Toasts,
    /// The number of the last question, whose answer alone counts.
    asked: StoredValue<u32>,
}

impl Blamed {
    /// Of nobody's interest yet.
    pub fn new() -> Self {
        Self {
            is_on: RwSignal::new(false),
            told: RwSignal::new(Blame::default()),
            toasts: Toasts::expect(),
            asked: StoredValue::new(0),
        }
    }

    /// Asks where lines are from, if that is wanted.
    pub fn load(self, store: CodeStore, query: BlameQuery) {
        if !self.is_on.get_untracked() {
            return;
        }
        let asked = self.asked.with_value(|asked| asked + 1);
        self.asked.set_value(asked);
        spawn_local(async move {
            let answer = calls::load_blame(store.project(), store.session, query).await;
            if self.asked.try_get_value() != Some(asked) {
                return;
            }
            match answer {
                Ok(blame) => self.told.set(blame),
                Err(failure) => {
                    self.is_on.set(false);
                    self.toasts.failure("Where the lines are from can’t be told", &failure.0);
                }
            }
        });
    }

    /// The run that a line is in, with its commit.
    fn of(self, line: u32) -> Option<(BlamedRun, Option<BlamedCommit>)> {
        self.told.with(|told| {
            let after = told.runs.partition_point(|run| run.first <= line);
            let run = told.runs[..after].last().filter(|run| line < run.first.saturating_add(run.count))?;
            Some((*run, run.commit.and_then(|commit| told.commits.get(commit as usize).cloned())))
        })
    }
}

/// What stands beside a line: at the first of those that are from the same commit what that is.
pub fn blame_cell(blamed: Blamed, store: CodeStore, line: u32) -> AnyView {
    dynamic(move || blamed.is_on.get().then(|| cell(blamed, store, line))).into_any()
}

fn cell(blamed: Blamed, store: CodeStore, line: u32) -> AnyView {
    let (run, commit) = blamed.of(line).unzip();
    let is_first = run.is_some_and(|run| run.first == line);
    let is_uncommitted = run.is_some_and(|run| run.commit.is_none());
    let told = match commit.flatten() {
        Some(commit) if is_first => Some(commit_view(store, commit)),
        None if is_first && is_uncommitted => Some(view! { <span>"Not committed"</span> }.into_any()),
        _ => None,
    };
    view! {
        <span class="blame" class:blame--uncommitted=is_uncommitted class:blame--first=is_first>
            {told}
        </span>
    }
    .into_any()
}

fn commit_view(store: CodeStore, commit: BlamedCommit) -> AnyView {
    let BlamedCommit { id, author, at, subject } = commit;
    let told = short(&id).to_owned();
    let title = format!("{subject}\n{author}. Opens the commit in the list of commits.");
    view! {
        <button type="button" class="blame__commit" title=title on:click=move |_| store.commits().sought.set(Some(id.clone()))>
            {told}
        </button>
        <span class="blame__author">{author}</span>
        <span class="blame__age">
            <Since at/>
        </span>
    }
    .into_any()
}
