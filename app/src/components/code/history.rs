//! The commits of the session's repository: those of the session, then those before it.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::Problem;
use octobot_wire::code::repository::{CommitPage, LogQuery, LoggedCommit, MOST_COMMITS};
use wasm_bindgen::JsCast as _;

use super::committing::short;
use super::standing::Standing;
use super::store::CodeStore;
use crate::browser::focus::focus;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::dynamic::when::When;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::since::Since;
use crate::components::frame::layout::{Layout, Side};

/// So many commits are asked for at first, and so many more each time.
const STEP: u32 = 30;

/// What is known of the commits.
#[derive(Clone, Copy)]
struct Log {
    store: CodeStore,
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
    let button = NodeRef::<html::Button>::new();
    let layout = Layout::expect();
    Effect::new(move |_| {
        if standing.store.commits().sought.with(Option::is_none) {
            return;
        }
        is_open.set(true);
        // The panel may have been put away.
        if button.get_untracked().is_some_and(|button| button.offset_parent().is_none()) {
            layout.toggle(Side::Details);
        }
    });
    let glyph = Signal::derive(move || if is_open.get() { Glyph::ChevronDown } else { Glyph::ChevronRight });
    view! {
        <When when=move || standing.store.is_running.get()>
            <button
                type="button"
                class="files__row files__fold"
                node_ref=button
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
    let log = Log { store: standing.store, page: RwSignal::new(None), wanted: RwSignal::new(STEP) };
    let head = Memo::new(move |_| standing.with(|state| (state.commit.clone(), state.branch.clone())));
    Effect::new(move |_| {
        let wanted = log.wanted.get();
        if head.with(Option::is_some) {
            load(log, wanted);
        }
    });
    let sought = standing.store.commits().sought;
    let is_there = move |id: &String| {
        log.page.with(|page| match page {
            Some(Ok(page)) => Some(page.commits.iter().any(|commit| commit.id == *id)),
            Some(Err(_)) | None => None,
        })
    };
    let (found, missed) = (RwSignal::new(None::<String>), RwSignal::new(None::<String>));
    Effect::new(move |_| {
        let Some(id) = sought.get() else { return };
        match is_there(&id) {
            Some(false) if log.wanted.get_untracked() < MOST_COMMITS => return log.wanted.set(MOST_COMMITS),
            None => return,
            Some(is_there) => {
                missed.set(Some(id.clone()).filter(|_| !is_there));
                found.set(Some(id.clone()).filter(|_| is_there));
            }
        }
        sought.set(None);
        // Its row is rendered then.
        request_animation_frame(move || show(&id));
    });
    let missing = move || {
        let told = format!("{} isn’t among the latest commits of this branch.", short(&missed.get()?));
        Some(view! { <p class="files__note" role="status">{told}</p> }.into_any())
    };
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
        {dynamic(missing)}
        {list(found, "Commits of this session", move || read(true))}
        <When when=move || has_older.get()>
            <h3 class="log__heading">"Before the session"</h3>
            {list(found, "Commits before this session", move || read(false))}
        </When>
        <When when=move || has_more.get()>
            <button type="button" class="fold" on:click=move |_| log.wanted.update(|wanted| *wanted += STEP)>
                "Show more"
            </button>
        </When>
    }
}

/// Brings the row of a commit into view.
fn show(id: &str) {
    let row = document().get_element_by_id(&row_id(id)).and_then(|row| row.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(row) = row {
        focus(&row);
    }
}

fn row_id(id: &str) -> String {
    format!("commit-{id}")
}

fn list(
    found: RwSignal<Option<String>>,
    label: &'static str,
    commits: impl Fn() -> Vec<LoggedCommit> + Send + Sync + 'static,
) -> AnyView {
    view! {
        <ul class="log" aria-label=label>
            <Rows each=commits key=|commit| (0, commit.id.clone()) let:commit>
                {row(found, commit)}
            </Rows>
        </ul>
    }
    .into_any()
}

fn row(found: RwSignal<Option<String>>, commit: LoggedCommit) -> AnyView {
    let LoggedCommit { id, author, at, subject, body, .. } = commit;
    let body = (!body.is_empty()).then(|| {
        view! {
            <details class="log__more">
                <summary>"More"</summary>
                <p class="log__body">{body}</p>
            </details>
        }
    });
    let known = id.clone();
    let is_found = move || found.with(|found| found.as_ref() == Some(&known));
    view! {
        <li class="log__commit" id=row_id(&id) tabindex="-1" class:log__commit--found=dynamic(is_found)>
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
    let (project, session) = (log.store.project(), log.store.session);
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
