//! The branch that is checked out in the session, and the others behind it: to check one out, make one, or fetch those of `origin`.

use std::task::{Poll, Waker};

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::Problem;
use octobot_wire::code::branches::{
    BRANCH_REFS, Branch, Branches, CheckoutBranch, CheckoutEnd, CheckoutOutcome, FetchEnd, FetchOutcome, MakeBranch,
    REMOTE_REFS,
};

use super::committing::short;
use super::standing::Standing;
use super::view::shown;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::dynamic::when::When;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::inline_edit::InlineInput;
use crate::components::form::menu::MenuItem;
use crate::components::form::spinner::Spinner;
use crate::components::frame::toasts::Toasts;
use crate::live::SessionStore;

/// The menu's id in the document.
const MENU: &str = "branches-menu";

/// So many files are named.
const MOST_NAMED: usize = 8;

/// What is being done with branches.
#[derive(Clone, Copy)]
struct Desk {
    standing: StoredValue<Standing>,
    toasts: Toasts,
    /// The branches as they were when the menu was opened.
    told: RwSignal<Option<Result<Branches, Problem>>>,
    stage: RwSignal<Stage>,
    /// What wakes the fetching to see that nobody wants it any more.
    fetching: StoredValue<Option<Waker>>,
}

/// How far that has come.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    Idle,
    /// A branch is checked out, by its short name.
    Switching(String),
    /// The new branch is being named.
    Naming,
    Fetching,
    /// Something has to be decided or done first.
    Hindered(CheckoutOutcome),
    /// Nothing was fetched.
    Unfetched(FetchOutcome),
}

/// The button with the branch's name, its menu, and what is under way.
#[component]
pub fn BranchBar(
    /// Where the repository stands.
    standing: Standing,
) -> impl IntoView {
    let desk = Desk {
        standing: StoredValue::new(standing),
        toasts: Toasts::expect(),
        told: RwSignal::new(None),
        stage: RwSignal::new(Stage::Idle),
        fetching: StoredValue::new(None),
    };
    let session = SessionStore::expect();
    let is_busy = Memo::new(move |_| session.turns.with(|turns| !turns.is_empty()));
    let label = Memo::new(move |_| {
        standing.with(|state| match (&state.branch, &state.commit) {
            (Some(branch), _) => branch.clone(),
            (None, Some(commit)) => format!("No branch, at {}", short(commit)),
            (None, None) => "No branch".to_owned(),
        })
    });
    let popover = NodeRef::<html::Div>::new();
    let toggled = move |_| {
        // It is toggled when it closes as well.
        if popover.get_untracked().is_some_and(|menu| menu.matches(":popover-open").unwrap_or(false)) {
            load(desk);
        }
    };
    let close = move || {
        if let Some(popover) = popover.get_untracked() {
            drop(popover.hide_popover());
        }
    };
    view! {
        <When when=move || standing.store.is_running.get() && label.with(Option::is_some)>
            <div class="branches">
                <button
                    type="button"
                    class="button button--small branches__button"
                    popovertarget=MENU
                    title="Branches of this session"
                >
                    <Icon glyph=Glyph::GitBranch/>
                    <span class="branches__name">{dynamic(move || label.get().map(|name| shown(&name)))}</span>
                    <Icon glyph=Glyph::ChevronDown/>
                </button>
                <div
                    class="menu branches__menu"
                    popover="auto"
                    id=MENU
                    node_ref=popover
                    on:toggle=toggled
                    on:click=move |_| close()
                >
                    {dynamic(move || Some(menu(desk, is_busy.get())))}
                </div>
                {dynamic(move || stage_view(desk))}
            </div>
        </When>
    }
}

/// Reads the branches.
fn load(desk: Desk) {
    let store = desk.standing.get_value().store;
    spawn_local(async move {
        let answer = calls::load_branches(store.project(), store.session).await.map_err(|failure| failure.0);
        if desk.told.try_with_untracked(|told| told.as_ref() != Some(&answer)) == Some(true) {
            desk.told.set(Some(answer));
        }
    });
}

fn menu(desk: Desk, is_busy: bool) -> AnyView {
    desk.told.with(|told| match told {
        None => view! { <p class="files__note" role="status">"Reading…"</p> }.into_any(),
        Some(Err(problem)) => view! { <p class="files__note" role="alert">{problem.detail.clone()}</p> }.into_any(),
        Some(Ok(branches)) => entries(desk, branches, is_busy),
    })
}

fn entries(desk: Desk, branches: &Branches, is_busy: bool) -> AnyView {
    let (own, others): (Vec<Branch>, Vec<Branch>) =
        branches.branches.iter().cloned().partition(|branch| branch.name.starts_with(BRANCH_REFS));
    // One that is here already is checked out here.
    let is_here = |branch: &Branch| own.iter().any(|known| local_name(&known.name) == local_name(&branch.name));
    let others: Vec<Branch> = others.into_iter().filter(|branch| !is_here(branch)).collect();
    let current = branches.current.clone();
    let list = move |label: &'static str, branches: Vec<Branch>| {
        (!branches.is_empty()).then(|| {
            let items = branches.into_iter().map(|branch| item(desk, branch, current.as_deref(), is_busy));
            view! {
                <h3 class="branches__heading">{label}</h3>
                <ul>{items.collect_view()}</ul>
            }
        })
    };
    let unlisted = (branches.unlisted > 0)
        .then(|| view! { <p class="files__note">{format!("{} more aren’t listed.", branches.unlisted)}</p> });
    let hint = is_busy.then(|| view! { <p class="files__note">"Not while turns run or wait."</p> });
    let make = (!is_busy).then(|| {
        view! { <MenuItem glyph=Glyph::Plus label="New branch" on_choose=move |()| name(desk)/> }
    });
    let fetch = branches.origin.is_some().then(|| {
        view! { <MenuItem glyph=Glyph::Refresh label="Fetch from origin" on_choose=move |()| fetch(desk)/> }
    });
    view! {
        {hint}
        <div class="branches__lists">{list("Branches here", own)} {list("Branches of other repositories", others)} {unlisted}</div>
        {make}
        {fetch}
    }
    .into_any()
}

fn item(desk: Desk, branch: Branch, current: Option<&str>, is_busy: bool) -> AnyView {
    let Branch { name, subject, .. } = branch;
    let is_current = current == Some(name.as_str());
    let words = short_name(&name).to_owned();
    let glyph = if is_current { Glyph::Check } else { Glyph::GitBranch };
    let press = move |_| check_out(desk, name.clone(), false);
    view! {
        <li>
            <button
                type="button"
                class="menu__item"
                title=subject
                aria-current=is_current.then_some("true")
                disabled=is_current || is_busy
                on:click=press
            >
                <Icon glyph/>
                <span class="branches__name">{words}</span>
            </button>
        </li>
    }
    .into_any()
}

/// A branch's name as people say it: `main`, `origin/main`.
fn short_name(name: &str) -> &str {
    name.strip_prefix(BRANCH_REFS).or_else(|| name.strip_prefix(REMOTE_REFS)).unwrap_or(name)
}

/// What a branch is called here, or would be.
fn local_name(name: &str) -> &str {
    match name.strip_prefix(REMOTE_REFS) {
        Some(other) => other.split_once('/').map_or(other, |(_, name)| name),
        None => short_name(name),
    }
}

/// Asks for a name. Where it is asked for isn't there yet, and the menu still has the focus.
fn name(desk: Desk) {
    request_animation_frame(move || drop(desk.stage.try_set(Stage::Naming)));
}

fn stage_view(desk: Desk) -> Option<AnyView> {
    let view = match desk.stage.get() {
        Stage::Idle => return None,
        Stage::Switching(name) => busy(format!("Checking out {name}…"), None),
        Stage::Fetching => busy("Fetching from origin…".to_owned(), Some(cancel(desk))),
        Stage::Naming => {
            let done = Callback::new(move |typed: Option<String>| make(desk, typed));
            view! {
                <div class="files__naming">
                    <InlineInput text=Signal::stored(String::new()) label="Name of the new branch" most=200 on_done=done/>
                </div>
            }
            .into_any()
        }
        Stage::Hindered(outcome) => hindered(desk, outcome),
        Stage::Unfetched(outcome) => {
            let words = fetch_words(outcome.end);
            let detail = (!outcome.detail.is_empty()).then(|| view! { <p class="faint">{outcome.detail}</p> });
            view! {
                <div class="files__note" role="alert">
                    <p>{words}</p>
                    {detail}
                    <div class="files__actions">{dismiss(desk, "Done")}</div>
                </div>
            }
            .into_any()
        }
    };
    Some(view)
}

fn busy(words: String, cancel: Option<AnyView>) -> AnyView {
    view! {
        <div class="files__note" role="status">
            <Spinner/>
            " "
            {words}
            " "
            {cancel}
        </div>
    }
    .into_any()
}

fn hindered(desk: Desk, outcome: CheckoutOutcome) -> AnyView {
    let CheckoutOutcome { end, name, files, unlisted } = outcome;
    let words = local_name(&name).to_owned();
    let more = unlisted + files.len().saturating_sub(MOST_NAMED) as u64;
    let named: Vec<String> = files.into_iter().take(MOST_NAMED).collect();
    let is_asked = end == CheckoutEnd::Uncommitted;
    let told = if is_asked {
        format!(
            "These files aren’t committed. They stay as they are when {words} is checked out, unless it has others in their place:"
        )
    } else {
        format!(
            "Nothing was checked out: {words} has others in the place of these files, which aren’t committed. Commit, discard or move them first:"
        )
    };
    let keep = is_asked.then(|| {
        let press = move |_| check_out(desk, name.clone(), true);
        view! {
            <button type="button" class="button button--primary button--small" on:click=press>
                "Keep my changes"
            </button>
        }
    });
    view! {
        <div class="files__note" role="alert">
            <p>{told}</p>
            <ul class="files__paths">
                <Rows each=move || named.clone() key=|file| (0, file.clone()) let:file>
                    {view! { <li>{shown(&file)}</li> }.into_any()}
                </Rows>
            </ul>
            {(more > 0).then(|| view! { <p>{format!("and {more} more.")}</p> })}
            <div class="files__actions">{keep} {dismiss(desk, if is_asked { "Cancel" } else { "Done" })}</div>
        </div>
    }
    .into_any()
}

fn dismiss(desk: Desk, word: &'static str) -> AnyView {
    view! {
        <button type="button" class="button button--small" on:click=move |_| desk.stage.set(Stage::Idle)>
            {word}
        </button>
    }
    .into_any()
}

fn cancel(desk: Desk) -> AnyView {
    let press = move |_| {
        desk.stage.set(Stage::Idle);
        if let Some(waker) = desk.fetching.try_update_value(Option::take).flatten() {
            waker.wake();
        }
    };
    view! {
        <button type="button" class="button button--small" on:click=press>
            "Cancel"
        </button>
    }
    .into_any()
}

fn check_out(desk: Desk, name: String, keep: bool) {
    let store = desk.standing.get_value().store;
    desk.stage.set(Stage::Switching(local_name(&name).to_owned()));
    // Asked again, it is still the branch that was chosen.
    let chosen = name.clone();
    spawn_local(async move {
        let request = CheckoutBranch { name, keep };
        let next = match calls::check_out_branch(store.project(), store.session, request).await {
            Ok(outcome) if outcome.end == CheckoutEnd::CheckedOut => {
                desk.toasts.success(format!("{} is checked out", local_name(&outcome.name)));
                Stage::Idle
            }
            Ok(outcome) => Stage::Hindered(CheckoutOutcome { name: chosen, ..outcome }),
            Err(failure) => {
                desk.toasts.failure("The branch wasn’t checked out", &failure.0);
                Stage::Idle
            }
        };
        finish(desk, next);
    });
}

fn make(desk: Desk, typed: Option<String>) {
    let store = desk.standing.get_value().store;
    let Some(name) = typed.map(|typed| typed.trim().to_owned()).filter(|name| !name.is_empty()) else {
        desk.stage.set(Stage::Idle);
        return;
    };
    desk.stage.set(Stage::Switching(name.clone()));
    spawn_local(async move {
        let request = MakeBranch { name: name.clone() };
        match calls::make_branch(store.project(), store.session, request).await {
            Ok(_) => desk.toasts.success(format!("{name} is checked out")),
            Err(failure) => desk.toasts.failure("The branch wasn’t made", &failure.0),
        }
        finish(desk, Stage::Idle);
    });
}

/// Fetches, until that is done or cancelled: then the request is given up, and what serves it.
fn fetch(desk: Desk) {
    let store = desk.standing.get_value().store;
    desk.stage.set(Stage::Fetching);
    spawn_local(async move {
        let mut call = Box::pin(calls::fetch_origin(store.project(), store.session));
        let answer = std::future::poll_fn(|context| {
            let is_wanted = desk.stage.try_with_untracked(|stage| *stage == Stage::Fetching) == Some(true);
            if !is_wanted {
                return Poll::Ready(None);
            }
            let _ = desk.fetching.try_set_value(Some(context.waker().clone()));
            call.as_mut().poll(context).map(Some)
        });
        let Some(answer) = answer.await else { return };
        let next = match answer {
            Ok(outcome) if outcome.end == FetchEnd::Fetched => {
                desk.toasts.success(match outcome.changed {
                    0 => "origin has nothing new".to_owned(),
                    1 => "1 branch of origin has changed".to_owned(),
                    changed => format!("{changed} branches of origin have changed"),
                });
                Stage::Idle
            }
            Ok(outcome) => Stage::Unfetched(outcome),
            Err(failure) => {
                desk.toasts.failure("Nothing was fetched", &failure.0);
                Stage::Idle
            }
        };
        finish(desk, next);
    });
}

fn finish(desk: Desk, next: Stage) {
    let _ = desk.stage.try_set(next);
    if let Some(standing) = desk.standing.try_get_value() {
        standing.ask();
        standing.store.ask();
    }
}

/// Why nothing was fetched, and what to do about it.
fn fetch_words(end: FetchEnd) -> &'static str {
    match end {
        FetchEnd::Fetched => "",
        FetchEnd::NoOrigin => {
            "Nothing was fetched: the repository has no “origin”. Name one in a terminal with “git remote add origin ADDRESS”."
        }
        FetchEnd::OtherAddress => {
            "Nothing was fetched: only addresses with http:// or https:// are fetched here. Fetch this one in a terminal."
        }
        FetchEnd::Refused => {
            "Nothing was fetched: access was refused. Either the network policy doesn’t allow it, see “Network”, or the credential may not read this repository."
        }
        FetchEnd::Unauthenticated => {
            "Nothing was fetched: origin wants to know who asks. Give the session a credential for its host, see “Credentials”."
        }
        FetchEnd::Unreachable => "Nothing was fetched: origin can’t be reached. Try again later.",
        FetchEnd::Slow => {
            "Nothing was fetched: it took too long. Fetch in a terminal, where it may take as long as it needs."
        }
        FetchEnd::Failed => "Nothing was fetched.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_called_by_what_people_say() {
        assert_eq!(short_name("refs/heads/a/b"), "a/b");
        assert_eq!(short_name("refs/remotes/origin/a/b"), "origin/a/b");
        assert_eq!(local_name("refs/remotes/origin/a/b"), "a/b");
        assert_eq!(local_name("refs/heads/a/b"), "a/b");
    }
}
