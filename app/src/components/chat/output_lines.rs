//! Lines of output. Each is HTML that the server has sanitised.

use leptos::html;
use leptos::prelude::*;
use octobot_wire::message::{Output, PartBody};

use super::output::HeldOutput;
use super::tool_call::output_of;
use crate::browser::dom;
use crate::components::dynamic::rows::Rows;

/// How many lines are shown of a folded output.
const TAIL_LINES: usize = 12;
/// The height of a line, in CSS pixels: `--output-line` in the style sheets.
const LINE_PX: u32 = 20;
/// How many lines are rendered beyond what is seen, on each side.
const OVERSCAN_LINES: u64 = 40;
/// What is rendered before the browser has measured anything.
const GUESSED_VIEW_PX: u32 = 480;

/// A line with its number: what tells one from another, so that only what changed is drawn again.
type Line = (u64, String);

/// The end of an output, or all of one that is short.
#[component]
pub fn OutputTail(
    /// The part.
    body: RwSignal<PartBody>,
    /// Whether it is short.
    whole: Signal<bool>,
) -> impl IntoView {
    let lines = move || {
        let whole = whole.get();
        body.with(|body| {
            output_of(body).map_or_else(Vec::new, |output| {
                let skip = if whole { 0 } else { output.lines.len().saturating_sub(TAIL_LINES) };
                numbered(output, skip, output.lines.len())
            })
        })
    };
    view! {
        <div class="output__lines" tabindex="0" role="group" aria-label="Output">
            <Rows each=lines key=Clone::clone let:line>
                <div class="output__line" inner_html=line.1></div>
            </Rows>
        </div>
    }
}

/// All of an output, in a box that scrolls and renders only what is seen.
#[component]
pub fn OutputWindow(
    /// The part.
    body: RwSignal<PartBody>,
    /// How it comes by lines that aren't held.
    held: HeldOutput,
) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    let room = NodeRef::<html::Div>::new();
    let seen = RwSignal::new((u32::MAX, GUESSED_VIEW_PX));
    let total = Memo::new(move |_| body.with(|body| output_of(body).map_or(0, |output| output.total_lines)));
    let shown = Memo::new(move |_| rendered(seen.get(), total.get()));
    let lines = move || {
        let (start, end) = shown.get();
        body.with(|body| {
            output_of(body).map_or_else(Vec::new, |output| {
                let place = |line: u64| usize::try_from(line.saturating_sub(output.first_line)).unwrap_or(usize::MAX);
                numbered(output, place(start), place(end).min(output.lines.len()))
            })
        })
    };
    let note_scroll = move || {
        if let Some(node) = node.get_untracked() {
            seen.set((node.scroll_top().unsigned_abs(), node.client_height().unsigned_abs()));
            held.load_from(shown.get_untracked().0);
        }
    };
    Effect::new(move |has_room: Option<bool>| {
        let (Some(room), Some(node), total) = (room.get(), node.get(), total.get()) else { return false };
        let (start, _) = shown.get();
        // Lines that aren't held yet take their room as well.
        let first = body.with(|body| output_of(body).map_or(0, |output| output.first_line)).max(start);
        dom::set_property(&room, "height", &format!("{}px", total * u64::from(LINE_PX)));
        dom::set_property(&room, "padding-top", &format!("{}px", first * u64::from(LINE_PX)));
        if has_room != Some(true) {
            node.set_scroll_top(node.scroll_height());
        }
        true
    });
    view! {
        <div
            class="output__lines output__lines--window"
            node_ref=node
            tabindex="0"
            role="group"
            aria-label="Output"
            on:scroll=move |_| note_scroll()
        >
            <div class="output__room" node_ref=room>
                <Rows each=lines key=Clone::clone let:line>
                    <div class="output__line" inner_html=line.1></div>
                </Rows>
            </div>
        </div>
    }
}

fn numbered(output: &Output, start: usize, end: usize) -> Vec<Line> {
    let lines = output.lines.get(start..end).unwrap_or_default();
    lines.iter().enumerate().map(|(place, line)| (output.first_line + (start + place) as u64, line.clone())).collect()
}

/// Which lines to render for what is seen: from the first to one past the last.
fn rendered((scroll_px, height_px): (u32, u32), total: u64) -> (u64, u64) {
    let visible = u64::from(height_px / LINE_PX) + 1;
    let first = u64::from(scroll_px / LINE_PX).min(total.saturating_sub(visible));
    (first.saturating_sub(OVERSCAN_LINES), (first + visible + OVERSCAN_LINES).min(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_as_high_here_as_in_the_style_sheets() {
        let tokens = include_str!("../../../../style/tokens.css");
        assert!(tokens.contains(&format!("--output-line: {LINE_PX}px;")));
    }

    #[test]
    fn only_lines_near_what_is_seen_are_rendered() {
        assert_eq!(rendered((0, 480), 100_000), (0, 65));
        assert_eq!(rendered((20_000, 480), 100_000), (960, 1_065));
        assert_eq!(rendered((u32::MAX, 480), 100_000), (99_935, 100_000));
        assert_eq!(rendered((0, 480), 3), (0, 3));
    }
}
