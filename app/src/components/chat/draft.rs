//! The prompt that is being written: other parts of the page may put a text there.

use leptos::html::Textarea;
use leptos::prelude::*;
use octobot_wire::AttachmentId;
use web_sys::Event;

use crate::browser::files::{self, GivenFile};
use crate::browser::focus::focus;

/// The draft of the session's next prompt. A context of everything in the session.
#[derive(Clone, Copy)]
pub struct Draft {
    /// What is typed.
    pub text: RwSignal<String>,
    /// Where it is typed.
    pub area: NodeRef<Textarea>,
    /// Files that were given and that nobody has looked at yet.
    pub given: RwSignal<Vec<GivenFile>>,
    /// The files that go with it.
    pub attached: RwSignal<Vec<AttachedFile>>,
}

/// A file that goes with the draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedFile {
    /// Tells it from the others.
    pub key: u64,
    /// Its name.
    pub name: String,
    /// How far it is.
    pub state: AttachedState,
}

/// How far a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttachedState {
    /// It is sent when its session is created.
    Waiting,
    /// On its way, so many percent.
    Uploading(u8),
    /// The server has it.
    Stored {
        /// Under this id.
        id: AttachmentId,
        /// Whether it can be shown.
        is_image: bool,
    },
    /// It wasn't taken.
    Failed(String),
}

impl AttachedState {
    /// The file's id, once the server has it.
    pub fn stored(&self) -> Option<AttachmentId> {
        match *self {
            Self::Stored { id, .. } => Some(id),
            Self::Waiting | Self::Uploading(_) | Self::Failed(_) => None,
        }
    }
}

impl Draft {
    /// An empty draft.
    #[expect(clippy::new_without_default, reason = "it makes signals, so it isn't a value")]
    pub fn new() -> Self {
        Self {
            text: RwSignal::new(String::new()),
            area: NodeRef::new(),
            given: RwSignal::new(Vec::new()),
            attached: RwSignal::new(Vec::new()),
        }
    }

    /// The draft of the session that this component stands in.
    pub fn expect() -> Self {
        expect_context()
    }

    /// Takes a text to be changed and sent. What was typed before goes on behind it.
    pub fn take(self, prompt: &str) {
        self.put_back(prompt, Vec::new());
        if let Some(area) = self.area.get_untracked() {
            focus(&area);
        }
    }

    /// Takes a prompt that wasn't sent. What was typed and attached meanwhile is worth as much, and follows it.
    pub fn put_back(self, prompt: &str, attached: Vec<AttachedFile>) {
        let _ = self.text.try_update(|text| {
            *text = if text.is_empty() { prompt.to_owned() } else { format!("{prompt}\n{text}") };
        });
        if !attached.is_empty() {
            let _ = self.attached.try_update(|list| drop(list.splice(0..0, attached)));
        }
    }

    /// Takes files to go with the prompt. Says whether there were any.
    pub fn give(self, files: Vec<GivenFile>) -> bool {
        let any = !files.is_empty();
        if any {
            self.given.update(|given| given.extend(files));
        }
        any
    }

    /// Takes the files that a paste or a drop brings.
    pub fn bring(self, event: &Event) {
        if self.give(files::brought_by(event)) {
            event.prevent_default();
        }
    }

    /// Whether nothing is written and nothing goes with it.
    pub fn is_empty(self) -> bool {
        self.text.with(|text| text.trim().is_empty()) && self.attached.with(Vec::is_empty)
    }

    /// Whether all files that go with it are with the server.
    pub fn is_complete(self) -> bool {
        self.given.with(Vec::is_empty) && self.attached.with(|list| list.iter().all(|f| f.state.stored().is_some()))
    }
}
