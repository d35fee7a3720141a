//! A line of cells as HTML: text, and spans with classes. Nothing else may be written here.

use super::screen::Cell;
use super::style::Style;
use super::text::{push_char, push_formatted};

/// Renders a line, and says how many of its characters were left out.
pub(super) fn render_line(cells: &[Cell], left_out: usize) -> String {
    let mut html = String::with_capacity(cells.len() + cells.len() / 16);
    for run in cells.chunk_by(|a, b| a.style == b.style) {
        let style = run[0].style;
        if style == Style::PLAIN {
            push_cells(&mut html, run);
        } else {
            push_classes(&mut html, style);
            push_cells(&mut html, run);
            html.push_str("</span>");
        }
    }
    if left_out > 0 {
        push_formatted(&mut html, format_args!("<span class=\"ansi-folded\">… {left_out} more characters</span>"));
    }
    html
}

fn push_cells(html: &mut String, cells: &[Cell]) {
    for cell in cells {
        push_char(html, cell.character);
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
