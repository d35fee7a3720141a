//! Globs over the paths of requests. Pure.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A glob that the whole path must fit: `*` stands for anything within a segment, `**` for any number of whole segments.
///
/// A path is compared in its decoded form. One that a server might read as another path fits no pattern: dot segments, in
/// whatever encoding, backslashes, control characters, and what is encoded twice. The query isn't looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathPattern(String);

/// Why a text is no pattern of paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathPatternError {
    /// It doesn't begin at the root.
    #[error("a path begins with `/`")]
    Relative,
    /// Two stars together with something else.
    #[error("`**` stands for whole segments, as in `/v2/**`")]
    Stars,
    /// A query, a fragment or an encoded character.
    #[error("a path pattern has no `?`, `#` or `%`: it is compared with the decoded path")]
    Character,
}

impl TryFrom<String> for PathPattern {
    type Error = PathPatternError;

    fn try_from(text: String) -> Result<Self, PathPatternError> {
        if !text.starts_with('/') {
            return Err(PathPatternError::Relative);
        }
        if text.contains(['?', '#', '%']) {
            return Err(PathPatternError::Character);
        }
        if text.split('/').any(|segment| segment.contains("**") && segment != "**") {
            return Err(PathPatternError::Stars);
        }
        Ok(Self(text))
    }
}

impl From<PathPattern> for String {
    fn from(pattern: PathPattern) -> Self {
        pattern.0
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A path in the two forms in which a server may read it: an encoded slash as a part of its segment, or as a slash. A
/// pattern has to fit both.
#[derive(Debug)]
pub(crate) struct ReadPath {
    kept: Vec<u8>,
    split: Vec<u8>,
}

/// Stands for an encoded slash that is a part of its segment. No path has it otherwise: control characters are refused.
const KEPT_SLASH: u8 = 0;

impl ReadPath {
    /// Reads the path of a request; `None` when it could be read as another one.
    pub fn read(path: &str) -> Option<Self> {
        let path = path.split(['?', '#']).next().unwrap_or(path);
        let mut kept = Vec::with_capacity(path.len());
        let mut rest = path.as_bytes();
        while let [first, tail @ ..] = rest {
            rest = tail;
            if *first != b'%' {
                kept.push(plain(*first)?);
                continue;
            }
            let [high, low, tail @ ..] = rest else { return None };
            rest = tail;
            kept.push(match hexadecimal(*high)? * 16 + hexadecimal(*low)? {
                b'/' => KEPT_SLASH,
                // What decodes to an escape may be decoded again by somebody.
                b'%' => return None,
                byte => plain(byte)?,
            });
        }
        let split: Vec<u8> = kept.iter().map(|byte| if *byte == KEPT_SLASH { b'/' } else { *byte }).collect();
        let safe = split.first() == Some(&b'/') && !split.split(|byte| *byte == b'/').any(is_dot_segment);
        safe.then_some(Self { kept, split })
    }

    /// Whether the pattern fits, however the path is read.
    pub fn fits(&self, pattern: &PathPattern) -> bool {
        glob(pattern.0.as_bytes(), &self.kept) && glob(pattern.0.as_bytes(), &self.split)
    }
}

/// A byte that stands for itself. `None` for one that some servers read as something else.
fn plain(byte: u8) -> Option<u8> {
    (byte > 0x1f && byte != 0x7f && byte != b'\\').then_some(byte)
}

/// Some servers cut off what follows a semicolon before they look at the segment.
fn is_dot_segment(segment: &[u8]) -> bool {
    matches!(segment.split(|byte| *byte == b';').next(), Some(b"." | b".."))
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Whether the segments of the path fit those of the pattern, in time bounded by the product of their lengths.
fn glob(pattern: &[u8], path: &[u8]) -> bool {
    let pattern: Vec<&[u8]> = pattern.split(|byte| *byte == b'/').collect();
    let path: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    wild(
        &pattern,
        &path,
        |part| *part == b"**",
        |part, segment| wild(part, segment, |byte| *byte == b'*', |a, b| a == b),
    )
}

/// Matches a sequence with stars: on a mismatch the last star takes one item more.
fn wild<P, T>(pattern: &[P], items: &[T], is_star: impl Fn(&P) -> bool, fits: impl Fn(&P, &T) -> bool) -> bool {
    let (mut at, mut item) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while item < items.len() {
        match pattern.get(at) {
            Some(part) if is_star(part) => {
                star = Some((at, item));
                at += 1;
            }
            Some(part) if fits(part, &items[item]) => {
                at += 1;
                item += 1;
            }
            _ => {
                let Some((star_at, taken)) = star else { return false };
                star = Some((star_at, taken + 1));
                at = star_at + 1;
                item = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(is_star)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, path: &str) -> bool {
        let pattern = PathPattern::try_from(pattern.to_owned()).unwrap();
        ReadPath::read(path).is_some_and(|path| path.fits(&pattern))
    }

    #[test]
    fn a_star_is_within_a_segment_and_two_are_whole_segments() {
        for (pattern, path, expected) in [
            ("/v2/**", "/v2/library/alpine/manifests/latest", true),
            ("/v2/**", "/v2/", true),
            ("/v2/**", "/v2", true),
            ("/v2/**", "/v20", false),
            ("/v2/*/manifests/*", "/v2/alpine/manifests/latest", true),
            ("/v2/*/manifests/*", "/v2/library/alpine/manifests/latest", false),
            ("/**/manifests/*", "/v2/library/alpine/manifests/latest", true),
            ("/a*b*c", "/aXbYc", true),
            ("/a*b*c", "/aXbY", false),
            ("/repos/me/*.git/**", "/repos/me/x.git/info/refs?service=git-upload-pack", true),
            ("/", "/", true),
            ("/", "/x", false),
            ("/*", "/x/y", false),
            ("/@scope/name", "/%40scope/name", true),
            ("/@scope/**", "/@scope%2fname", false),
            ("/**", "/@scope%2fname", true),
        ] {
            assert_eq!(fits(pattern, path), expected, "{pattern} and {path}");
        }
    }

    #[test]
    fn what_a_server_might_read_as_another_path_fits_nothing() {
        for path in [
            "/v2/../secret",
            "/v2/..",
            "/v2/./x",
            "/v2/%2e%2e/secret",
            "/v2/.%2E/secret",
            "/v2/%2e%2e%2fsecret",
            "/v2/..%2fsecret",
            "/v2/%252e%252e/secret",
            "/v2/..;/secret",
            "/v2/..;x=1/secret",
            "/v2/..\\secret",
            "/v2/%5c..%5csecret",
            "/v2/%00",
            "/v2/%0d%0aHost:evil",
            "/v2/%",
            "/v2/%2",
            "/v2/%zz",
            "/v2/%+1",
            "v2/x",
            "*",
            "",
            "http://evil.example/v2/x",
        ] {
            assert!(!fits("/**", path), "{path:?}");
        }
        assert!(!fits("/v2/*/x", "/v2/a%2fb/x"), "a slash might be one");
        assert!(!fits("/v2/*/b/x", "/v2/a%2fb/x"), "or might not");
    }

    #[test]
    fn wrong_path_patterns_are_refused_with_a_reason() {
        for (text, error) in [
            ("v2/*", PathPatternError::Relative),
            ("", PathPatternError::Relative),
            ("/v2/**x", PathPatternError::Stars),
            ("/v2/***", PathPatternError::Stars),
            ("/v2?x", PathPatternError::Character),
            ("/v2/%2f", PathPatternError::Character),
        ] {
            assert_eq!(PathPattern::try_from(text.to_owned()), Err(error), "{text:?}");
        }
    }
}
