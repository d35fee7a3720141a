//! Mentions of files in a prompt: `@path`, or `@"a path with spaces"`. Pure.

/// More mentions than this are only text.
const MOST: usize = 20;

/// What may follow a path in a sentence without being a part of it.
const PUNCTUATION: [char; 9] = ['.', ',', ';', ':', '!', '?', ')', ']', '}'];

/// The paths that a prompt mentions, relative to the workspace, each once and in order.
pub(super) fn mentioned(prompt: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in prompt.match_indices('@') {
        let begins = prompt[..at].chars().next_back().is_none_or(|c| c.is_whitespace() || "([{\"'".contains(c));
        let path = path_of(&prompt[at + 1..]);
        if begins && is_inside(path) && !found.contains(&path) {
            found.push(path);
        }
        if found.len() == MOST {
            break;
        }
    }
    found
}

fn path_of(rest: &str) -> &str {
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').map_or("", |(path, _)| path),
        None => rest.split(char::is_whitespace).next().unwrap_or_default().trim_end_matches(PUNCTUATION),
    }
}

/// Whether a path can only lead to something in the workspace, links aside.
fn is_inside(path: &str) -> bool {
    !path.is_empty() && !path.starts_with('/') && path.split('/').all(|step| step != "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_is_a_word_or_is_quoted() {
        let prompt = "@a.rs fix (@src/b.rs), @\"with space.md\" and @c.rs.\n@a.rs again";
        assert_eq!(mentioned(prompt), ["a.rs", "src/b.rs", "with space.md", "c.rs"]);
    }

    #[test]
    fn addresses_and_paths_that_lead_out_are_no_mentions() {
        for prompt in ["me@example.org", "@", "@ a", "@/etc/passwd", "@../a", "@a/../../b", "@\"open", "@\"\""] {
            assert!(mentioned(prompt).is_empty(), "{prompt}");
        }
    }
}
