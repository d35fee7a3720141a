//! What a reviewer says of lines. Pure: comments as data, and the prompt that is made of them.

use serde::{Deserialize, Serialize};

use super::view::shown;

/// Longer snippets go into a prompt with their ends only.
const MOST_LINES: usize = 12;

/// A comment on some lines of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// 1, 2, 3 … in this browser.
    pub number: u64,
    /// The file.
    pub path: String,
    /// Whether it is about the lines as they were.
    pub is_old: bool,
    /// The first line, from 1.
    pub first: u32,
    /// What the lines say.
    pub lines: Vec<String>,
    /// What the reviewer says.
    pub text: String,
}

impl Comment {
    /// The last line.
    pub fn last(&self) -> u32 {
        let more = u32::try_from(self.lines.len().saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_add(more)
    }

    /// Which lines it is about, in words.
    pub fn place(&self) -> String {
        let lines = match (self.first, self.last()) {
            (first, last) if first == last => format!("line {first}"),
            (first, last) => format!("lines {first}–{last}"),
        };
        if self.is_old { format!("{lines} before the change") } else { lines }
    }
}

/// The prompt that says all of it.
pub fn prompt(comments: &[Comment]) -> String {
    let said = comments.iter().enumerate().map(|(place, comment)| {
        let Comment { path, lines, text, .. } = comment;
        let fence = fence(lines);
        let snippet: Vec<_> = lines.iter().take(MOST_LINES).map(String::as_str).collect();
        let rest = if lines.len() > MOST_LINES { "\n…" } else { "" };
        let (number, path, place, snippet) = (place + 1, shown(path), comment.place(), snippet.join("\n"));
        format!("\n{number}. `{path}`, {place}:\n\n{fence}\n{snippet}{rest}\n{fence}\n\n{}\n", text.trim())
    });
    let begin = "I have reviewed the changes. Please see to each of these comments.\n".to_owned();
    std::iter::once(begin).chain(said).collect()
}

/// A fence that none of the lines closes.
fn fence(lines: &[String]) -> String {
    let longest = lines.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max().unwrap_or_default();
    "`".repeat(longest.max(2) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comment(path: &str, is_old: bool, first: u32, lines: &[&str], text: &str) -> Comment {
        let lines = lines.iter().map(|&line| line.to_owned()).collect();
        Comment { number: 1, path: path.to_owned(), is_old, first, lines, text: text.to_owned() }
    }

    #[test]
    fn the_prompt_has_file_lines_and_snippet_of_each_comment() {
        let comments = [
            comment("src/main.rs", false, 3, &["let a = 1;", "let b = 2;"], " Why two? \n"),
            comment("a", true, 9, &["```"], "Keep this."),
        ];
        let expected = "I have reviewed the changes. Please see to each of these comments.\n\n\
                        1. `src/main.rs`, lines 3–4:\n\n```\nlet a = 1;\nlet b = 2;\n```\n\nWhy two?\n\n\
                        2. `a`, line 9 before the change:\n\n````\n```\n````\n\nKeep this.\n";
        assert_eq!(prompt(&comments), expected);
    }

    #[test]
    fn of_many_lines_the_first_are_told() {
        let prompt = prompt(&[comment("a", false, 1, &["x"; 40], "Too long.")]);
        assert_eq!(prompt.matches("x\n").count(), MOST_LINES);
        assert!(prompt.contains("lines 1–40") && prompt.contains("…\n```"), "{prompt}");
    }
}
