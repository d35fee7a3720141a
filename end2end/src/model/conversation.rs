//! A conversation, as far as it matters for what comes next: prompts and answers, whatever the wire format. Pure.

use serde_json::Value;

/// What a request carries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Conversation {
    /// What was said, in order.
    pub entries: Vec<Entry>,
    /// Whether the model may call tools.
    pub has_tools: bool,
}

/// Something in a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// The user said something, or an agent in the user's name.
    Said(String),
    /// The model answered.
    Answered,
}

impl Conversation {
    /// The last prompt that holds a text, and how many answers have come since.
    pub fn find(&self, cue: &str) -> Option<(usize, usize)> {
        let prompt = self.entries.iter().rposition(|entry| matches!(entry, Entry::Said(text) if text.contains(cue)))?;
        let answers = self.entries[prompt..].iter().filter(|entry| **entry == Entry::Answered).count();
        Some((prompt, answers))
    }

    /// The model answered. Several pieces without anything between them are one answer.
    pub fn answered(&mut self) {
        if self.entries.last() != Some(&Entry::Answered) {
            self.entries.push(Entry::Answered);
        }
    }

    /// The user said something.
    pub fn said(&mut self, text: String) {
        self.entries.push(Entry::Said(text));
    }
}

/// All texts below `field`s of blocks, or a text itself.
pub(super) fn texts(content: &Value, field: &str) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => blocks.iter().filter_map(|block| block[field].as_str()).collect::<Vec<_>>().join("\n"),
        _ => String::new(),
    }
}
