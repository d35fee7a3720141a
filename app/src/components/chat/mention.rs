//! Mentions of files in a text that is typed: `@path`, or `@"a path with spaces"`. Pure.

/// A mention that ends where one types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// Where its `@` stands, in bytes.
    pub start: usize,
    /// Where it ends: the place of the caret, in bytes.
    pub end: usize,
    /// What is typed of the path.
    pub typed: String,
}

impl Mention {
    /// The mention at a caret, which browsers count in units of UTF-16.
    pub fn at(text: &str, caret: u32) -> Option<Self> {
        let end = byte_of(text, caret);
        let typed = &text[..end];
        let start = typed.rfind('@')?;
        let begins = typed[..start].chars().next_back().is_none_or(|c| c.is_whitespace() || "([{\"'".contains(c));
        let path = &typed[start + 1..];
        let path = match path.strip_prefix('"') {
            Some(quoted) => (!quoted.contains(['"', '\n'])).then_some(quoted)?,
            None => (!path.contains(char::is_whitespace)).then_some(path)?,
        };
        begins.then(|| Self { start, end, typed: path.to_owned() })
    }

    /// How a path is mentioned.
    pub fn of(path: &str) -> String {
        if path.contains(char::is_whitespace) { format!("@\"{path}\"") } else { format!("@{path}") }
    }
}

fn byte_of(text: &str, units: u32) -> usize {
    let mut left = units as usize;
    for (at, c) in text.char_indices() {
        if left < c.len_utf16() {
            return at;
        }
        left -= c.len_utf16();
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Option<String> {
        Mention::at(text, u32::MAX).map(|mention| mention.typed)
    }

    #[test]
    fn a_mention_is_the_word_that_is_typed() {
        assert_eq!(typed("see @"), Some(String::new()));
        assert_eq!(typed("(@src/ma"), Some("src/ma".to_owned()));
        assert_eq!(typed("@\"a b"), Some("a b".to_owned()));
        for other in ["", "a", "me@example", "@a b", "@\"a\" "] {
            assert_eq!(typed(other), None, "{other}");
        }
    }

    #[test]
    fn the_caret_may_stand_anywhere() {
        let mention = Mention::at("🐙 @ab rest", 6);
        assert_eq!(mention, Some(Mention { start: 5, end: 8, typed: "ab".to_owned() }));
        assert_eq!(Mention::at("🐙 @ab", 1), None);
    }

    #[test]
    fn a_path_with_spaces_is_quoted() {
        assert_eq!([Mention::of("a/b"), Mention::of("a b")], ["@a/b", "@\"a b\""]);
    }
}
