//! A message in the transcript.

use leptos::html;
use leptos::prelude::*;
use octobot_wire::message::MessageRole;

use super::part::part_view;
use super::viewport::Viewport;
use crate::components::dynamic::rows::Rows;
use crate::live::transcript::LiveMessage;

/// A message and its parts.
#[component]
pub fn MessageView(
    /// The message.
    message: LiveMessage,
) -> impl IntoView {
    let viewport = Viewport::expect();
    let node = NodeRef::<html::Article>::new();
    node.on_load(move |node| viewport.watch(&node));
    let (who, class) = match message.role {
        MessageRole::User => ("You", "message message--user"),
        MessageRole::Agent => ("Agent", "message message--agent"),
    };
    let (number, parts) = (message.number, message.parts.clone());
    view! {
        <article class=class node_ref=node data-number=number.to_string() aria-label=who>
            <Rows each=move || parts.get() key=|part| part.id.uuid() let:part>
                {part_view(part, &message)}
            </Rows>
        </article>
    }
}
