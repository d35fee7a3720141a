//! The prompt that is being written: other parts of the page may put a text there.

use leptos::html::Textarea;
use leptos::prelude::*;

use crate::browser::focus::focus;

/// The draft of the session's next prompt. A context of everything in the session.
#[derive(Clone, Copy)]
pub struct Draft {
    /// What is typed.
    pub text: RwSignal<String>,
    /// Where it is typed.
    pub area: NodeRef<Textarea>,
}

impl Draft {
    /// An empty draft.
    #[expect(clippy::new_without_default, reason = "it makes signals, so it isn't a value")]
    pub fn new() -> Self {
        Self { text: RwSignal::new(String::new()), area: NodeRef::new() }
    }

    /// The draft of the session that this component stands in.
    pub fn expect() -> Self {
        expect_context()
    }

    /// Takes a text to be changed and sent. What was typed before goes on behind it.
    pub fn take(self, prompt: &str) {
        self.text.update(|text| {
            *text = if text.is_empty() { prompt.to_owned() } else { format!("{prompt}\n{text}") };
        });
        if let Some(area) = self.area.get_untracked() {
            focus(&area);
        }
    }
}
