//! Text as HTML: every character that means something in HTML escaped, and every one that misleads shown.

use std::fmt::Write;

/// Writes a text.
pub(super) fn push_text(html: &mut String, text: &str) {
    for c in text.chars() {
        push_char(html, c);
    }
}

/// Writes a character.
pub(super) fn push_char(html: &mut String, c: char) {
    match c {
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

pub(super) fn push_formatted(html: &mut String, text: std::fmt::Arguments<'_>) {
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
