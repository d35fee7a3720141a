//! A message in the transcript.

use leptos::html;
use leptos::prelude::*;
use octobot_wire::message::MessageRole;
use octobot_wire::usage::Usage;

use super::part::part_view;
use super::viewport::Viewport;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::live::transcript::LiveMessage;
use crate::words;

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
    let (number, parts, usage) = (message.number, message.parts.clone(), message.usage.clone());
    view! {
        <article class=class node_ref=node data-number=number.to_string() aria-label=who>
            <Rows each=move || parts.get() key=|part| part.id.uuid() let:part>
                {part_view(part, &message)}
            </Rows>
            {dynamic(move || {
                let usage = usage.get();
                (usage != Usage::default())
                    .then(|| view! { <p class="message__usage">{words::usage(usage)}</p> }.into_any())
            })}
        </article>
    }
}
