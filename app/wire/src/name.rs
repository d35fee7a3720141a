//! Names that people give: one rule for workspaces, sessions and agents.

/// The longest name, in characters.
pub const MAX_CHARS: usize = 100;

/// Why a name was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing but white space.
    #[error("Give it a name.")]
    Empty,
    /// More than [`MAX_CHARS`] characters.
    #[error("A name has at most 100 characters.")]
    TooLong,
    /// Control characters, or characters that reorder the text around them.
    #[error("A name can't hold control characters.")]
    Control,
}

/// Trims a name and checks it.
pub fn parse_name(text: &str) -> Result<String, InvalidName> {
    let text = text.trim();
    if text.is_empty() {
        Err(InvalidName::Empty)
    } else if text.chars().count() > MAX_CHARS {
        Err(InvalidName::TooLong)
    } else if text.chars().any(is_unprintable) {
        Err(InvalidName::Control)
    } else {
        Ok(text.to_owned())
    }
}

/// The name that a session takes from its first prompt: its first line with anything on it, at most 50 characters.
pub fn name_from_prompt(prompt: &str) -> String {
    let line = prompt
        .lines()
        .map(|line| line.chars().map(|c| if is_unprintable(c) { ' ' } else { c }).collect::<String>())
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .find(|line| !line.is_empty())
        .unwrap_or_else(|| "New session".to_owned());
    if line.chars().count() <= 50 { line } else { line.chars().take(49).chain(['…']).collect() }
}

/// Control characters and the bidirectional overrides, which could make a name read as another.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_bidi_characters_are_refused() {
        assert_eq!(parse_name("a\u{1b}[31m"), Err(InvalidName::Control));
        assert_eq!(parse_name("a\u{202e}b"), Err(InvalidName::Control));
        assert_eq!(parse_name("  "), Err(InvalidName::Empty));
        assert_eq!(parse_name(" ok "), Ok("ok".to_owned()));
    }

    #[test]
    fn a_session_is_named_after_fifty_characters_of_its_first_prompt() {
        assert_eq!(name_from_prompt("\n\n  ls   -la\nmore"), "ls -la");
        assert_eq!(name_from_prompt(&"é".repeat(60)).chars().count(), 50);
        assert_eq!(name_from_prompt("\u{0}"), "New session");
    }
}
