//! A value that a client saves and never reads again: of an MCP server or of a credential.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::launch::Variable;

/// A value with its name. It may be a secret: it is stored encrypted and never told again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SaveValue {
    /// The variable or the header.
    pub name: String,
    /// The value; none keeps the one that is stored.
    #[serde(default)]
    pub value: Option<String>,
}

impl SaveValue {
    /// The value, or where none is given the one that is stored under its name.
    pub fn given_or_kept(&self, stored: &[Variable]) -> Option<String> {
        let kept = || stored.iter().find(|stored| stored.name == self.name).map(|stored| stored.value.clone());
        self.value.clone().or_else(kept)
    }
}

impl fmt::Debug for SaveValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=…", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_not_printed_and_one_that_is_not_given_is_the_stored_one() {
        let stored = [Variable { name: "KEY".to_owned(), value: "old".to_owned() }];
        let of = |name: &str, value: Option<&str>| SaveValue { name: name.to_owned(), value: value.map(str::to_owned) };
        assert_eq!(format!("{:?}", of("KEY", Some("secret"))), "KEY=…");
        assert_eq!(of("KEY", Some("new")).given_or_kept(&stored).as_deref(), Some("new"));
        assert_eq!(of("KEY", None).given_or_kept(&stored).as_deref(), Some("old"));
        assert_eq!(of("OTHER", None).given_or_kept(&stored), None);
    }
}
