//! The configuration as text: YAML in, errors with line and reason out. Values may be secret: what serde quotes of them is taken
//! out, and names are quoted only where they are plain words.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_saphyr::Location;

use super::Config;
use crate::secret::Secret;

/// The longest name that is quoted in an error, in bytes.
const LONGEST_WORD: usize = 24;

/// Why a text is no configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct TextError {
    /// Where, from 1; 0 where that isn't known.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// Reads YAML. An empty text is what is there by default.
pub fn read_yaml<T: DeserializeOwned + Default>(text: &str) -> Result<T, TextError> {
    let meaningful = text.lines().any(|line| !matches!(line.trim(), "" | "---") && !line.trim().starts_with('#'));
    if !meaningful {
        return Ok(T::default());
    }
    serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().as_ref().map_or(0, Location::line);
        TextError { line, reason: without_values(&error.without_snippet().to_string()) }
    })
}

impl Config {
    /// Reads YAML. An empty text is the default configuration.
    pub fn from_yaml(text: &str) -> Result<Self, TextError> {
        read_yaml(text)
    }
}

impl Config {
    /// The configuration as a text that [`Config::from_yaml`] reads, with its secrets, for who starts a proxy with it.
    pub fn to_text_with_secrets(&self) -> String {
        let mut whole = serde_json::to_value(self).expect("a configuration is plain data");
        let known: BTreeMap<_, _> = self.secrets().map(|secret| (secret.reference(), secret)).collect();
        reveal(&mut whole, &known);
        whole.to_string()
    }
}

/// Puts secrets where they are referred to.
fn reveal(value: &mut Value, known: &BTreeMap<String, &Secret>) {
    match value {
        Value::String(text) => {
            if let Some(secret) = known.get(text) {
                secret.reveal().clone_into(text);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| reveal(value, known)),
        Value::Object(values) => values.values_mut().for_each(|value| reveal(value, known)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Takes the values out that serde quotes: `invalid type: string "…", expected`, ``integer `…` ``. What it names of the
/// configuration's own words stays: ``unknown field `nonsense` ``.
pub fn without_values(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    let Some((problem, found)) = first.split_once(": ").filter(|(problem, _)| problem.contains("invalid ")) else {
        return without_odd_names(first);
    };
    // A value may have the word in it as well: the last one is serde's own.
    let expected = found.rsplit_once(", expected ").map_or("something else", |(_, expected)| expected);
    let kind = found.split(['"', '`', ',']).next().unwrap_or_default().trim();
    format!("{problem}: {kind}, expected {expected}")
}

/// A name that no key and no choice could have had may be a value in the wrong place.
fn without_odd_names(message: &str) -> String {
    let Some((before, rest)) = message.split_once("unknown ").filter(|(_, rest)| rest.contains('`')) else {
        return message.to_owned();
    };
    let (kind, quoted) = rest.split_once('`').unwrap_or((rest, ""));
    let (name, after) = quoted.split_once("`, ").unwrap_or((quoted.trim_end_matches('`'), ""));
    let is_word =
        name.len() <= LONGEST_WORD && name.bytes().all(|byte| byte.is_ascii_lowercase() || b"_-".contains(&byte));
    let name = if is_word { format!("`{name}`") } else { "that isn't told".to_owned() };
    format!("{before}unknown {kind}{name}, {after}")
}
