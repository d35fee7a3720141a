//! How a session begins: it is created with its first prompt. Files can only be sent to a session that is there, so with
//! files it is created first, and the prompt follows them.

use leptos::prelude::*;
use octobot_wire::session::{CreateSession, Session};
use octobot_wire::turn::SubmitPrompt;
use octobot_wire::{AgentId, SessionId, WorkspaceId};

use crate::browser::clock::idempotency_key;
use crate::browser::files::GivenFile;
use crate::calls::{self, Failure};
use crate::components::chat::draft::{AttachedState, Draft};
use crate::components::chat::tray::Tray;
use crate::components::frame::toasts::Toasts;
use crate::live::ProjectStore;

/// A session that is yet to begin.
#[derive(Clone, Copy)]
pub struct Beginning {
    /// Its first prompt.
    pub draft: Draft,
    /// The files that go with it.
    pub tray: Tray,
    /// Where it works.
    pub workspace: RwSignal<Option<WorkspaceId>>,
    /// Who works; none for the project's default.
    pub agent: RwSignal<Option<AgentId>>,
    /// Whether it is being created.
    pub busy: RwSignal<bool>,
    project: ProjectStore,
    toasts: Toasts,
}

/// Why a session couldn't be created.
enum Unbegun {
    /// The server refused it.
    Refused(Failure),
    /// A file wasn't taken, which it says itself.
    File,
}

impl Beginning {
    /// With nothing written yet.
    pub fn new(workspace: RwSignal<Option<WorkspaceId>>) -> Self {
        let draft = Draft::new();
        Self {
            draft,
            tray: Tray::new(draft, None),
            workspace,
            agent: RwSignal::new(None),
            busy: RwSignal::new(false),
            project: ProjectStore::expect(),
            toasts: Toasts::expect(),
        }
    }

    /// Why it can't begin.
    pub fn obstacle(self) -> Option<&'static str> {
        let has_failed =
            self.draft.attached.with(|list| list.iter().any(|file| matches!(file.state, AttachedState::Failed(_))));
        if has_failed {
            Some("A file that wasn’t taken has to be removed first")
        } else if self.draft.text.with(|text| text.trim().is_empty()) && !self.draft.is_empty() {
            Some("Say what is to be done with the files")
        } else {
            None
        }
    }

    /// Creates the session with all that goes with it. None where that fails, which is told, or where nobody looks at it
    /// any more.
    pub async fn begin(self) -> Option<SessionId> {
        let workspace_id = self.workspace.get_untracked()?;
        self.busy.set(true);
        let prompt = Some(self.draft.text.get_untracked()).filter(|prompt| !prompt.trim().is_empty());
        let (idempotency_key, agent_id) = (Some(idempotency_key()), self.agent.get_untracked());
        let request = CreateSession { workspace_id, agent_id, prompt, idempotency_key };
        let created = self.create(request, self.tray.waiting()).await;
        let is_shown = self.busy.try_set(false).is_none();
        match created {
            Ok(session) => {
                let id = session.id;
                self.project.take_session(session);
                is_shown.then_some(id)
            }
            Err(Unbegun::Refused(failure)) => {
                self.toasts.failure("The session couldn't be created", &failure.0);
                None
            }
            Err(Unbegun::File) => None,
        }
    }

    async fn create(self, mut request: CreateSession, files: Vec<(u64, GivenFile)>) -> Result<Session, Unbegun> {
        let prompt = request.prompt.take_if(|_| !files.is_empty());
        let session = calls::create_session(self.project.id(), request).await.map_err(Unbegun::Refused)?;
        let Some(prompt) = prompt else { return Ok(session) };
        match self.say(session.id, prompt, files).await {
            Ok(()) => Ok(session),
            Err(unbegun) => {
                // The form is as it was. A session that can't be deleted now stands in the list, where it can be later.
                drop(calls::delete_session(self.project.id(), session.id).await);
                self.tray.wait_again();
                Err(unbegun)
            }
        }
    }

    /// Sends the files, and then the prompt that they go with.
    async fn say(self, id: SessionId, prompt: String, files: Vec<(u64, GivenFile)>) -> Result<(), Unbegun> {
        let attachments = self.tray.send_all(id, files).await.ok_or(Unbegun::File)?;
        let request = SubmitPrompt { prompt, idempotency_key: Some(idempotency_key()), steer: false, attachments };
        calls::submit_prompt(self.project.id(), id, request).await.map(drop).map_err(Unbegun::Refused)
    }
}
