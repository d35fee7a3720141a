//! What was just done, and the way back.

use std::sync::Arc;

use leptos::prelude::*;

use crate::components::dynamic::dynamic;

/// Something that was done and can be taken back.
#[derive(Clone)]
pub struct Undo {
    text: String,
    run: Arc<dyn Fn() + Send + Sync>,
}

impl Undo {
    /// Something that was done, as a sentence, and what takes it back.
    pub fn new(text: String, run: impl Fn() + Send + Sync + 'static) -> Self {
        Self { text, run: Arc::new(run) }
    }
}

/// Says what was done last, and offers to take it back. Nothing while there is nothing.
#[component]
pub fn UndoLine(
    /// What was done last.
    undo: RwSignal<Option<Undo>>,
) -> impl IntoView {
    let line = move || {
        let Undo { text, run } = undo.get()?;
        let take_back = move |_| {
            undo.set(None);
            run();
        };
        Some(
            view! {
                <span>{text}</span>
                <button type="button" class="button button--small" on:click=take_back>
                    "Undo"
                </button>
            }
            .into_any(),
        )
    };
    view! {
        <p class="network__undo" role="status">
            {dynamic(line)}
        </p>
    }
}
