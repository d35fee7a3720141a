//! What is proposed as a pull request's title and text: what was asked of the agent, and what was committed. Pure, and without a model.

use std::fmt::Write as _;

/// So many characters a title has at the most: what forges show of one in a list.
const TITLE_CHARACTERS: usize = 72;

/// So many prompts are quoted, and so much of each.
const MOST_PROMPTS: usize = 10;
const PROMPT_CHARACTERS: usize = 1_000;

/// So many commits are listed.
const MOST_COMMITS: usize = 50;

/// A title from what was asked first: its first line that says something, up to the end of its first sentence where that is short enough,
/// and else up to a word's end. `otherwise` is taken where nothing was asked.
pub fn title(asked: &str, otherwise: &str) -> String {
    let lines = asked.lines().map(plain).find(|line| !line.is_empty());
    let line = lines.unwrap_or_else(|| plain(otherwise));
    let sentence = line.find(". ").map_or(line.as_str(), |end| &line[..end]);
    let sentence = sentence.strip_suffix('.').unwrap_or(sentence);
    let chosen = if sentence.chars().count() <= TITLE_CHARACTERS { sentence } else { &line };
    let mut title = cut(chosen, TITLE_CHARACTERS);
    if let Some(first) = title.chars().next().filter(char::is_ascii_lowercase) {
        title.replace_range(..1, first.to_ascii_uppercase().encode_utf8(&mut [0; 4]));
    }
    title
}

/// A text in Markdown: what was asked, in order, then the subjects of the commits.
pub fn text<'a>(asked: &[String], commits: impl ExactSizeIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    let prompts: Vec<_> = asked.iter().map(|prompt| prompt.trim()).filter(|prompt| !prompt.is_empty()).collect();
    if !prompts.is_empty() {
        text.push_str("## What was asked\n");
        for prompt in prompts.iter().take(MOST_PROMPTS) {
            text.push('\n');
            for line in cut(prompt, PROMPT_CHARACTERS).lines() {
                let line = unmentioned(line.trim_end());
                let _ = writeln!(text, "{}", format!("> {line}").trim_end());
            }
        }
        more(&mut text, prompts.len(), MOST_PROMPTS, "prompt");
    }
    let count = commits.len();
    if count > 0 {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str("## What was done\n\n");
        for subject in commits.take(MOST_COMMITS) {
            let _ = writeln!(text, "- {}", unmentioned(subject));
        }
        more(&mut text, count, MOST_COMMITS, "commit");
    }
    text
}

/// Says how many aren't listed.
fn more(text: &mut String, count: usize, listed: usize, what: &str) {
    match count.saturating_sub(listed) {
        0 => {}
        1 => drop(writeln!(text, "\n… and 1 more {what}.")),
        left => drop(writeln!(text, "\n… and {left} more {what}s.")),
    }
}

/// A line without the marks of Markdown that begin one, and with single blanks.
fn plain(line: &str) -> String {
    if line.starts_with("```") {
        return String::new();
    }
    let words: Vec<_> = line.trim_start_matches(['#', '>', '*', '-', ' ', '\t']).split_whitespace().collect();
    words.join(" ")
}

/// As much of a text as has so many characters, up to a word's end if one is near.
fn cut(text: &str, characters: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(characters) else { return text.to_owned() };
    // Room for the sign that there is more.
    let end = text[..end].char_indices().next_back().map_or(0, |(at, _)| at);
    let begun = &text[..end];
    let at_word = begun.rfind(char::is_whitespace).filter(|at| *at * 2 > end).unwrap_or(end);
    format!("{}…", begun[..at_word].trim_end_matches(|c: char| c.is_whitespace() || c.is_ascii_punctuation()))
}

/// A line in which `@name` calls nobody: a forge would tell whoever has that name. Here it is mostly a file's.
fn unmentioned(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut is_code = false;
    for word in line.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let ticks = bare.matches('`').count();
        let at = bare.find('@').filter(|at| {
            let before = bare[..*at].chars().next_back();
            let after = bare[at + 1..].chars().next();
            before.is_none_or(|c| !c.is_alphanumeric() && c != '_') && after.is_some_and(char::is_alphanumeric)
        });
        match at {
            Some(at) if !is_code && ticks == 0 => {
                let end = bare.trim_end_matches([',', '.', ';', ':', '!', '?', ')']).len().max(at + 1);
                let _ = write!(text, "{}`{}`{}", &bare[..at], &bare[at..end], &word[end..]);
            }
            _ => text.push_str(word),
        }
        is_code ^= ticks % 2 == 1;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_what_was_asked_first_cut_where_it_may_be() {
        for (asked, expected) in [
            ("fix the tests", "Fix the tests"),
            ("\n\n## Fix the  tests.\nThey fail.", "Fix the tests"),
            ("Add a cache. It should hold a hundred entries and forget the oldest one of them.", "Add a cache"),
            ("- `cargo test` fails", "`cargo test` fails"),
            ("```\nerror: no\n```", "Error: no"),
            ("", "Session of mine"),
            ("é", "é"),
        ] {
            assert_eq!(title(asked, "session of mine"), expected, "{asked:?}");
        }
        let long = title(&"wörter ".repeat(40), "");
        assert!(long.ends_with("wörter…") && long.chars().count() <= TITLE_CHARACTERS, "{long}");
        let one = title(&"ü".repeat(400), "");
        assert_eq!(one.chars().count(), TITLE_CHARACTERS);
    }

    #[test]
    fn a_text_says_what_was_asked_and_what_was_done() {
        let asked = ["Fix it.\n\nPlease, see @src/main.rs.".to_owned(), " ".to_owned(), "Faster".to_owned()];
        let commits = ["Mend the parser", "Thank @somebody"];
        let expected = "## What was asked\n\n> Fix it.\n>\n> Please, see `@src/main.rs`.\n\n> Faster\n\n## What was done\n\n\
                        - Mend the parser\n- Thank `@somebody`\n";
        assert_eq!(text(&asked, commits.into_iter()), expected);
        assert_eq!(text(&[], [].into_iter()), "");
        let many = vec!["again".to_owned(); 12];
        assert!(text(&many, [].into_iter()).ends_with("\n… and 2 more prompts.\n"));
    }

    #[test]
    fn nobody_is_called_and_nothing_else_is_changed() {
        for (line, expected) in [
            ("@me", "`@me`"),
            ("(@me) and @you!", "(`@me`) and `@you`!"),
            ("mail me@example.com", "mail me@example.com"),
            ("a @ b", "a @ b"),
            ("`@me` and `x @me y`", "`@me` and `x @me y`"),
        ] {
            assert_eq!(unmentioned(line), expected);
        }
    }
}
