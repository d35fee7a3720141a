//! The line between a panel and the page: dragged with a pointer, or moved with the arrow keys.

use leptos::prelude::*;
use web_sys::{KeyboardEvent, PointerEvent};

use super::layout::Side;
use crate::components::dynamic::dynamic;
use crate::live::ProjectStore;
use crate::live::preferences::PreferenceKeeper;

/// How far an arrow key moves it, in CSS pixels.
const STEP_PX: i32 = 16;

/// A separator that sets its panel's width.
#[component]
pub fn Resizer(
    /// The panel.
    side: Side,
) -> impl IntoView {
    let store = ProjectStore::expect();
    let keeper = PreferenceKeeper::expect();
    let width = Memo::new(move |_| store.preferences.with(|preferences| side.of(preferences).clamped().width_px));
    // Where the pointer was when the drag began, and how wide the panel.
    let drag = RwSignal::new(None::<(i32, u16)>);
    let widen = move |from: u16, by: i32| {
        let by = if side == Side::Details { -by } else { by };
        let width = u16::try_from((i32::from(from) + by).clamp(0, 2_000)).unwrap_or(from);
        keeper.change(|preferences| {
            let panel = side.of_mut(preferences);
            panel.width_px = width;
            *panel = panel.clamped();
        });
    };
    let press = move |event: PointerEvent| {
        event.prevent_default();
        let target = event_target::<web_sys::Element>(&event);
        // It fails only when the pointer has gone again already.
        drop(target.set_pointer_capture(event.pointer_id()));
        drag.set(Some((event.client_x(), width.get_untracked())));
    };
    let pull = move |event: PointerEvent| {
        if let Some((start, from)) = drag.get_untracked() {
            widen(from, event.client_x() - start);
        }
    };
    let key = move |event: KeyboardEvent| match event.key().as_str() {
        "ArrowLeft" => widen(width.get_untracked(), -STEP_PX),
        "ArrowRight" => widen(width.get_untracked(), STEP_PX),
        _ => {}
    };
    view! {
        <div
            class="resizer"
            class:resizer--dragged=dynamic(move || drag.get().is_some())
            data-side=side.name()
            role="separator"
            tabindex="0"
            aria-orientation="vertical"
            aria-label=format!("Width of the {}", side.name())
            aria-controls=side.name()
            aria-valuemin="180"
            aria-valuemax="640"
            aria-valuenow=dynamic(move || width.get().to_string())
            on:pointerdown=press
            on:pointermove=pull
            on:pointerup=move |_| drag.set(None)
            on:pointercancel=move |_| drag.set(None)
            on:keydown=key
        ></div>
    }
}
