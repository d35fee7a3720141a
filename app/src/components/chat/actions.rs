//! Calls about turns, with what the page shows before the answer is there, and after it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::permission::{AnswerPermission, PermissionState};
use octobot_wire::turn::{EditPrompt, SubmitPrompt};
use octobot_wire::{PartId, TurnId};

use super::draft::Draft;
use crate::browser::clock::idempotency_key;
use crate::calls;
use crate::components::frame::toasts::Toasts;
use crate::live::transcript::SendingPrompt;
use crate::live::{ProjectStore, SessionStore};

/// What can be done with the turns of the session on the page.
#[derive(Clone, Copy)]
pub struct TurnActions {
    project: ProjectStore,
    session: SessionStore,
    toasts: Toasts,
}

impl TurnActions {
    /// The actions on the session that this component stands in.
    #[expect(clippy::new_without_default, reason = "it reads contexts, so it isn't a value")]
    pub fn new() -> Self {
        Self { project: ProjectStore::expect(), session: SessionStore::expect(), toasts: Toasts::expect() }
    }

    /// Sends the draft. It stands in the queue at once; when the server refuses, it is the draft again. One that steers
    /// has the turn that runs stopped, and goes before all others that wait.
    pub fn submit(self, draft: Draft, steer: bool) {
        let prompt = std::mem::take(&mut *draft.text.write());
        let attached = std::mem::take(&mut *draft.attached.write());
        let key = idempotency_key();
        self.session.sending.update(|list| list.push(SendingPrompt { key, prompt: prompt.clone() }));
        spawn_local(async move {
            let attachments = attached.iter().filter_map(|file| file.state.stored()).collect();
            let request = SubmitPrompt { prompt: prompt.clone(), idempotency_key: Some(key), steer, attachments };
            match calls::submit_prompt(self.project.id(), self.session.id, request).await {
                Ok(turn) => self.session.confirm_prompt(key, turn),
                Err(failure) => {
                    let _ = self.session.sending.try_update(|list| list.retain(|sent| sent.key != key));
                    self.toasts.failure("The prompt wasn't sent", &failure.0);
                    draft.put_back(&prompt, attached);
                }
            }
        });
    }

    /// Changes a queued prompt, at once on the page; back again when the server refuses.
    pub fn edit(self, id: TurnId, prompt: String) {
        let before = self.session.turns.with_untracked(|list| list.iter().find(|turn| turn.id == id).cloned());
        let Some(before) = before else { return };
        let mut edited = before.clone();
        edited.prompt.clone_from(&prompt);
        self.session.put_turn(edited);
        spawn_local(async move {
            if let Err(failure) = calls::edit_turn(self.project.id(), self.session.id, id, EditPrompt { prompt }).await
            {
                self.restore(before.prompt, id);
                self.toasts.failure("The queued prompt couldn't be changed", &failure.0);
            }
        });
    }

    /// Deletes a queued turn, at once on the page; back again when the server refuses.
    pub fn delete(self, id: TurnId) {
        let before = self.session.turns.with_untracked(|list| list.iter().find(|turn| turn.id == id).cloned());
        let Some(before) = before else { return };
        self.session.drop_turn(id);
        spawn_local(async move {
            if let Err(failure) = calls::delete_turn(self.project.id(), self.session.id, id).await {
                self.session.put_turn(before);
                self.toasts.failure("The queued prompt couldn't be deleted", &failure.0);
            }
        });
    }

    /// Sends a queued turn now: the one that runs is stopped.
    pub fn steer(self, id: TurnId) {
        spawn_local(async move {
            // The stream tells what became of it.
            if let Err(failure) = calls::steer_turn(self.project.id(), self.session.id, id).await {
                self.toasts.failure("The prompt couldn't be sent now", &failure.0);
            }
        });
    }

    /// Answers what the agent asks, at once on the page. When somebody else was quicker their answer counts; when
    /// the server refuses the question stands again.
    pub fn answer(self, turn: TurnId, part: PartId, number: u32, answer: AnswerPermission) {
        let answered = PermissionState::Answered { option: answer.option.clone() };
        let Some(before) = self.session.put_permission_state(part, answered) else { return };
        spawn_local(async move {
            match calls::answer_permission(self.project.id(), self.session.id, turn, number, answer).await {
                Ok(answer) => {
                    self.session.put_permission_state(part, answer.state);
                }
                Err(failure) => {
                    self.session.put_permission_state(part, before);
                    self.toasts.failure("The answer wasn't taken", &failure.0);
                }
            }
        });
    }

    /// Stops a turn.
    pub fn cancel(self, id: TurnId) {
        spawn_local(async move {
            if let Err(failure) = calls::cancel_turn(self.project.id(), self.session.id, id).await {
                let again = move || self.cancel(id);
                self.toasts.failure_with_retry("The turn couldn't be stopped", &failure.0, again);
            }
        });
    }

    /// Puts a prompt's old text back, if the turn is still in the list: it may have begun or ended meanwhile.
    fn restore(self, prompt: String, id: TurnId) {
        let _ = self.session.turns.try_update(|list| {
            if let Some(turn) = list.iter_mut().find(|turn| turn.id == id) {
                turn.prompt = prompt;
            }
        });
    }
}
