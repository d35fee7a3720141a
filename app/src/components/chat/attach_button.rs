//! Picking files to go with a prompt.

use leptos::prelude::*;

use super::draft::Draft;
use crate::browser::files;
use crate::components::form::icon::{Glyph, Icon};

/// The button: a file input that looks like one.
#[component]
pub fn AttachButton(
    /// What the files go with.
    draft: Draft,
) -> impl IntoView {
    let pick = move |event: web_sys::Event| {
        draft.give(files::picked_in(&event));
    };
    view! {
        <label class="icon-button composer__attach" title="Attach files">
            <Icon glyph=Glyph::Plus/>
            <input type="file" class="composer__files" multiple aria-label="Attach files" on:change=pick/>
        </label>
    }
}
