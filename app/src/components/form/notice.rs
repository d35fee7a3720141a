//! Something a page has to say in a box of its own.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use crate::words::Tone;

/// A notice.
#[component]
pub fn Notice(
    /// Its colour family.
    tone: Tone,
    /// What it says first.
    #[prop(into)]
    title: String,
    /// What else there is to say, and what to do.
    children: Children,
) -> impl IntoView {
    let glyph = match tone {
        Tone::Bad | Tone::Warning => Glyph::Alert,
        Tone::Quiet | Tone::Busy | Tone::Good => Glyph::Info,
    };
    view! {
        <section class="notice" data-tone=tone.name() role=(tone == Tone::Bad).then_some("alert")>
            <Icon glyph/>
            <div class="notice__text">
                <p class="notice__title">{title}</p>
                {children()}
            </div>
        </section>
    }
}
