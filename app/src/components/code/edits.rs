//! Files that are being edited: which, and what of each isn't saved yet. This browser keeps it, so that nothing is lost with the page.

use std::collections::{BTreeMap, BTreeSet};

use leptos::prelude::*;
use octobot_wire::SessionId;
use serde::{Deserialize, Serialize};

use crate::browser::storage::{keep, kept};

/// A text that isn't saved yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextDraft {
    /// The text.
    pub text: String,
    /// The state of the file that it began with; none where there was no file.
    pub over: Option<String>,
}

/// See the module.
#[derive(Clone, Copy)]
pub struct Edits {
    /// The files that are shown in an editor.
    pub open: RwSignal<BTreeSet<String>>,
    /// The files of Markdown that are shown as they are meant to look.
    pub previewed: RwSignal<BTreeSet<String>>,
    /// What isn't saved, by its file's path.
    pub drafts: RwSignal<Drafts>,
    /// What the browser calls them.
    place: StoredValue<String>,
}

/// Drafts by the paths of their files.
type Drafts = BTreeMap<String, TextDraft>;

impl Edits {
    /// What was edited when the page was last open.
    pub fn of(session: SessionId) -> Self {
        let edits = Self {
            open: RwSignal::new(BTreeSet::new()),
            previewed: RwSignal::new(BTreeSet::new()),
            drafts: RwSignal::new(BTreeMap::new()),
            place: StoredValue::new(format!("octobot.drafts.{session}")),
        };
        Effect::new(move |_| {
            let Some(drafts) = edits.place.try_with_value(|place| kept::<Drafts>(place)).flatten() else { return };
            edits.open.set(drafts.keys().cloned().collect());
            edits.drafts.set(drafts);
        });
        edits
    }

    /// Has the browser keep the draft of one file, or forget it: those of others may be another tab's.
    fn remember(self, path: &str) {
        let draft = self.drafts.try_with_untracked(|drafts| drafts.get(path).cloned()).flatten();
        self.place.try_with_value(|place| {
            let mut drafts = kept::<Drafts>(place).unwrap_or_default();
            match draft {
                Some(draft) => drafts.insert(path.to_owned(), draft),
                None => drafts.remove(path),
            };
            keep(place, &drafts);
        });
    }

    /// Whether a file is shown in an editor.
    pub fn is_open(self, path: &str) -> bool {
        self.open.with(|open| open.contains(path))
    }

    /// Shows a file in an editor.
    pub fn begin(self, path: &str) {
        let _ = self.open.try_update(|open| open.insert(path.to_owned()));
    }

    /// Shows a file in no editor any more. What isn't saved of it is given to whoever may want it back.
    pub fn end(self, path: &str) -> Option<TextDraft> {
        let _ = self.open.try_update(|open| open.remove(path));
        let draft = self.drafts.try_update(|drafts| drafts.remove(path)).flatten();
        self.remember(path);
        draft
    }

    /// Whether a file of Markdown is shown as it is meant to look.
    pub fn is_previewed(self, path: &str) -> bool {
        self.previewed.with(|previewed| previewed.contains(path))
    }

    /// Shows a file of Markdown as it is meant to look, or its lines.
    pub fn toggle_preview(self, path: &str) {
        let _ = self.previewed.try_update(|previewed| {
            if !previewed.remove(path) {
                previewed.insert(path.to_owned());
            }
        });
    }

    /// Whether something of a file isn't saved.
    pub fn is_dirty(self, path: &str) -> bool {
        self.drafts.with(|drafts| drafts.contains_key(path))
    }

    /// Keeps a draft.
    pub fn keep(self, path: &str, draft: TextDraft) {
        let _ = self.drafts.try_update(|drafts| drafts.insert(path.to_owned(), draft));
        self.remember(path);
    }

    /// Files have other paths.
    pub fn follow_move(self, moved: impl Fn(&str) -> Option<String>) {
        let new = |path: String| moved(&path).unwrap_or(path);
        let known = self.drafts.with_untracked(|drafts| drafts.keys().cloned().collect::<Vec<_>>());
        let _ = self.drafts.try_update(|drafts| {
            *drafts = std::mem::take(drafts).into_iter().map(|(path, draft)| (new(path), draft)).collect();
        });
        for path in known {
            self.remember(&path);
            self.remember(&new(path));
        }
        let _ = self.open.try_update(|open| *open = std::mem::take(open).into_iter().map(new).collect());
    }

    /// Nothing of a file is unsaved any more.
    pub fn settle(self, path: &str) {
        if self.drafts.try_with_untracked(|drafts| drafts.contains_key(path)) == Some(true) {
            let _ = self.drafts.try_update(|drafts| drafts.remove(path));
            self.remember(path);
        }
    }
}
