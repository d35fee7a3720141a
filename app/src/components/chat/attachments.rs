//! The files that go with the prompt that is written: made small enough, uploaded, and shown above it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::Problem;
use octobot_wire::attachment::{Attachment, MAX_ATTACHMENT_BYTES, MAX_ATTACHMENTS, MAX_IMAGE_BYTES};
use web_sys::{Blob, File};

use super::draft::{AttachedFile, AttachedState, Draft};
use crate::browser::files::{GivenFile, size_of};
use crate::browser::{image, upload};
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::icon_button::IconButton;
use crate::live::{ProjectStore, SessionStore};
use crate::place::{attachments_url, file_url};

/// Larger images are made smaller: models see no more of them.
const IMAGE_PIXELS: u32 = 1_568;

/// The files. Nothing while there are none.
#[component]
pub fn AttachmentTray(
    /// What they go with.
    draft: Draft,
) -> impl IntoView {
    let tray =
        Tray { draft, project: ProjectStore::expect(), session: SessionStore::expect(), last_key: StoredValue::new(0) };
    Effect::new(move |_| {
        if !draft.given.with(Vec::is_empty) {
            tray.attach_all(std::mem::take(&mut *draft.given.write()));
        }
    });
    view! {
        <ul class="attachments" aria-label="Attached files">
            <Rows each=move || draft.attached.get() key=|file| file.key let:file>
                {attached(&tray, file)}
            </Rows>
        </ul>
    }
}

/// Attaches files and takes them away again.
#[derive(Clone, Copy)]
struct Tray {
    draft: Draft,
    project: ProjectStore,
    session: SessionStore,
    last_key: StoredValue<u64>,
}

impl Tray {
    fn attach_all(self, files: Vec<GivenFile>) {
        for file in files {
            self.attach(file.take());
        }
    }

    fn attach(self, file: File) {
        let key = self.last_key.get_value() + 1;
        self.last_key.set_value(key);
        // What is pasted has no name, or always the same.
        let name = if file.name().is_empty() { "image.png".to_owned() } else { file.name() };
        let is_one_too_many = self.draft.attached.with_untracked(Vec::len) >= MAX_ATTACHMENTS;
        let state = if is_one_too_many {
            AttachedState::Failed(format!("A prompt takes {MAX_ATTACHMENTS} files"))
        } else {
            AttachedState::Uploading(0)
        };
        self.draft.attached.update(|list| list.push(AttachedFile { key, name: name.clone(), state }));
        if is_one_too_many {
            return;
        }
        spawn_local(async move {
            let state = match self.upload(key, &file, &name).await {
                Ok(Attachment { id, media_type, .. }) => {
                    AttachedState::Stored { id, is_image: media_type.starts_with("image/") }
                }
                Err(why) => AttachedState::Failed(why),
            };
            let stored = match &state {
                AttachedState::Stored { id, .. } => Some(*id),
                AttachedState::Uploading(_) | AttachedState::Failed(_) => None,
            };
            if !self.put(key, state)
                && let Some(id) = stored
            {
                // It was taken away meanwhile. One that is left is deleted after a day.
                drop(calls::detach(self.project.id(), self.session.id, id).await);
            }
        });
    }

    async fn upload(self, key: u64, file: &File, name: &str) -> Result<Attachment, String> {
        let mut content: Blob = file.clone().into();
        let mut most = MAX_ATTACHMENT_BYTES;
        if file.type_().starts_with("image/")
            && let Some(image) = image::shrunk(file, IMAGE_PIXELS, MAX_IMAGE_BYTES).await
        {
            (content, most) = (image, MAX_IMAGE_BYTES);
        }
        if size_of(&content) > most {
            return Err(format!("It is larger than {} MB", most >> 20));
        }
        let url = attachments_url(&self.project.id(), self.session.id, name);
        let progress = move |percent| {
            self.put(key, AttachedState::Uploading(percent));
        };
        match upload::post(&url, &content, progress).await {
            Some((201, answer)) => serde_json::from_str(&answer).map_err(|error| error.to_string()),
            Some((_, answer)) => {
                let problem = serde_json::from_str::<Problem>(&answer);
                Err(problem.map_or_else(|_| "The server refused it".to_owned(), |problem| problem.detail))
            }
            None => Err("The server can't be reached".to_owned()),
        }
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

    fn remove(self, key: u64) {
        let removed = self.draft.attached.try_update(|list| {
            let place = list.iter().position(|file| file.key == key)?;
            Some(list.remove(place))
        });
        if let Some(id) = removed.flatten().and_then(|file| file.id()) {
            // One that is left is deleted after a day.
            spawn_local(async move { drop(calls::detach(self.project.id(), self.session.id, id).await) });
        }
    }
}

fn attached(tray: &Tray, AttachedFile { key, name, state: first }: AttachedFile) -> AnyView {
    let tray = *tray;
    let state = Memo::new(move |_| {
        let now = tray.draft.attached.with(|list| Some(list.iter().find(|file| file.key == key)?.state.clone()));
        now.unwrap_or_else(|| first.clone())
    });
    let shown_name = name.clone();
    let picture = move || match state.get() {
        AttachedState::Stored { id, is_image: true } => {
            let source = file_url(&tray.project.id(), tray.session.id, id);
            view! { <img class="attachments__image" src=source alt=""/> }.into_any()
        }
        _ => view! { <Icon glyph=Glyph::File/> }.into_any(),
    };
    let note = move || {
        match state.get() {
        AttachedState::Uploading(percent) => {
            view! { <progress class="attachments__progress" max="100" value=percent.to_string() aria-label="Uploading"/> }
                .into_any()
        }
        AttachedState::Failed(why) => view! { <span class="attachments__failed" role="alert">{why}</span> }.into_any(),
        AttachedState::Stored { .. } => ().into_any(),
    }
    };
    view! {
        <li class="attachments__file">
            {dynamic(picture)}
            <span class="attachments__name">{shown_name}</span>
            {dynamic(note)}
            <IconButton glyph=Glyph::Close label=format!("Remove {name}") on_press=move |()| tray.remove(key)/>
        </li>
    }
    .into_any()
}
