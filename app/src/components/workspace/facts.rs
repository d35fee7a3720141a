//! What is known of a workspace.

use leptos::prelude::*;
use octobot_wire::workspace::{Commit, Workspace, WorkspaceSource};

use crate::components::form::copy_button::CopyButton;
use crate::components::form::since::Since;
use crate::words;

/// The facts.
#[component]
pub fn WorkspaceFacts(
    /// The workspace.
    workspace: Workspace,
) -> impl IntoView {
    let Workspace { source, commit, dirty, created_at, updated_at, .. } = workspace;
    let (kind, changes) = match &source {
        WorkspaceSource::Folder { .. } => ("Folder", Some(if dirty { "Uncommitted changes" } else { "None" })),
        WorkspaceSource::Git { .. } => ("Git URL", None),
    };
    let place = words::source(&source).to_owned();
    let copied = place.clone();
    let has_commit = commit.is_some();
    view! {
        <dl class="facts">
            <dt>{kind}</dt>
            <dd class="facts__mono">
                <span>{place}</span>
                <CopyButton what="it" text=move |()| copied.clone()/>
            </dd>
            <dt>"Commit"</dt>
            <dd>
                <CommitLine commit/>
            </dd>
            {changes.filter(|_| has_commit).map(|changes| view! { <dt>"Changes"</dt> <dd>{changes}</dd> })}
            <dt>"Added"</dt>
            <dd>
                <Since at=created_at in_full=true/>
            </dd>
            <dt>"Changed"</dt>
            <dd>
                <Since at=updated_at in_full=true/>
            </dd>
        </dl>
    }
}

/// A commit in a line.
#[component]
pub fn CommitLine(
    /// The commit.
    commit: Option<Commit>,
) -> impl IntoView {
    match commit {
        None => view! { <span class="faint">"None yet"</span> }.into_any(),
        Some(Commit { id, summary, branch }) => {
            let short = words::short_commit(&id).to_owned();
            view! {
                <span class="commit" title=id>
                    <code>{short}</code>
                    <span>{summary}</span>
                    {branch.map(|branch| view! { <span class="tag">{branch}</span> })}
                </span>
            }
            .into_any()
        }
    }
}
