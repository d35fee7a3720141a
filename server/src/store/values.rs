//! Values that are sealed in one column, as JSON: of an MCP server or of a credential.

use std::fmt::Display;

use octobot_wire::launch::Variable;

use super::column::{Reading, to_json};
use super::{StoreError, Tx};
use crate::vault::Sealed;

/// The column that holds them.
const COLUMN: &str = "sealed_values";

/// What the values of a row are bound to.
fn identity(table: &str, row: impl Display) -> String {
    format!("{table}/{row}/values")
}

impl Tx {
    /// Seals the values of a row.
    pub(super) fn seal_values(
        &self,
        table: &'static str,
        row: impl Display,
        values: &[Variable],
    ) -> Result<Sealed, StoreError> {
        let sealed = self.vault.seal(to_json(&values)?.as_bytes(), &identity(table, &row));
        sealed.map_err(|source| StoreError::Sealed { table, row: row.to_string(), source })
    }

    /// Opens the values of a row.
    pub(super) fn open_values(
        &self,
        table: &'static str,
        row: impl Display,
        sealed: Vec<u8>,
    ) -> Result<Vec<Variable>, StoreError> {
        let opened = self.vault.open(&Sealed::from_bytes(sealed), &identity(table, &row));
        let opened = opened.map_err(|source| StoreError::Sealed { table, row: row.to_string(), source })?;
        serde_json::from_slice(&opened).map_err(|_| Reading { table, row: &row }.corrupt(COLUMN))
    }
}
