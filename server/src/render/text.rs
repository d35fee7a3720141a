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

/// The text that a line or block of this module's making shows: without its elements, and nothing escaped.
pub fn plain_text(html: &str) -> String {
    const ESCAPES: [(&str, char); 5] = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&#39;", '\'')];
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((escape, c)) = ESCAPES.iter().find(|(escape, _)| rest.starts_with(escape)) {
            text.push(*c);
            rest = &rest[escape.len()..];
        } else {
            // What is written here has no `<`, `>` or `&` but in elements and escapes.
            rest = rest.find('>').map_or("", |end| &rest[end + 1..]);
        }
    }
    text.push_str(rest);
    text
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_back_as_it_was() {
        for text in ["", "if a < b && c > 'd' { \"é\" }", "&amp;lt;", "<script>", "a &", "🐙"] {
            let mut html = "<span class=\"diff-add\">".to_owned();
            push_text(&mut html, text);
            html.push_str("</span>");
            assert_eq!(plain_text(&html), text);
        }
    }
}
