//! The commits of the session's repository: those of the session, then those before it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::Problem;
use octobot_wire::code::repository::{CommitPage, LogQuery, LoggedCommit};

use super::committing::short;
use super::standing::Standing;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::dynamic::when::When;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::since::Since;

/// So many commits are asked for at first, and so many more each time.
const STEP: u32 = 30;

/// What is known of the commits.
#[derive(Clone, Copy)]
struct Log {
    standing: Standing,
    page: RwSignal<Option<Result<CommitPage, Problem>>>,
    wanted: RwSignal<u32>,
}

/// The list, below a heading that opens it.
#[component]
pub fn History(
    /// Where the repository stands.
    standing: Standing,
) -> impl IntoView {
    let is_open = RwSignal::new(false);
    let glyph = Signal::derive(move || if is_open.get() { Glyph::ChevronDown } else { Glyph::ChevronRight });
    view! {
        <When when=move || standing.store.is_running.get()>
            <button
                type="button"
                class="files__row files__fold"
                aria-expanded=dynamic(move || is_open.get().to_string())
                on:click=move |_| is_open.update(|open| *open = !*open)
            >
                <Icon glyph/>
                "Commits"
            </button>
            <When when=move || is_open.get()>
                <Commits standing/>
            </When>
        </When>
    }
}

#[component]
fn Commits(standing: Standing) -> impl IntoView {
    let log = Log { standing, page: RwSignal::new(None), wanted: RwSignal::new(STEP) };
    let head = Memo::new(move |_| standing.with(|state| (state.commit.clone(), state.branch.clone())));
    Effect::new(move |_| {
        let wanted = log.wanted.get();
        if head.with(Option::is_some) {
            load(log, wanted);
        }
    });
    let read = move |is_new: bool| {
        log.page.with(|page| match page {
            Some(Ok(page)) => page.commits.iter().filter(|commit| commit.is_new == is_new).cloned().collect(),
            Some(Err(_)) | None => Vec::new(),
        })
    };
    let has_older = Memo::new(move |_| !read(false).is_empty());
    let note = move || {
        let text = log.page.with(|page| match page {
            None => Some("Reading…".to_owned()),
            Some(Err(problem)) => Some(problem.detail.clone()),
            Some(Ok(page)) if page.commits.iter().any(|commit| commit.is_new) => None,
            Some(Ok(_)) => Some("Nothing was committed in this session yet.".to_owned()),
        });
        text.map(|text| view! { <p class="files__note" role="status">{text}</p> }.into_any())
    };
    let has_more = Memo::new(move |_| log.page.with(|page| matches!(page, Some(Ok(page)) if page.has_more)));
    view! {
        {dynamic(note)}
        {list("Commits of this session", move || read(true))}
        <When when=move || has_older.get()>
            <h3 class="log__heading">"Before the session"</h3>
            {list("Commits before this session", move || read(false))}
        </When>
        <When when=move || has_more.get()>
            <button type="button" class="fold" on:click=move |_| log.wanted.update(|wanted| *wanted += STEP)>
                "Show more"
            </button>
        </When>
    }
}

fn list(label: &'static str, commits: impl Fn() -> Vec<LoggedCommit> + Send + Sync + 'static) -> AnyView {
    view! {
        <ul class="log" aria-label=label>
            <Rows each=commits key=|commit| (0, commit.id.clone()) let:commit>
                {row(commit)}
            </Rows>
        </ul>
    }
    .into_any()
}

fn row(commit: LoggedCommit) -> AnyView {
    let LoggedCommit { id, author, at, subject, body, .. } = commit;
    let body = (!body.is_empty()).then(|| {
        view! {
            <details class="log__more">
                <summary>"More"</summary>
                <p class="log__body">{body}</p>
            </details>
        }
    });
    view! {
        <li class="log__commit">
            <p class="log__subject">{subject}</p>
            <p class="log__facts">
                <code title=id.clone()>{short(&id).to_owned()}</code>
                " "
                {author}
                ", "
                <Since at in_full=true/>
            </p>
            {body}
        </li>
    }
    .into_any()
}

/// Asks for all that is wanted, in as many pages as that takes.
fn load(log: Log, wanted: u32) {
    let (project, session) = (log.standing.store.project(), log.standing.store.session);
    spawn_local(async move {
        let mut all = CommitPage { commits: Vec::new(), has_more: true };
        while all.has_more && (all.commits.len() as u64) < u64::from(wanted) {
            let from = u32::try_from(all.commits.len()).unwrap_or(u32::MAX);
            let query = LogQuery { from, count: wanted - from };
            match calls::load_commits(project.clone(), session, query).await {
                // Fewer than there were: some are gone meanwhile.
                Ok(page) if page.commits.is_empty() => all.has_more = false,
                Ok(page) => {
                    all.has_more = page.has_more;
                    all.commits.extend(page.commits);
                }
                Err(failure) => {
                    let _ = log.page.try_set(Some(Err(failure.0)));
                    return;
                }
            }
        }
        if log.wanted.try_get_untracked() == Some(wanted) {
            log.page.set(Some(Ok(all)));
        }
    });
}
