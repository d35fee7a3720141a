//! A file in the transcript.

use leptos::prelude::*;
use octobot_wire::message::File;

use crate::components::form::icon::{Glyph, Icon};
use crate::words;

/// Larger images are a link.
const MAX_IMAGE: u64 = 8 * 1024 * 1024;

/// A file: an image is shown, anything else can be fetched.
#[component]
pub fn FileView(
    /// The file.
    file: File,
) -> impl IntoView {
    let File { name, media_type, bytes, href } = file;
    if is_image(&media_type) && bytes <= MAX_IMAGE {
        let link = href.clone();
        return view! {
            <a class="file file--image" href=link target="_blank" rel="noopener">
                <img class="file__image" src=href alt=name loading="lazy"/>
            </a>
        }
        .into_any();
    }
    let saved_as = name.clone();
    view! {
        <a class="file" href=href download=saved_as rel="external">
            <Icon glyph=Glyph::File/>
            <span class="file__name">{name}</span>
            <span class="faint">{words::bytes(bytes)}</span>
        </a>
    }
    .into_any()
}

/// The images that every browser shows, and that can't hold a script.
fn is_image(media_type: &str) -> bool {
    matches!(media_type, "image/png" | "image/jpeg" | "image/gif" | "image/webp")
}
