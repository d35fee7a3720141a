//! A tool call: what was done, how it went, what it printed.

use leptos::prelude::*;
use octobot_wire::message::{Output, PartBody, ToolCallStatus};
use octobot_wire::{PartId, Timestamp};

use super::output::OutputView;
use super::script::Script;
use super::tool_status::{StatusIcon, StatusText};

/// A tool call's card.
#[component]
pub fn ToolCallView(
    /// Its part.
    id: PartId,
    /// One line that says what is done.
    title: String,
    /// What was given to the tool.
    input: String,
    /// The part, followed.
    body: RwSignal<PartBody>,
    /// When its message began.
    since: Timestamp,
) -> impl IntoView {
    let status = Memo::new(move |_| {
        body.with(|body| match body {
            PartBody::ToolCall(call) => call.status,
            PartBody::Text { .. } | PartBody::Error { .. } => ToolCallStatus::Interrupted,
        })
    });
    // A script of one line says nothing that the title doesn't.
    let script = (input.trim() != title.trim()).then(|| view! { <Script text=input/> });
    let label = title.clone();
    view! {
        <div class="tool-call" role="group" aria-label=label>
            <div class="tool-call__head">
                <StatusIcon status/>
                <code class="tool-call__title">{title}</code>
                <StatusText status since/>
            </div>
            {script}
            <OutputView part=id body/>
        </div>
    }
}

/// The output in a tool call's part.
pub fn output_of(body: &PartBody) -> Option<&Output> {
    match body {
        PartBody::ToolCall(call) => Some(&call.output),
        PartBody::Text { .. } | PartBody::Error { .. } => None,
    }
}
