//! The cache as configuration has it: the section `cache`.

use std::fmt;
use std::str::FromStr;

use regex_lite::{Regex, RegexBuilder};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What is kept, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheConfig {
    /// Whether anything is kept or served.
    pub enabled: bool,
    /// How much is kept.
    pub max_size: ByteSize,
    /// Paths of any host that never change their content, beside those that are known to.
    pub patterns: Vec<PathRegex>,
}

/// A number of bytes: `20GB`, `512 MiB`, or a number alone. `kB`, `MB`, `GB`, `TB` are powers of 1000; `KiB`, `MiB`, `GiB`,
/// `TiB` of 1024.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// Why a text is no number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a size is a number with a unit, like `20GB` or `512MiB`")]
pub struct ByteSizeError;

/// A regular expression over the path and query of a request.
#[derive(Debug, Clone)]
pub struct PathRegex(Regex);

/// The longest that a compiled pattern may be, in bytes: patterns come from workspaces, too, and each byte of a path may take
/// as many steps.
const LARGEST_REGEX_BYTES: usize = 16 * 1024;

/// Longer paths fit no pattern, in bytes.
const LONGEST_PATH: usize = 4096;

const UNITS: [(&str, u64); 12] = [
    ("", 1),
    ("b", 1),
    ("k", 1000),
    ("kb", 1000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("bytes", 1),
];

impl Default for CacheConfig {
    fn default() -> Self {
        Self { enabled: true, max_size: ByteSize(20_000_000_000), patterns: Vec::new() }
    }
}

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, ByteSizeError> {
        let text = text.trim();
        let unit_at = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(unit_at);
        let number: u64 = number.parse().map_err(|_| ByteSizeError)?;
        let unit = unit.trim().to_ascii_lowercase();
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(ByteSizeError)?;
        number.checked_mul(*factor).map(Self).ok_or(ByteSizeError)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let round = ["TB", "GB", "MB", "kB"].into_iter().zip([1_000_000_000_000, 1_000_000_000, 1_000_000, 1000]);
        match round.into_iter().find(|(_, factor)| self.0 > 0 && self.0.is_multiple_of(*factor)) {
            Some((unit, factor)) => write!(f, "{}{unit}", self.0 / factor),
            None => self.0.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrNumber;
        impl Visitor<'_> for TextOrNumber {
            type Value = ByteSize;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size like `20GB`")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<ByteSize, E> {
                Ok(ByteSize(number))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ByteSize, E> {
                text.parse().map_err(|error| E::custom(format_args!("`{}`: {error}", text.escape_debug())))
            }
        }
        deserializer.deserialize_any(TextOrNumber)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PathRegex {
    /// Whether it is found in the path.
    pub fn fits(&self, path: &str) -> bool {
        path.len() <= LONGEST_PATH && self.0.is_match(path)
    }
}

impl FromStr for PathRegex {
    type Err = regex_lite::Error;

    fn from_str(text: &str) -> Result<Self, regex_lite::Error> {
        RegexBuilder::new(text).size_limit(LARGEST_REGEX_BYTES).build().map(Self)
    }
}

impl PartialEq for PathRegex {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for PathRegex {}

impl<'de> Deserialize<'de> for PathRegex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl Serialize for PathRegex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [
            ("20GB", 20_000_000_000),
            ("20 gb", 20_000_000_000),
            ("512MiB", 512 << 20),
            ("1TiB", 1 << 40),
            ("1k", 1000),
            ("100", 100),
            ("0", 0),
        ] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
        for wrong in ["", "GB", "-1GB", "1.5GB", "20XB", "99999999999TB", "20GB extra", "0x10"] {
            assert_eq!(wrong.parse::<ByteSize>(), Err(ByteSizeError), "{wrong:?}");
        }
        for text in ["20GB", "1TB", "1001", "0", "536870912"] {
            assert_eq!(text.parse::<ByteSize>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn the_section_is_read_as_it_is_written_and_mistakes_are_told() {
        let written = json!({ "enabled": true, "max_size": "20GB", "patterns": ["^/v2/.*/blobs/sha256:.*"] });
        let config: CacheConfig = serde_json::from_value(written.clone()).unwrap();
        assert!(config.patterns[0].fits("/v2/library/alpine/blobs/sha256:00"));
        assert!(!config.patterns[0].fits(&format!("/v2/{}/blobs/sha256:00", "a".repeat(LONGEST_PATH))));
        assert_eq!(serde_json::to_value(&config).unwrap(), written);
        for (value, expected) in [
            (json!({ "maxsize": 1 }), "unknown field `maxsize`"),
            (json!({ "max_size": "20XB" }), "a size is a number with a unit"),
            (json!({ "patterns": ["("] }), "open group"),
            (json!({ "patterns": ["(a{1000}){1000}"] }), "size limit"),
        ] {
            let error = serde_json::from_value::<CacheConfig>(value).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
