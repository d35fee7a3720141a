//! The scrolling of a transcript.
//!
//! The scroller runs from its end (`flex-direction: column-reverse`): its scroll position is 0 at the end and
//! negative above. So the first paint shows the end without any script, a growing end is followed only while one is
//! there, and messages that are loaded above move nothing. What is left to do here is to hold still what is read while
//! something below it changes its height.

use std::collections::HashMap;

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::window::{GUESSED_HEIGHT, View};
use crate::browser::resize::SizeWatch;

/// How far from the end still counts as there.
const AT_END: f64 = 4.0;
/// The attribute that names a rendered message's number.
pub const NUMBER: &str = "data-number";

/// The viewport of a transcript. A context of everything in the session.
#[derive(Clone, Copy)]
pub struct Viewport {
    /// The element that scrolls.
    pub scroller: NodeRef<html::Div>,
    /// What is seen.
    pub view: RwSignal<View>,
    /// The heights of messages that were rendered, by their numbers.
    pub heights: RwSignal<HashMap<u64, f64>>,
    watch: StoredValue<Option<SizeWatch>>,
    /// A message that was in view at the last scroll, and where: the number, and its upper edge in the scroller.
    anchor: StoredValue<Option<(u64, f64)>>,
}

impl Viewport {
    /// A viewport at the end.
    #[expect(clippy::new_without_default, reason = "it makes signals, so it isn't a value")]
    pub fn new() -> Self {
        Self {
            scroller: NodeRef::new(),
            view: RwSignal::new(View::default()),
            heights: RwSignal::new(HashMap::new()),
            watch: StoredValue::new(None),
            anchor: StoredValue::new(None),
        }
    }

    /// The viewport of the session that this component stands in.
    pub fn expect() -> Self {
        expect_context()
    }

    /// A message's height, or a guess.
    pub fn height_of(heights: &HashMap<u64, f64>, number: u64) -> f64 {
        heights.get(&number).copied().unwrap_or(GUESSED_HEIGHT)
    }

    /// Follows whether the end is in view.
    pub fn is_at_end(self) -> bool {
        self.view.with(|view| view.from_end <= AT_END)
    }

    /// How much there is above what is seen.
    pub fn room_above(self) -> f64 {
        self.scroller.get_untracked().map_or(f64::MAX, |scroller| {
            let from_end = -f64::from(scroller.scroll_top());
            f64::from(scroller.scroll_height()) - f64::from(scroller.client_height()) - from_end
        })
    }

    /// Takes in where the scroller is now.
    pub fn note_scroll(self) {
        let Some(scroller) = self.scroller.get_untracked() else { return };
        let from_end = (-f64::from(scroller.scroll_top())).max(0.0);
        let view = View { from_end, height: f64::from(scroller.client_height()) };
        if self.view.get_untracked() != view {
            self.view.set(view);
        }
        self.anchor.set_value(first_in_view(&scroller));
    }

    /// Scrolls to the end.
    pub fn to_end(self) {
        if let Some(scroller) = self.scroller.get_untracked() {
            scroller.set_scroll_top(0);
            self.note_scroll();
        }
    }

    /// Measures a rendered message from now on, until it leaves the document.
    pub fn watch(self, message: &Element) {
        self.watch.update_value(|watch| {
            if watch.is_none() {
                *watch = SizeWatch::new(move |changed| self.measure(&changed));
            }
            if let Some(watch) = watch {
                watch.watch(message);
            }
        });
    }

    /// Runs after layout and before paint, so nobody sees a jump.
    fn measure(self, changed: &[Element]) {
        let mut sizes = Vec::new();
        for element in changed {
            let number = element.get_attribute(NUMBER).and_then(|number| number.parse::<u64>().ok());
            if !element.is_connected() {
                let _ = self.watch.try_with_value(|watch| watch.as_ref().map(|watch| watch.forget(element)));
            } else if let Some(number) = number {
                sizes.push((number, element.get_bounding_client_rect().height()));
            }
        }
        let is_new = |&(number, height): &(u64, f64)| {
            self.heights.try_with_untracked(|known| known.get(&number) != Some(&height)).unwrap_or(false)
        };
        if sizes.iter().any(is_new) {
            let _ = self.heights.try_update(|known| known.extend(sizes));
        }
        self.hold_still();
    }

    /// Puts the message that was read back to where it was.
    fn hold_still(self) {
        let Some(Some(scroller)) = self.scroller.try_get_untracked() else { return };
        if -f64::from(scroller.scroll_top()) <= AT_END {
            return;
        }
        let Some(Some((number, was))) = self.anchor.try_get_value() else { return };
        let selector = format!("[{NUMBER}='{number}']");
        if let Ok(Some(message)) = scroller.query_selector(&selector) {
            let moved = message.get_bounding_client_rect().top() - scroller.get_bounding_client_rect().top() - was;
            if moved.abs() >= 1.0 {
                #[expect(clippy::cast_possible_truncation, reason = "whole pixels are near enough")]
                scroller.set_scroll_top(scroller.scroll_top() + moved.round() as i32);
            }
        }
    }
}

/// The first rendered message that reaches into the view, with its upper edge.
fn first_in_view(scroller: &HtmlElement) -> Option<(u64, f64)> {
    let top = scroller.get_bounding_client_rect().top();
    let messages = scroller.query_selector_all(&format!("[{NUMBER}]")).ok()?;
    (0..messages.length()).find_map(|place| {
        let message = messages.get(place)?.dyn_into::<Element>().ok()?;
        let edges = message.get_bounding_client_rect();
        let number = message.get_attribute(NUMBER)?.parse().ok()?;
        (edges.bottom() > top).then_some((number, edges.top() - top))
    })
}
