//! Rows as a page gets them.

use super::*;
use crate::render::plain_text;

fn text(path: &str, text: &str) -> Arc<Text> {
    Arc::new(Text::of(path, text.as_bytes()).unwrap())
}

fn comparison(old: &str, new: &str) -> Comparison {
    Comparison::of(text("a.rs", old), text("a.rs", new))
}

#[test]
fn a_row_has_its_colours_and_the_words_that_changed() {
    let rows = comparison("let a = 1;\n", "let a = 2;\n").rows(Layout::Unified, &[], 0, 10, None);
    let html: Vec<_> = rows.rows.iter().map(|row| row.html.as_str()).collect();
    assert!(html[0].contains("<span class=\"hl-keyword\">let</span>"), "{html:?}");
    assert!(html[0].contains("<span class=\"hl-number code-mark\">1</span>"), "{html:?}");
    assert!(html[1].contains("<span class=\"hl-number code-mark\">2</span>"), "{html:?}");
    assert_eq!((rows.total, rows.stops.as_slice()), (2, &[0][..]));
    assert_eq!((rows.rows[0].old, rows.rows[0].new), (Some(1), None));
    assert_eq!((rows.rows[1].old, rows.rows[1].new), (None, Some(1)));
}

#[test]
fn side_by_side_each_line_stands_beside_what_took_its_place() {
    let rows = comparison("a\nb\nc\n", "a\nB\n").rows(Layout::Split, &[], 0, 10, None);
    let told: Vec<_> = rows.rows.iter().map(|row| (row.kind, plain_text(&row.html), plain_text(&row.right))).collect();
    let row = |kind, left: &str, right: &str| (kind, left.to_owned(), right.to_owned());
    let expected = [row(RowKind::Same, "a", ""), row(RowKind::Replaced, "b", "B"), row(RowKind::Removed, "c", "")];
    assert_eq!(told, expected);
}

#[test]
fn a_file_can_say_nothing_to_the_page() {
    let hostile = "</span><script>alert(1)</script>\u{202e}\r\n'\"&\n";
    let file = text("a.html", hostile).rows(0, 10, None);
    for row in &file.rows {
        assert!(!row.html.contains("<script"), "{}", row.html);
    }
    assert_eq!(plain_text(&file.rows[0].html), "</span><script>alert(1)</script>U+202ECR");
}

#[test]
fn a_line_end_that_is_missing_is_said() {
    let rows = comparison("a", "a\n").rows(Layout::Unified, &[], 0, 10, None);
    assert_eq!(rows.rows[0].html, "a<span class=\"code-end\"></span>");
    assert_eq!(rows.rows[1].html, "a");
}

#[test]
fn of_a_hundred_thousand_lines_only_those_asked_for_are_rendered() {
    let old = (0..100_000).fold(String::new(), |text, line| text + "line " + &line.to_string() + "\n");
    let new = old.replace("7\n", "8\n");
    let compared = comparison(&old, &new);
    let rows = compared.rows(Layout::Unified, &[], 50_000, u32::MAX, None);
    assert_eq!((rows.from, rows.rows.len()), (50_000, MOST_ROWS as usize));
    // A fold and three lines, the changes, two times three lines and a fold between each two of them, and the two last lines.
    let (before, changed, between, after) = (4, 2 * 10_000, 9_999 * 7, 2);
    assert_eq!((rows.stops.len(), rows.total), (MOST_STOPS, before + changed + between + after));
    let opened = compared.rows(Layout::Unified, std::slice::from_ref(&(0..10)), 0, 20, None);
    assert_eq!(opened.rows[0].kind, RowKind::Same);
    assert_eq!(compared.rows(Layout::Split, &[], u32::MAX, 10, None).rows.len(), 0);
}

#[test]
fn what_is_no_text_has_no_lines() {
    assert!(Text::of("a", b"a\0b").is_none());
    assert_eq!(Text::of("a", b"").unwrap().rows(0, 10, None).total, 0);
    assert_eq!(Text::of("a", b"\xff\n").unwrap().rows(0, 10, None).rows[0].html, "\u{fffd}");
    let long = Text::of("a", "é".repeat(5_000).as_bytes()).unwrap().rows(0, 1, None);
    assert!(long.rows[0].html.ends_with("é…"));
}

#[test]
fn colours_that_take_too_long_come_with_the_next_question() {
    let comparison = comparison("let a = 1;\n", "let a = 2;\n");
    let hurried = comparison.rows(Layout::Unified, &[], 0, 10, Some(Instant::now()));
    assert!(hurried.is_plain);
    assert!(!hurried.rows.iter().any(|row| row.html.contains("hl-keyword")));
    let waited = comparison.rows(Layout::Unified, &[], 0, 10, None);
    assert!(!waited.is_plain);
    assert!(waited.rows.iter().all(|row| row.html.contains("hl-keyword")));
    assert!(!comparison.rows(Layout::Unified, &[], 0, 10, Some(Instant::now())).is_plain);
}
