//! A file that is edited: reads it, saves it, follows what others write to it while nothing is unsaved, and says when both differ.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::Problem;
use octobot_wire::code::{FileText, SaveText, TextSaved};

use super::edits::TextDraft;
use super::store::CodeStore;
use super::view::name_of;
use crate::browser::editor::{Editor, EditorEvent, Editors};
use crate::calls;
use crate::components::frame::toasts::Toasts;
use crate::live::follow::Follower;

/// Where an editor stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// It is being fetched, or the file is.
    Loading,
    /// It couldn't be fetched.
    Failed(String),
    /// It is there.
    Open,
    /// A text is being saved.
    Saving,
}

/// See the module.
#[derive(Clone, Copy)]
pub struct Editing {
    store: StoredValue<CodeStore>,
    path: StoredValue<String>,
    /// Where the editor goes.
    pub host: NodeRef<html::Div>,
    editor: StoredValue<Option<Editor>>,
    /// The state that the next text is saved over.
    over: StoredValue<Option<String>>,
    /// Where it stands.
    pub stage: RwSignal<Stage>,
    /// What the file is by now, where that is neither what was edited nor what was made of it.
    pub theirs: RwSignal<Option<FileText>>,
    /// Why it isn't known whether the file is another by now.
    pub unread: RwSignal<Option<String>>,
    /// Whether the difference from that is shown.
    pub compares: RwSignal<bool>,
    /// Whether editing has ended: what the editor tells when it goes isn't wanted then.
    is_left: StoredValue<bool>,
    /// How often the file was read or saved: of several answers the last one counts.
    asked: StoredValue<u32>,
    toasts: Toasts,
}

impl Editing {
    /// Begins to edit a file as soon as its element is there.
    pub fn new(store: CodeStore, path: String) -> Self {
        let editing = Self {
            store: StoredValue::new(store),
            path: StoredValue::new(path),
            host: NodeRef::new(),
            editor: StoredValue::new(None),
            over: StoredValue::new(None),
            stage: RwSignal::new(Stage::Loading),
            theirs: RwSignal::new(None),
            unread: RwSignal::new(None),
            compares: RwSignal::new(false),
            is_left: StoredValue::new(false),
            asked: StoredValue::new(0),
            toasts: Toasts::expect(),
        };
        let follower = Follower::expect();
        Effect::new(move |was_there: Option<bool>| {
            // Whichever comes: an event, or where files can't be watched, what was asked for.
            follower.code.track();
            store.changes.track();
            let is_there = editing.host.get().is_some();
            if is_there && was_there != Some(true) {
                editing.load();
            } else if is_there {
                editing.look();
            }
            is_there
        });
        // Of files that git ignores nobody tells when they change.
        let focused = window_event_listener(leptos::ev::focus, move |_| editing.look());
        on_cleanup(move || {
            focused.remove();
            // It tells its last draft when it goes, so it goes when nobody holds it any more.
            let editor = editing.editor.try_update_value(Option::take);
            drop(editor);
        });
        editing
    }

    /// What is known of the code.
    fn store(self) -> CodeStore {
        self.store.get_value()
    }

    /// The file.
    pub fn path(self) -> String {
        self.path.get_value()
    }

    /// Whether something isn't saved.
    pub fn is_dirty(self) -> bool {
        self.path.with_value(|path| self.store().edits().is_dirty(path))
    }

    /// Fetches the editor and the file.
    pub fn load(self) {
        self.stage.set(Stage::Loading);
        let (store, path) = (self.store(), self.path());
        spawn_local(async move {
            let text = calls::load_text(store.project(), store.session, path).await;
            let editors = Editors::load().await;
            let stage = match (text, editors) {
                (Ok(text), Some(editors)) => self.open(&editors, text),
                (Err(failure), _) => Err(failure.0.detail),
                (_, None) => Err("The editor couldn’t be loaded. Check that you are online.".to_owned()),
            };
            let _ = self.stage.try_set(stage.map_or_else(Stage::Failed, |()| Stage::Open));
        });
    }

    fn open(self, editors: &Editors, now: FileText) -> Result<(), String> {
        // The page may have gone elsewhere meanwhile.
        let Some(Some(host)) = self.host.try_get_untracked() else { return Ok(()) };
        let path = self.path();
        let draft = self.store().edits().drafts.with_untracked(|drafts| drafts.get(&path).cloned());
        let saved = match (&now, &draft) {
            (FileText { text: Some(text), .. }, _) => text.clone(),
            (FileText { text: None, state: None }, Some(_)) => String::new(),
            (FileText { text: None, state: None }, None) => return Err("This file is gone.".to_owned()),
            (FileText { text: None, .. }, _) => {
                return Err("This can’t be edited: it isn’t text in UTF-8, or has more than 4 MiB.".to_owned());
            }
        };
        let over = draft.as_ref().map_or_else(|| now.state.clone(), |draft| draft.over.clone());
        let differs = over != now.state && draft.as_ref().is_some_and(|draft| draft.text != saved);
        self.over.set_value(if differs { over } else { now.state.clone() });
        let text = draft.map_or_else(|| saved.clone(), |draft| draft.text);
        let editor = editors.open(&host, name_of(&path), (&saved, &text), move |event| self.hear(event));
        let Some(editor) = editor else { return Err("This browser can’t show the editor.".to_owned()) };
        editor.focus();
        self.editor.set_value(Some(editor));
        self.theirs.set(differs.then_some(now));
        Ok(())
    }

    fn hear(self, event: EditorEvent) {
        let Some(path) = self.path.try_get_value().filter(|_| self.is_left.try_get_value() == Some(false)) else {
            return;
        };
        match event {
            EditorEvent::Draft(text) => {
                let over = self.over.try_get_value().flatten();
                self.store().edits().keep(&path, TextDraft { text, over });
            }
            EditorEvent::Clean => self.agree(&path),
            EditorEvent::Save => self.save(),
        }
    }

    /// What is edited is what the file has, or what somebody else has written.
    fn agree(self, path: &str) {
        self.store().edits().settle(path);
        if let Some(Some(FileText { text: Some(_), state })) = self.theirs.try_get_untracked() {
            self.over.set_value(state);
            self.theirs.set(None);
            self.compares.set(false);
            request_animation_frame(move || {
                let _ = self.with_editor(|editor| editor.show(None));
            });
        }
    }

    /// Looks whether the file is another by now.
    pub fn look(self) {
        if self.stage.try_get_untracked() != Some(Stage::Open) || !self.store().is_running.get_untracked() {
            return;
        }
        let Some(asked) = self.ask() else { return };
        let (store, path) = (self.store(), self.path());
        spawn_local(async move {
            let answer = calls::load_text(store.project(), store.session, path).await;
            // What was saved meanwhile is compared when it is saved.
            let counts =
                self.asked.try_get_value() == Some(asked) && self.stage.try_get_untracked() == Some(Stage::Open);
            if !counts {
                return;
            }
            match answer {
                Ok(now) => {
                    self.unread.set(None);
                    self.compare(now);
                }
                Err(failure) => self.unread.set(Some(failure.0.detail)),
            }
        });
    }

    fn ask(self) -> Option<u32> {
        self.asked.try_update_value(|asked| {
            *asked += 1;
            *asked
        })
    }

    /// Takes what the file is now, unless that would lose something.
    fn compare(self, now: FileText) {
        let is_told = |theirs: &Option<FileText>| theirs.as_ref().is_some_and(|theirs| theirs.state == now.state);
        if self.theirs.with_untracked(is_told) {
            // Whoever looks at the difference goes on with that.
            return;
        }
        if self.over.with_value(|over| *over == now.state) {
            if let (Some(_), Some(text)) = (self.theirs.get_untracked(), &now.text) {
                self.theirs.set(None);
                self.compares.set(false);
                self.with_editor(|editor| {
                    editor.show(None);
                    editor.diverge(text);
                });
            }
        } else if let (Some(text), false) = (&now.text, untrack(|| self.is_dirty())) {
            self.over.set_value(now.state.clone());
            self.with_editor(|editor| editor.replace(text));
        } else {
            self.differ(now);
        }
    }

    fn differ(self, now: FileText) {
        self.with_editor(|editor| {
            editor.show(None);
            editor.diverge(now.text.as_deref().unwrap_or_default());
        });
        self.compares.set(false);
        // Both may have written the same.
        let is_same = now.text.is_some() && !untrack(|| self.is_dirty());
        if is_same {
            self.over.set_value(now.state.clone());
        }
        self.theirs.set((!is_same).then_some(now));
    }

    /// Saves what is in the editor, unless somebody else has changed the file.
    pub fn save(self) {
        if self.stage.try_get_untracked() != Some(Stage::Open) {
            return;
        }
        let Some(text) = self.with_editor(Editor::text) else { return };
        self.ask();
        self.stage.set(Stage::Saving);
        let request = SaveText { path: self.path(), text: text.clone(), over: self.over.get_value() };
        let (project, session) = (self.store().project(), self.store().session);
        spawn_local(async move {
            let answer = calls::save_text(project, session, request).await;
            if self.stage.try_set(Stage::Open).is_some() {
                return;
            }
            match answer {
                Ok(TextSaved { theirs: Some(now), .. }) if now.text.as_ref() != Some(&text) => self.differ(now),
                Ok(TextSaved { state, .. }) => self.saved(state),
                Err(failure) => self.failed(&failure.0),
            }
        });
    }

    fn saved(self, state: Option<String>) {
        self.unread.set(None);
        self.over.set_value(state);
        self.theirs.set(None);
        self.with_editor(|editor| {
            editor.show(None);
            editor.settle();
        });
        // What was typed meanwhile is a draft over what was just saved.
        let (path, edits) = (self.path(), self.store().edits());
        if let Some(draft) = edits.drafts.with_untracked(|drafts| drafts.get(&path).cloned()) {
            edits.keep(&path, TextDraft { over: self.over.get_value(), ..draft });
        }
        self.store().ask();
    }

    fn failed(self, problem: &Problem) {
        self.toasts.failure_with_retry("The file couldn't be saved", problem, move || self.save());
    }

    /// Saves what is in the editor over what somebody else has written.
    pub fn keep_mine(self) {
        if let Some(theirs) = self.theirs.get_untracked() {
            self.over.set_value(theirs.state);
            self.save();
        }
    }

    /// Takes what somebody else has written.
    pub fn take_theirs(self) {
        let Some(FileText { text, state }) = self.theirs.get_untracked() else { return };
        let Some(text) = text else {
            self.leave();
            return;
        };
        self.over.set_value(state);
        self.theirs.set(None);
        self.with_editor(|editor| editor.replace(&text));
    }

    /// Shows what is different in what somebody else has written, or ends that.
    pub fn toggle_comparison(self) {
        let compares = !self.compares.get_untracked();
        self.compares.set(compares);
        let theirs = self.theirs.get_untracked().and_then(|theirs| theirs.text);
        self.with_editor(|editor| editor.show(theirs.as_deref().filter(|_| compares)));
    }

    /// Ends editing. What isn't saved is let go, and can be had back for a moment.
    pub fn leave(self) {
        let (path, edits, toasts) = (self.path(), self.store().edits(), self.toasts);
        self.is_left.set_value(true);
        let last = self.with_editor(Editor::text);
        if let Some(mut draft) = edits.end(&path) {
            draft.text = last.unwrap_or(draft.text);
            let back = move || {
                edits.keep(&path, draft.clone());
                edits.begin(&path);
            };
            toasts.undoable("The changes were discarded", back);
        }
    }

    fn with_editor<T>(self, act: impl FnOnce(&Editor) -> T) -> Option<T> {
        // What it is told may have it call back, so it isn't held meanwhile.
        let editor = self.editor.try_update_value(Option::take).flatten()?;
        let answer = act(&editor);
        self.editor.try_update_value(|place| *place = Some(editor)).map(|()| answer)
    }
}
