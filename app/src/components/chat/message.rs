//! A message in the transcript.

use leptos::html;
use leptos::prelude::*;
use octobot_wire::message::MessageRole;
use octobot_wire::usage::Usage;

use super::part::part_view;
use super::viewport::Viewport;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::late::{self, Late};
use crate::live::SessionStore;
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
    let (who, class) = match (message.role, message.rewound) {
        (MessageRole::User, false) => ("You", "message message--user"),
        (MessageRole::User, true) => ("You", "message message--user message--rewound"),
        (MessageRole::Agent, false) => ("Agent", "message message--agent"),
        (MessageRole::Agent, true) => ("Agent", "message message--agent message--rewound"),
    };
    let (number, parts, usage) = (message.number, message.parts.clone(), message.usage.clone());
    let store = SessionStore::expect();
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
            {late::show_once(move || store.is_alive.get() && store.ends_rewound(number), Late::Rewound(number))}
        </article>
    }
}
