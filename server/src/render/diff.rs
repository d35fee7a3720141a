//! What changed in a file, as the lines of a unified diff.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use super::text::{push_formatted, push_text};
use crate::domain::Diff;

/// Unchanged lines that are shown around a change.
const CONTEXT_LINES: usize = 3;

/// How many lines are shown.
const MAX_LINES: usize = 1_000;

/// How many characters of a line are shown.
const MAX_CHARACTERS: usize = 2_000;

/// How long the least difference is looked for. After that a greater one is taken.
const TIME_LIMIT: Duration = Duration::from_millis(200);

/// Renders a change of a file; `old` is none when it is new. `truncated` says that the texts aren't whole.
pub fn diff(path: &str, old: Option<&str>, new: &str, truncated: bool) -> Diff {
    let diff = TextDiff::configure().timeout(TIME_LIMIT).diff_lines(old.unwrap_or_default(), new);
    let mut rendered = Diff { path: path.to_owned(), added: 0, removed: 0, lines: Vec::new(), truncated };
    for hunk in diff.unified_diff().context_radius(CONTEXT_LINES).iter_hunks() {
        push_line(&mut rendered, "diff-hunk", ' ', hunk.header().to_string().trim_end());
        for change in hunk.iter_changes() {
            let (class, sign) = match change.tag() {
                ChangeTag::Insert => ("diff-add", '+'),
                ChangeTag::Delete => ("diff-del", '-'),
                ChangeTag::Equal => ("diff-same", ' '),
            };
            rendered.added += u32::from(change.tag() == ChangeTag::Insert);
            rendered.removed += u32::from(change.tag() == ChangeTag::Delete);
            push_line(&mut rendered, class, sign, change.value().trim_end_matches(['\n', '\r']));
        }
    }
    rendered
}

/// Adds a line, or notes that there is no room for it.
fn push_line(diff: &mut Diff, class: &str, sign: char, text: &str) {
    if diff.lines.len() >= MAX_LINES {
        diff.truncated = true;
        return;
    }
    let shown = text.char_indices().nth(MAX_CHARACTERS).map_or(text, |(at, _)| &text[..at]);
    let mut html = String::with_capacity(shown.len() + 40);
    push_formatted(&mut html, format_args!("<span class=\"{class}\">"));
    if class != "diff-hunk" {
        html.push(sign);
    }
    push_text(&mut html, shown);
    if shown.len() < text.len() {
        html.push('…');
    }
    html.push_str("</span>");
    diff.lines.push(html);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_shown_with_what_is_around_it() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let rendered = diff("a.txt", Some(old), &old.replace('5', "five"), false);
        assert_eq!((rendered.added, rendered.removed, rendered.truncated), (1, 1, false));
        let expected = [
            "<span class=\"diff-hunk\">@@ -2,7 +2,7 @@</span>",
            "<span class=\"diff-same\"> 2</span>",
            "<span class=\"diff-same\"> 3</span>",
            "<span class=\"diff-same\"> 4</span>",
            "<span class=\"diff-del\">-5</span>",
            "<span class=\"diff-add\">+five</span>",
            "<span class=\"diff-same\"> 6</span>",
            "<span class=\"diff-same\"> 7</span>",
            "<span class=\"diff-same\"> 8</span>",
        ];
        assert_eq!(rendered.lines, expected);
    }

    #[test]
    fn a_new_file_is_all_new() {
        let rendered = diff("a", None, "a\nb", false);
        assert_eq!((rendered.added, rendered.removed, rendered.lines.len()), (2, 0, 3));
        assert!(diff("a", Some("same\n"), "same\n", false).lines.is_empty());
    }

    #[test]
    fn a_file_can_say_nothing_to_the_page() {
        let rendered = diff("a", None, "</span><script>alert(1)</script>\u{202e}\n", false);
        assert_eq!(
            rendered.lines[1],
            "<span class=\"diff-add\">+&lt;/span&gt;&lt;script&gt;alert(1)&lt;/script&gt;\
             <span class=\"ansi-control\">U+202E</span></span>"
        );
    }

    #[test]
    fn a_huge_change_is_counted_but_not_shown_in_full() {
        let rendered = diff("a", None, &"line\n".repeat(MAX_LINES * 2), false);
        assert_eq!(
            (rendered.added as usize, rendered.lines.len(), rendered.truncated),
            (MAX_LINES * 2, MAX_LINES, true)
        );
        let long = diff("a", None, &"é".repeat(MAX_CHARACTERS + 1), false);
        assert!(long.lines[1].ends_with("é…</span>"), "{}", long.lines[1]);
    }
}
