//! What isn't lines: pictures side by side, and words for the rest.

use leptos::prelude::*;
use octobot_wire::code::{CodeView, Shape};
use octobot_wire::daemon::{AT_START, TurnSide, turn_ref};

use super::reader::Reader;
use super::view::{View, content_url, name_of, shown};
use crate::words;

/// What there is to see.
pub fn shape_view(reader: Reader) -> Option<AnyView> {
    reader.with(|told| match told.shape {
        Shape::Text => ().into_any(),
        Shape::Image => images(reader, told),
        Shape::Pdf => document(reader, told),
        Shape::Binary => note("This isn’t text.", told),
        Shape::TooLarge => note("This file is too large to be shown: more than 16 MiB.", told),
        Shape::Nothing if reader.view.with_value(|view| view.is_diff) => {
            note("Nothing in this file has changed.", told)
        }
        Shape::Nothing => note("This file is gone.", told),
    })
}

fn note(text: &'static str, told: &CodeView) -> AnyView {
    let sizes = match (told.old_bytes, told.new_bytes) {
        (Some(old), Some(new)) => format!("It had {}, and has {}.", words::bytes(old), words::bytes(new)),
        (Some(old), None) => format!("It had {}.", words::bytes(old)),
        (None, Some(new)) => format!("It has {}.", words::bytes(new)),
        (None, None) => String::new(),
    };
    view! { <p class="code__note">{text} " " {sizes}</p> }.into_any()
}

/// The picture as it was beside what it is. The state in the address has the browser fetch it again when it changes.
fn images(reader: Reader, told: &CodeView) -> AnyView {
    let View { path, is_diff } = reader.view.get_value();
    let (project, session) = (reader.store().project(), reader.store().session);
    let state = told.file.as_ref().map(|file| format!("&state={}", file.state)).unwrap_or_default();
    let was_at = told.file.as_ref().and_then(|file| file.old_path.clone()).unwrap_or_else(|| path.clone());
    let turn = if is_diff { reader.store().turn.get() } else { None };
    let before = turn.map_or_else(|| AT_START.to_owned(), |turn| turn_ref(turn, TurnSide::Before));
    let after = turn.map(|turn| turn_ref(turn, TurnSide::After));
    let old = told.old_bytes.filter(|_| is_diff).map(|bytes| {
        let url = content_url(&project, session, &was_at, Some(&before));
        image("Before", format!("{url}{state}"), bytes)
    });
    let new = told.new_bytes.map(|bytes| {
        let url = content_url(&project, session, &path, after.as_deref());
        image(if is_diff { "After" } else { "Picture" }, format!("{url}{state}"), bytes)
    });
    view! { <div class="code__images">{old} {new}</div> }.into_any()
}

/// A PDF in the browser's own viewer; of a difference what it is now, or what it was.
fn document(reader: Reader, told: &CodeView) -> AnyView {
    let View { path, is_diff } = reader.view.get_value();
    let (project, session) = (reader.store().project(), reader.store().session);
    let turn = if is_diff { untrack(|| reader.store().turn.get()) } else { None };
    let file = told.file.clone().or_else(|| untrack(|| reader.store().file(&path)));
    let state = file.as_ref().map(|file| format!("&state={}", file.state)).unwrap_or_default();
    let (path, at, size) = if let Some(bytes) = told.new_bytes {
        (path, turn.map(|turn| turn_ref(turn, TurnSide::After)), bytes)
    } else {
        let before = turn.map_or_else(|| AT_START.to_owned(), |turn| turn_ref(turn, TurnSide::Before));
        let was_at = file.and_then(|file| file.old_path).unwrap_or(path);
        (was_at, Some(before), told.old_bytes.unwrap_or_default())
    };
    let url = content_url(&project, session, &path, at.as_deref()) + &state;
    let title = format!("{}, a PDF", shown(name_of(&path)));
    view! {
        <div class="code__document">
            <iframe class="code__frame" src=url.clone() title=title></iframe>
            <div class="code__note">
                <p>
                    "A PDF of " {words::bytes(size)} ". "
                    <a href=url target="_blank" rel="noopener">
                        "Open it in a tab of its own"
                    </a> ", if it isn’t shown here."
                </p>
            </div>
        </div>
    }
    .into_any()
}

fn image(word: &'static str, url: String, bytes: u64) -> AnyView {
    view! {
        <figure class="code__image">
            <img src=url alt=word/>
            <figcaption>{word} " " <span class="faint">{words::bytes(bytes)}</span></figcaption>
        </figure>
    }
    .into_any()
}
