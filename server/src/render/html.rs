//! A line of cells as HTML: text, and spans with classes. Nothing else may be written here.

use std::fmt::Write;

use super::screen::Cell;
use super::style::Style;

/// Renders a line, and says how many of its characters were left out.
pub(super) fn render_line(cells: &[Cell], left_out: usize) -> String {
    let mut html = String::with_capacity(cells.len() + cells.len() / 16);
    for run in cells.chunk_by(|a, b| a.style == b.style) {
        let style = run[0].style;
        if style == Style::PLAIN {
            push_text(&mut html, run);
        } else {
            push_classes(&mut html, style);
            push_text(&mut html, run);
            html.push_str("</span>");
        }
    }
    if left_out > 0 {
        push_formatted(&mut html, format_args!("<span class=\"ansi-folded\">… {left_out} more characters</span>"));
    }
    html
}

fn push_text(html: &mut String, cells: &[Cell]) {
    for cell in cells {
        match cell.character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c if c.is_ascii() => html.push(c),
            c if misleads(c) => {
                push_formatted(html, format_args!("<span class=\"ansi-control\">U+{:04X}</span>", u32::from(c)));
            }
            c => html.push(c),
        }
    }
}

/// Opens a span. Where text and background have changed places, so have their classes; `ansi-inverse` gives the one
/// that has no colour of its own the page's.
fn push_classes(html: &mut String, style: Style) {
    html.push_str("<span class=\"");
    let mut separator = "";
    for attribute in style.attributes() {
        html.push_str(separator);
        html.push_str(attribute.class);
        separator = " ";
    }
    let (foreground, background) =
        if style.is_inverse() { (style.background, style.foreground) } else { (style.foreground, style.background) };
    for (prefix, colour) in [("fg", foreground), ("bg", background)] {
        let Some(index) = colour else { continue };
        let palette = if index < 16 { "" } else { "p" };
        push_formatted(html, format_args!("{separator}ansi-{prefix}-{palette}{index}"));
        separator = " ";
    }
    html.push_str("\">");
}

fn push_formatted(html: &mut String, text: std::fmt::Arguments<'_>) {
    html.write_fmt(text).expect("writing to a string can't fail");
}

/// Characters that reorder or break the text around them, or that are there without being seen: bidirectional marks
/// and overrides, line and paragraph separators, annotation anchors, the byte order mark and the tags of plane 14.
fn misleads(c: char) -> bool {
    matches!(
        c,
        '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}
