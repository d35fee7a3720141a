//! Something that a tool call shows.

use leptos::prelude::*;
use octobot_wire::message::ToolContent;

use super::diff::DiffView;
use super::file::FileView;
use super::prose::ProseView;

/// A text, a change of a file, or a file.
#[component]
pub fn ContentView(
    /// What is shown.
    content: ToolContent,
) -> impl IntoView {
    match content {
        ToolContent::Text(prose) => view! {
            <div class="tool-call__text" tabindex="0" role="group" aria-label="Result">
                <ProseView prose=Signal::stored(prose)/>
            </div>
        }
        .into_any(),
        ToolContent::Diff { path, added, removed, lines, truncated } => {
            view! { <DiffView path counts=(added, removed) lines truncated/> }.into_any()
        }
        ToolContent::File(file) => view! { <FileView file/> }.into_any(),
    }
}
