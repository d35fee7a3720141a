//! Attaching files to a draft: made small enough, uploaded, and taken away again.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::attachment::{Attachment, MAX_ATTACHMENT_BYTES, MAX_ATTACHMENTS, MAX_IMAGE_BYTES};
use octobot_wire::{AttachmentId, Problem, SessionId};
use web_sys::{Blob, File};

use super::draft::{AttachedFile, AttachedState, Draft};
use crate::browser::files::{GivenFile, size_of};
use crate::browser::{image, upload};
use crate::calls;
use crate::live::ProjectStore;
use crate::place::{attachments_url, file_url};

/// Larger images are made smaller: models see no more of them.
const IMAGE_PIXELS: u32 = 1_568;

/// What goes with a draft.
#[derive(Clone, Copy)]
pub struct Tray {
    draft: Draft,
    project: ProjectStore,
    /// Where files are sent as soon as they are given; none while the session is yet to be created.
    session: Option<SessionId>,
    /// The files that wait for that, by their keys.
    waiting: StoredValue<Vec<(u64, GivenFile)>>,
    last_key: StoredValue<u64>,
}

impl Tray {
    /// Takes what the draft is given, and sends it to a session, once there is one.
    pub fn new(draft: Draft, session: Option<SessionId>) -> Self {
        let tray = Self {
            draft,
            project: ProjectStore::expect(),
            session,
            waiting: StoredValue::new(Vec::new()),
            last_key: StoredValue::new(0),
        };
        Effect::new(move |_| {
            if !draft.given.with(Vec::is_empty) {
                tray.attach_all(std::mem::take(&mut *draft.given.write()));
            }
        });
        tray
    }

    /// The files.
    pub fn files(self) -> RwSignal<Vec<AttachedFile>> {
        self.draft.attached
    }

    /// Where a file can be fetched that the server has.
    pub fn url(self, id: AttachmentId) -> Option<String> {
        Some(file_url(&self.project.id(), self.session?, id))
    }

    fn attach_all(self, files: Vec<GivenFile>) {
        for file in files {
            self.attach(file);
        }
    }

    fn attach(self, file: GivenFile) {
        let key = self.last_key.get_value() + 1;
        self.last_key.set_value(key);
        let is_one_too_many = self.draft.attached.with_untracked(Vec::len) >= MAX_ATTACHMENTS;
        let state = match self.session {
            _ if is_one_too_many => AttachedState::Failed(format!("A prompt takes {MAX_ATTACHMENTS} files")),
            Some(_) => AttachedState::Uploading(0),
            None => AttachedState::Waiting,
        };
        self.draft.attached.update(|list| list.push(AttachedFile { key, name: name_of(&file), state }));
        match self.session {
            _ if is_one_too_many => {}
            Some(session) => spawn_local(self.send_at_once(session, key, file)),
            None => self.waiting.update_value(|waiting| waiting.push((key, file))),
        }
    }

    async fn send_at_once(self, session: SessionId, key: u64, file: GivenFile) {
        let state = self.upload(session, key, &file).await;
        let stored = state.stored();
        if !self.put(key, state)
            && let Some(id) = stored
        {
            // It was taken away meanwhile. One that is left is deleted after a day.
            drop(calls::detach(self.project.id(), session, id).await);
        }
    }

    /// The files that wait for a session.
    pub fn waiting(self) -> Vec<(u64, GivenFile)> {
        self.waiting.get_value()
    }

    /// Sends the files that have waited to their session. None if one of them isn't taken; its state says why.
    pub async fn send_all(self, session: SessionId, files: Vec<(u64, GivenFile)>) -> Option<Vec<AttachmentId>> {
        let mut ids = Vec::with_capacity(files.len());
        for (key, file) in files {
            let state = self.upload(session, key, &file).await;
            let stored = state.stored();
            self.put(key, state);
            ids.push(stored?);
        }
        Some(ids)
    }

    /// Has the files wait for another session: the one that they were sent to goes.
    pub fn wait_again(self) {
        let _ = self.draft.attached.try_update(|list| {
            for file in list.iter_mut().filter(|file| file.state.stored().is_some()) {
                file.state = AttachedState::Waiting;
            }
        });
    }

    /// Uploads a file, and returns how far it got.
    async fn upload(self, session: SessionId, key: u64, file: &File) -> AttachedState {
        let mut content: Blob = file.clone().into();
        let mut most = MAX_ATTACHMENT_BYTES;
        if file.type_().starts_with("image/")
            && let Some(image) = image::shrunk(file, IMAGE_PIXELS, MAX_IMAGE_BYTES).await
        {
            (content, most) = (image, MAX_IMAGE_BYTES);
        }
        if size_of(&content) > most {
            return AttachedState::Failed(format!("It is larger than {} MB", most >> 20));
        }
        let url = attachments_url(&self.project.id(), session, &name_of(file));
        let progress = move |percent| {
            self.put(key, AttachedState::Uploading(percent));
        };
        AttachedState::Failed(match upload::post(&url, &content, progress).await {
            Some((201, answer)) => match serde_json::from_str(&answer) {
                Ok(Attachment { id, media_type, .. }) => {
                    return AttachedState::Stored { id, is_image: media_type.starts_with("image/") };
                }
                Err(error) => error.to_string(),
            },
            Some((_, answer)) => {
                let problem = serde_json::from_str::<Problem>(&answer);
                problem.map_or_else(|_| "The server refused it".to_owned(), |problem| problem.detail)
            }
            None => "The server can't be reached".to_owned(),
        })
    }

    /// Says how far a file is now, and returns whether it is still wanted.
    fn put(self, key: u64, state: AttachedState) -> bool {
        let change = |list: &mut Vec<AttachedFile>| {
            let file = list.iter_mut().find(|file| file.key == key)?;
            file.state = state;
            Some(())
        };
        self.draft.attached.try_update(change).flatten().is_some()
    }

    /// Takes a file away.
    pub fn remove(self, key: u64) {
        self.waiting.update_value(|waiting| waiting.retain(|(waits, _)| *waits != key));
        let removed = self.draft.attached.try_update(|list| {
            let place = list.iter().position(|file| file.key == key)?;
            Some(list.remove(place))
        });
        if let (Some(id), Some(session)) = (removed.flatten().and_then(|file| file.state.stored()), self.session) {
            // One that is left is deleted after a day.
            spawn_local(async move { drop(calls::detach(self.project.id(), session, id).await) });
        }
    }
}

/// What is pasted has no name, or always the same.
fn name_of(file: &File) -> String {
    Some(file.name()).filter(|name| !name.is_empty()).unwrap_or_else(|| "image.png".to_owned())
}
