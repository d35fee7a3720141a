//! A message in the transcript.

use leptos::html;
use leptos::prelude::*;
use octobot_wire::message::MessageRole;
use octobot_wire::usage::Usage;

use super::part::part_view;
use super::rewound::rewound_line;
use super::viewport::Viewport;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
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
    let (who, class) = match message.role {
        MessageRole::User => ("You", "message message--user"),
        MessageRole::Agent => ("Agent", "message message--agent"),
    };
    let (number, parts, usage) = (message.number, message.parts.clone(), message.usage.clone());
    let store = SessionStore::expect();
    let line = move || {
        store.stretch_of(number).filter(|stretch| stretch.last == number).map(|stretch| rewound_line(store, stretch))
    };
    view! {
        <article
            class=class
            class:message--rewound=dynamic(move || store.stretch_of(number).is_some())
            node_ref=node
            data-number=number.to_string()
            aria-label=who
        >
            <Rows each=move || parts.get() key=|part| part.id.uuid() let:part>
                {part_view(part, &message)}
            </Rows>
            {dynamic(move || {
                let usage = usage.get();
                (usage != Usage::default())
                    .then(|| view! { <p class="message__usage">{words::usage(usage)}</p> }.into_any())
            })}
            {dynamic(line)}
        </article>
    }
}
