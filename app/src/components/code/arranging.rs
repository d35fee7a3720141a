//! Creating, renaming, moving, deleting and uploading files: what is under way of it, and doing it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::Problem;
use octobot_wire::code::{MoveEntry, SaveText};
use octobot_wire::daemon::MAX_CONTENT;

use super::store::CodeStore;
use super::view::{View, content_url, name_of, shown};
use crate::browser::files::{GivenFile, size_of};
use crate::browser::upload;
use crate::calls;
use crate::components::frame::toasts::Toasts;

/// The id of the one menu of all files and folders.
pub const MENU: &str = "file-menu";

/// A file or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path; empty for the workspace itself.
    pub path: String,
    /// Whether it is a folder.
    pub is_folder: bool,
}

/// What is being given a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Naming {
    /// A new file in a folder.
    File(String),
    /// A new folder in a folder.
    Folder(String),
    /// A file or folder that there is. Where `is_moved`, it is its whole path that is changed.
    Entry {
        /// Its path.
        path: String,
        /// Whether its whole path is changed.
        is_moved: bool,
    },
}

/// A file that is being uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploading {
    number: u64,
    /// Its path.
    pub path: String,
    /// How much of it has been sent.
    pub percent: u8,
}

/// See the module.
#[derive(Clone, Copy)]
pub struct Arranging {
    /// What the menu is about.
    pub target: RwSignal<Option<Entry>>,
    /// What is being given a name.
    pub naming: RwSignal<Option<Naming>>,
    /// What is being uploaded.
    pub uploads: RwSignal<Vec<Uploading>>,
    /// Another number whenever something was done: what git ignores is in no list of changes.
    pub done: RwSignal<u64>,
    toasts: Toasts,
}

impl Arranging {
    /// Nothing is under way.
    pub fn new() -> Self {
        Self {
            target: RwSignal::new(None),
            naming: RwSignal::new(None),
            uploads: RwSignal::new(Vec::new()),
            done: RwSignal::new(0),
            toasts: Toasts::expect(),
        }
    }
}

impl CodeStore {
    /// Gives what is being named the name that was typed; with none nothing happens. A new file is opened, and what is shown of a
    /// moved one is shown at its new place.
    pub fn give_name(self, typed: Option<String>, view: Memo<Option<View>>, open: impl Fn(&View) + 'static) {
        let (arranging, edits) = (self.arranging(), self.edits());
        let naming = arranging.naming.get_untracked();
        // What knows it goes with the input.
        let shown = view.get_untracked();
        arranging.naming.set(None);
        let (Some(naming), Some(name)) = (naming, typed.filter(|typed| !typed.is_empty())) else { return };
        let (project, session) = (self.project(), self.session);
        spawn_local(async move {
            let done = match naming {
                Naming::File(folder) => {
                    let path = joined(&folder, &name);
                    let request = SaveText { path: path.clone(), text: String::new(), over: None };
                    match calls::save_text(project, session, request).await {
                        Ok(saved) if saved.theirs.is_some() => {
                            arranging.toasts.failure("The file couldn't be created", &taken(&path));
                            return;
                        }
                        Ok(_) => {
                            edits.begin(&path);
                            open(&View::file(&path));
                            Ok(())
                        }
                        Err(failure) => Err(("The file couldn't be created", failure.0)),
                    }
                }
                Naming::Folder(folder) => calls::make_folder(project, session, joined(&folder, &name))
                    .await
                    .map_err(|failure| ("The folder couldn't be created", failure.0)),
                Naming::Entry { path: from, is_moved } => {
                    let to = if is_moved { name } else { joined(folder_of(&from), &name) };
                    let request = MoveEntry { from: from.clone(), to: to.clone() };
                    let moved = calls::move_entry(project, session, request).await;
                    if moved.is_ok() {
                        edits.follow_move(|path| moved_path(path, &from, &to));
                        self.follow_move(&from, &to, shown, &open);
                    }
                    moved.map_err(|failure| ("It couldn't be renamed", failure.0))
                }
            };
            self.arranged(arranging, done);
        });
    }

    /// Tabs go with what was moved.
    fn follow_move(self, from: &str, to: &str, shown: Option<View>, open: &impl Fn(&View)) {
        let moved = |path: &str| moved_path(path, from, to);
        let _ = self.tabs.try_update(|tabs| {
            for tab in tabs.iter_mut() {
                if let Some(path) = moved(&tab.path) {
                    tab.path = path;
                }
            }
        });
        if let Some(shown) = shown
            && let Some(path) = moved(&shown.path)
        {
            open(&View { path, ..shown });
        }
    }

    /// Deletes a file or folder, and offers to bring it back.
    pub fn delete(self, path: String) {
        let (project, session, arranging) = (self.project(), self.session, self.arranging());
        spawn_local(async move {
            let name = shown(name_of(&path));
            let deleted = calls::delete_entry(project.clone(), session, path).await;
            let done = deleted.map(|trashed| {
                let restore = move || {
                    let (project, trashed) = (project.clone(), trashed.clone());
                    spawn_local(async move {
                        let restored = calls::restore_entry(project, session, trashed).await;
                        self.arranged(
                            arranging,
                            restored.map_err(|failure| ("It couldn't be brought back", failure.0)),
                        );
                    });
                };
                arranging.toasts.undoable(format!("{name} was deleted"), restore);
            });
            self.arranged(arranging, done.map_err(|failure| ("It couldn't be deleted", failure.0)));
        });
    }

    /// Uploads files into a folder, one after another.
    pub fn upload(self, folder: &str, files: Vec<GivenFile>) {
        let (folder, project, arranging) = (folder.to_owned(), self.project(), self.arranging());
        spawn_local(async move {
            for file in files {
                let path = joined(&folder, &file.name());
                let url = content_url(&project, self.session, &path, None);
                let done = upload_one(arranging, &url, &path, &file).await;
                self.arranged(arranging, done.map_err(|problem| ("The file couldn't be uploaded", problem)));
            }
        });
    }

    /// Something was done, or couldn't be: what is shown is read again.
    fn arranged(self, arranging: Arranging, done: Result<(), (&str, Problem)>) {
        if let Err((title, problem)) = done {
            arranging.toasts.failure(title, &problem);
        }
        let _ = arranging.done.try_update(|done| *done += 1);
        if self.is_running.try_get_untracked() == Some(true) {
            self.ask();
        }
    }
}

async fn upload_one(arranging: Arranging, url: &str, path: &str, file: &GivenFile) -> Result<(), Problem> {
    if size_of(file) as u64 > MAX_CONTENT {
        let detail = format!("{} is larger than {} MiB.", shown(path), MAX_CONTENT >> 20);
        return Err(Problem { detail, ..taken(path) });
    }
    let uploads = arranging.uploads;
    let Some(number) = uploads.try_update(|uploads| {
        let number = uploads.last().map_or(0, |last| last.number + 1);
        uploads.push(Uploading { number, path: path.to_owned(), percent: 0 });
        number
    }) else {
        return Ok(());
    };
    let progress = move |percent| {
        let _ = uploads.try_update(|uploads| {
            if let Some(upload) = uploads.iter_mut().find(|upload| upload.number == number) {
                upload.percent = percent;
            }
        });
    };
    let answer = upload::put_new(url, file, progress).await;
    let _ = uploads.try_update(|uploads| uploads.retain(|upload| upload.number != number));
    match answer {
        Some((201, _)) => Ok(()),
        Some((412, _)) => Err(taken(path)),
        Some((_, answer)) => Err(serde_json::from_str(&answer).unwrap_or_else(|_| taken(path))),
        None => Err(Problem { detail: "The server can't be reached.".to_owned(), ..taken(path) }),
    }
}

/// What there is to say where something is in the way.
fn taken(path: &str) -> Problem {
    Problem {
        kind: octobot_wire::ProblemKind::Conflict,
        title: String::new(),
        detail: format!("There is already something called {}. Rename or delete it first.", shown(path)),
        status: 409,
        request_id: None,
        errors: Vec::new(),
    }
}

/// The path that something has when it, or a folder that it is in, was moved.
fn moved_path(path: &str, from: &str, to: &str) -> Option<String> {
    let rest = path.strip_prefix(from)?;
    (rest.is_empty() || rest.starts_with('/')).then(|| format!("{to}{rest}"))
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_joined_to_its_folder_and_found_there() {
        assert_eq!(joined("", "a"), "a");
        assert_eq!(joined("a/b", "c"), "a/b/c");
        assert_eq!((folder_of("a/b/c"), folder_of("a")), ("a/b", ""));
    }

    #[test]
    fn what_is_in_a_moved_folder_moves_with_it() {
        assert_eq!(moved_path("a/b", "a", "c/d").as_deref(), Some("c/d/b"));
        assert_eq!(moved_path("a", "a", "b").as_deref(), Some("b"));
        assert_eq!(moved_path("ab", "a", "b"), None);
    }
}
