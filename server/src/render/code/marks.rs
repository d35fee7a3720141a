//! Which words of a line changed. Pure.

use std::ops::Range;

use similar::{Algorithm, ChangeTag, TextDiff};

/// Longer lines aren't compared word by word.
const MAX_LINE: usize = 1_000;

/// Of two lines at least so many hundredths have to be the same, or marks would cover nearly all of both.
const LEAST_SAME: usize = 35;

/// The bytes of a line that aren't in the line that took its place, and the bytes of that which are new.
pub(super) fn marked(old: &str, new: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    if old.len() > MAX_LINE || new.len() > MAX_LINE {
        return Default::default();
    }
    let (old_words, new_words) = (words(old), words(new));
    let diff = TextDiff::configure().algorithm(Algorithm::Myers).diff_slices(&old_words, &new_words);
    let (mut of_old, mut of_new) = (Vec::new(), Vec::new());
    let (mut old_at, mut new_at, mut same) = (0, 0, 0);
    for change in diff.iter_all_changes() {
        let length = change.value().len();
        match change.tag() {
            ChangeTag::Equal => {
                same += change.value().trim().len();
                old_at += length;
                new_at += length;
            }
            ChangeTag::Delete => extend(&mut of_old, &mut old_at, length),
            ChangeTag::Insert => extend(&mut of_new, &mut new_at, length),
        }
    }
    let longer = old.trim().len().max(new.trim().len());
    if same * 100 < longer * LEAST_SAME { Default::default() } else { (of_old, of_new) }
}

/// Marks the next bytes, together with those before where they touch.
fn extend(marks: &mut Vec<Range<usize>>, at: &mut usize, length: usize) {
    match marks.last_mut().filter(|mark| mark.end == *at) {
        Some(mark) => mark.end += length,
        None => marks.push(*at..*at + length),
    }
    *at += length;
}

/// Words and what stands between them, each character of it alone.
fn words(line: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let end = if is_word(first) { rest.find(|c| !is_word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        let (word, after) = rest.split_at(end);
        words.push(word);
        rest = after;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_words_that_changed_are_marked() {
        assert_eq!(
            marked("let a = one(b);", "let a = two(b);"),
            (vec![Range { start: 8, end: 11 }], vec![Range { start: 8, end: 11 }])
        );
        assert_eq!(marked("f(é)", "f(é, x)"), (vec![], vec![Range { start: 4, end: 7 }]));
    }

    #[test]
    fn lines_that_have_little_in_common_have_no_marks() {
        assert_eq!(marked("fn main() {", "use std::fmt::Debug;"), (vec![], vec![]));
        assert_eq!(marked(&"a ".repeat(600), &"b ".repeat(600)), (vec![], vec![]));
    }
}
