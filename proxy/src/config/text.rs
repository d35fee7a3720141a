//! The configuration as text: YAML in, errors with line and reason out. No error has a value in it, since values are secret.

use serde_saphyr::Location;

use super::Config;

/// Why a text is no configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct TextError {
    /// Where, from 1; 0 where that isn't known.
    pub line: u64,
    /// Why.
    pub reason: String,
}

impl Config {
    /// Reads YAML. An empty text is the default configuration.
    pub fn from_yaml(text: &str) -> Result<Self, TextError> {
        let meaningful = text.lines().any(|line| !matches!(line.trim(), "" | "---") && !line.trim().starts_with('#'));
        if !meaningful {
            return Ok(Self::default());
        }
        serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().as_ref().map_or(0, Location::line);
            TextError { line, reason: without_values(&error.without_snippet().to_string()) }
        })
    }
}

/// Takes the texts out that serde quotes when it expected something else: `invalid type: string "…"`.
pub fn without_values(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    let Some((before, quoted)) = first.split_once("string \"") else { return first.to_owned() };
    let after = quoted.rsplit_once("\", ").map_or("", |(_, after)| after);
    format!("{before}a string, {after}")
}
