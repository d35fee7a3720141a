//! The files that go with the prompt that is written, shown above it.

use leptos::prelude::*;

use super::draft::{AttachedFile, AttachedState, Draft};
use super::tray::Tray;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::dynamic::when::When;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::icon_button::IconButton;
use crate::live::SessionStore;

/// The files that go with a prompt of a session: uploaded as they are given.
#[component]
pub fn AttachmentTray(
    /// What they go with.
    draft: Draft,
) -> impl IntoView {
    let tray = Tray::new(draft, Some(SessionStore::expect().id));
    view! { <AttachedFiles tray fixed=Signal::stored(false)/> }
}

/// The list of files. Nothing while there are none.
#[component]
pub fn AttachedFiles(
    /// What shows and removes them.
    tray: Tray,
    /// Whether none can be removed at the moment.
    fixed: Signal<bool>,
) -> impl IntoView {
    view! {
        <ul class="attachments" aria-label="Attached files">
            <Rows each=move || tray.files().get() key=|file| file.key let:file>
                {attached(tray, fixed, file)}
            </Rows>
        </ul>
    }
}

fn attached(tray: Tray, fixed: Signal<bool>, AttachedFile { key, name, state: first }: AttachedFile) -> AnyView {
    let state = Memo::new(move |_| {
        let now = tray.files().with(|list| Some(list.iter().find(|file| file.key == key)?.state.clone()));
        now.unwrap_or_else(|| first.clone())
    });
    let shown_name = name.clone();
    let picture = move || {
        let source = match state.get() {
            AttachedState::Stored { id, is_image: true } => tray.url(id),
            _ => None,
        };
        match source {
            Some(source) => view! { <img class="attachments__image" src=source alt=""/> }.into_any(),
            None => view! { <Icon glyph=Glyph::File/> }.into_any(),
        }
    };
    let note = move || match state.get() {
        AttachedState::Uploading(percent) => {
            let percent = percent.to_string();
            view! { <progress class="attachments__progress" max="100" value=percent aria-label="Uploading"/> }
                .into_any()
        }
        AttachedState::Failed(why) => view! { <span class="attachments__failed" role="alert">{why}</span> }.into_any(),
        AttachedState::Waiting | AttachedState::Stored { .. } => ().into_any(),
    };
    let label = format!("Remove {name}");
    view! {
        <li class="attachments__file">
            {dynamic(picture)}
            <span class="attachments__name">{shown_name}</span>
            {dynamic(note)}
            <When when=move || !fixed.get()>
                <IconButton glyph=Glyph::Close label=label.clone() on_press=move |()| tray.remove(key)/>
            </When>
        </li>
    }
    .into_any()
}
