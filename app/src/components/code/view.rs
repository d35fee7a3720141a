//! What of the code the address names, and addresses of it.

use octobot_wire::{ProjectId, SessionId};

use crate::place::session_url;

/// A file or a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The file.
    pub path: String,
    /// Whether its difference is meant.
    pub is_diff: bool,
}

impl View {
    /// The difference of a file.
    pub fn diff(path: &str) -> Self {
        Self { path: path.to_owned(), is_diff: true }
    }

    /// A file.
    pub fn file(path: &str) -> Self {
        Self { path: path.to_owned(), is_diff: false }
    }

    /// What the parameters of an address name.
    pub fn of(parameter: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let diff = parameter("diff").map(|path| Self { path, is_diff: true });
        diff.or_else(|| parameter("file").map(|path| Self { path, is_diff: false }))
    }

    /// Its address.
    pub fn url(&self, project: &ProjectId, session: SessionId) -> String {
        let path = String::from(js_sys::encode_uri_component(&self.path));
        let what = if self.is_diff { "diff" } else { "file" };
        format!("{}?{what}={path}", session_url(project, session))
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        name_of(&self.path)
    }
}

/// Where the bytes of a file are.
pub fn content_url(project: &ProjectId, session: SessionId, path: &str, at: Option<&str>) -> String {
    let path = String::from(js_sys::encode_uri_component(path));
    let at = at.map(|at| format!("&ref={at}")).unwrap_or_default();
    format!("/api/projects/{project}/sessions/{session}/files/content?path={path}{at}")
}

/// The last part of a path.
pub fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A path as it is shown: what isn't a letter of anybody's is told by its number.
pub fn shown(path: &str) -> String {
    let misleads = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let told = |c: char| match octobot_wire::path::byte_of(c) {
        Some(byte) => format!("\\x{byte:02x}"),
        None if misleads(c) => c.escape_unicode().to_string(),
        None => c.to_string(),
    };
    path.chars().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_difference_or_a_file() {
        let of = |name: &'static str| View::of(move |asked| (asked == name).then(|| "a/b".to_owned()));
        assert_eq!(of("diff"), Some(View::diff("a/b")));
        assert_eq!(of("file"), Some(View::file("a/b")));
        assert_eq!(of("other"), None);
        assert_eq!(View::file("a/b").name(), "b");
    }

    #[test]
    fn a_name_that_would_mislead_is_told_by_its_characters() {
        assert_eq!(shown("ü/a b"), "ü/a b");
        assert_eq!(shown("a\n\u{202e}\u{10ffff}"), "a\\u{a}\\u{202e}\\xff");
    }
}
