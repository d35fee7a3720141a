//! Putting what the session made onto the workspace's branch, or into its folder: what came of it, and what can be done then.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::code::repository::{Applied, ApplyChanges, ApplyEnd, ApplyMethod, ApplyOutcome};

use super::saving::Stage;
use super::store::CodeStore;
use super::view::shown;
use crate::calls;
use crate::components::frame::toasts::Toasts;

/// Has the server do it.
pub fn apply(store: CodeStore, stage: RwSignal<Stage>, method: ApplyMethod) {
    let toasts = Toasts::expect();
    stage.set(Stage::Working("Applying…"));
    spawn_local(async move {
        let next = match calls::apply_changes(store.project(), store.session, ApplyChanges { method }).await {
            Ok(outcome) => Stage::Told(outcome),
            Err(failure) => {
                toasts.failure("Nothing was applied", &failure.0);
                Stage::Open
            }
        };
        let _ = stage.try_set(next);
    });
}

fn undo(store: CodeStore, stage: RwSignal<Stage>, toasts: Toasts, applied: Applied) {
    spawn_local(async move {
        match calls::undo_apply(store.project(), store.session, applied).await {
            Ok(()) => {
                toasts.success("The workspace is as it was before");
                let _ = stage.try_set(Stage::Open);
            }
            Err(failure) => toasts.failure("The workspace stays as it is", &failure.0),
        }
    });
}

/// What came of it.
pub fn outcome_view(store: CodeStore, stage: RwSignal<Stage>, outcome: &ApplyOutcome) -> AnyView {
    let toasts = Toasts::expect();
    let ApplyOutcome { end, files, applied, .. } = outcome.clone();
    let button = |word: &'static str, act: Box<dyn Fn()>| {
        view! {
            <button type="button" class="button button--small" on:click=move |_| act()>
                {word}
            </button>
        }
        .into_any()
    };
    let again = |word, method| button(word, Box::new(move || apply(store, stage, method)));
    let close = |word| button(word, Box::new(move || stage.set(Stage::Open)));
    let actions = match end {
        ApplyEnd::Applied => vec![
            applied
                .map(|applied| button("Undo", Box::new(move || undo(store, stage, toasts, applied.clone()))))
                .into_any(),
            close("Done"),
        ],
        ApplyEnd::Conflicts if outcome.branch.is_none() => {
            vec![again("Try again", ApplyMethod::FastForward), close("Cancel")]
        }
        ApplyEnd::NothingNew | ApplyEnd::Conflicts => vec![close("Done")],
        ApplyEnd::Diverged => {
            vec![again("Merge", ApplyMethod::Merge), again("Rebase", ApplyMethod::Rebase), close("Cancel")]
        }
        ApplyEnd::Dirty | ApplyEnd::InTheWay => vec![again("Try again", ApplyMethod::FastForward), close("Cancel")],
    };
    let files: Vec<_> = files.iter().map(|file| view! { <li>{shown(file)}</li> }).collect();
    let list = (!files.is_empty()).then(|| view! { <ul class="files__paths">{files}</ul> });
    view! {
        <div class="files__note" role="status">
            <p>{words(outcome)}</p>
            {list}
            <div class="files__actions">{actions}</div>
        </div>
    }
    .into_any()
}

fn words(outcome: &ApplyOutcome) -> String {
    let count = |count: u32, what: &str| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") };
    let ApplyOutcome { end, commits, others, changed, .. } = *outcome;
    let Some(branch) = &outcome.branch else {
        return match end {
            ApplyEnd::Applied => format!("{} changed in the workspace’s folder:", count(changed, "file")),
            ApplyEnd::NothingNew => "The workspace’s folder has all of it.".to_owned(),
            _ => "Nothing was touched: these files of the workspace’s folder are neither what this session started with nor what it left \
                  there. Move yours away, or download the patch:"
                .to_owned(),
        };
    };
    match end {
        ApplyEnd::Applied => {
            format!(
                "{} applied to {branch} in the workspace. The files there are up to date.",
                count(commits, "commit")
            )
        }
        ApplyEnd::NothingNew => format!("{branch} in the workspace has all of it."),
        ApplyEnd::Diverged => format!(
            "{branch} has {} by now that this session hasn’t. A merge joins both; a rebase makes the session’s {} anew on top.",
            count(others, "commit"),
            count(commits, "commit")
        ),
        ApplyEnd::Conflicts => format!(
            "{branch} and this session have changed the same places. Nothing was touched. Save the session as a branch and merge that \
             in the workspace, or have the agent make its change fit:"
        ),
        ApplyEnd::Dirty => {
            "The workspace has changes that aren’t committed, so nothing was touched. Commit or stash them there:"
                .to_owned()
        }
        ApplyEnd::InTheWay => {
            "These files of the workspace would be overwritten, and no commit has them. Move them away:".to_owned()
        }
    }
}
