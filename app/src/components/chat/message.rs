//! A message in the transcript.

use leptos::html;
use leptos::prelude::*;
use octobot_wire::message::{MessageRole, PartBody};

use super::error_part::ErrorPart;
use super::prompt::Prompt;
use super::tool_call::ToolCallView;
use super::viewport::Viewport;
use crate::live::transcript::{LiveMessage, LivePart};

/// A message and its parts.
#[component]
pub fn MessageView(
    /// The message.
    message: LiveMessage,
) -> impl IntoView {
    let viewport: Viewport = expect_context();
    let node = NodeRef::<html::Article>::new();
    node.on_load(move |node| viewport.watch(&node));
    let LiveMessage { id: _, turn_id: _, number, role, created_at, parts } = message;
    let (who, class) = match role {
        MessageRole::User => ("You", "message message--user"),
        MessageRole::Agent => ("Agent", "message message--agent"),
    };
    view! {
        <article class=class node_ref=node data-number=number.to_string() aria-label=who>
            <For each=move || parts.get() key=|part| part.id let:part>
                {part_view(part, role, created_at)}
            </For>
        </article>
    }
}

/// What a part holds never changes its kind, so the kind is read once.
fn part_view(part: LivePart, role: MessageRole, since: octobot_wire::Timestamp) -> AnyView {
    let LivePart { id, body } = part;
    let kind = body.get_untracked();
    match kind {
        PartBody::Text { text } if role == MessageRole::User => view! { <Prompt text/> }.into_any(),
        PartBody::Text { .. } => {
            let text = move || match body.get() {
                PartBody::Text { text } | PartBody::Error { text } => text,
                PartBody::ToolCall(_) => String::new(),
            };
            view! { <p class="text">{text}</p> }.into_any()
        }
        PartBody::ToolCall(call) => {
            view! { <ToolCallView id title=call.title input=call.input body=body.into() since/> }.into_any()
        }
        PartBody::Error { text } => view! { <ErrorPart text/> }.into_any(),
    }
}
