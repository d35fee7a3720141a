//! Throwing away the changes of a file, and bringing them back.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::code::ChangedFile;
use octobot_wire::code::repository::{DiscardChanges, Discarded};
use octobot_wire::{ProjectId, SessionId};

use super::standing::Standing;
use super::view::{name_of, shown};
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::form::icon::Glyph;
use crate::components::form::icon_button::IconButton;
use crate::components::frame::toasts::Toasts;

/// The button of a changed file. Nothing where the last commit has all of its changes, or where only those of a turn are listed.
pub fn discard_button(standing: Standing, file: &ChangedFile) -> AnyView {
    // What was moved is put back in both places.
    let paths: Vec<String> = [Some(file.path.clone()), file.old_path.clone()].into_iter().flatten().collect();
    let known = paths.clone();
    let mine = Memo::new(move |_| {
        let mine: Option<Vec<String>> =
            standing.with(|state| known.iter().filter(|path| state.uncommitted.contains(path)).cloned().collect());
        mine.unwrap_or_default()
    });
    let toasts = Toasts::expect();
    let name = shown(name_of(&file.path));
    let label = format!("Discard changes of {name}");
    dynamic(move || {
        (standing.store.turn.get().is_none() && mine.with(|mine| !mine.is_empty())).then(|| {
            let name = name.clone();
            let press = move |()| discard(standing, toasts, mine.get_untracked(), name.clone());
            view! { <IconButton glyph=Glyph::Trash label=label.clone() on_press=press/> }.into_any()
        })
    })
    .into_any()
}

fn discard(standing: Standing, toasts: Toasts, paths: Vec<String>, name: String) {
    let (project, session) = (standing.store.project(), standing.store.session);
    spawn_local(async move {
        match calls::discard_changes(project.clone(), session, DiscardChanges { paths }).await {
            Ok(discarded) => {
                let words = format!("Changes of {name} discarded");
                tell_discarded(toasts, words, (project, session), discarded, Arc::new(move || standing.ask()));
                standing.ask();
            }
            Err(failure) => toasts.failure("The changes weren’t discarded", &failure.0),
        }
    });
}

/// Says what was thrown away, with a button that brings it back. `ask` asks what there is then.
pub fn tell_discarded(
    toasts: Toasts,
    words: String,
    (project, session): (ProjectId, SessionId),
    discarded: Discarded,
    ask: Arc<dyn Fn() + Send + Sync>,
) {
    let undo = move || {
        let (project, ask) = (project.clone(), Arc::clone(&ask));
        spawn_local(async move {
            match calls::undo_discard(project, session, discarded).await {
                Ok(()) => ask(),
                Err(failure) => toasts.failure("The changes weren’t brought back", &failure.0),
            }
        });
    };
    toasts.undoable(words, undo);
}
