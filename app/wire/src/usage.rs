//! What turns cost: tokens and money.

use serde::{Deserialize, Serialize};

/// Tokens and money. All zero where the agent doesn't tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Tokens that the model read, those from its cache not among them.
    pub input_tokens: u64,
    /// Tokens that the model wrote, thoughts among them.
    pub output_tokens: u64,
    /// Tokens that the model read from its cache.
    pub cache_read_tokens: u64,
    /// Tokens that the model wrote to its cache.
    pub cache_write_tokens: u64,
    /// Money, in millionths of a US dollar.
    pub cost_micros: u64,
}

impl Usage {
    /// The sum of two.
    pub const fn plus(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cache_read_tokens: self.cache_read_tokens.saturating_add(other.cache_read_tokens),
            cache_write_tokens: self.cache_write_tokens.saturating_add(other.cache_write_tokens),
            cost_micros: self.cost_micros.saturating_add(other.cost_micros),
        }
    }
}

/// How full an agent's context is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Context {
    /// Tokens in it.
    pub used: u64,
    /// Tokens that fit.
    pub size: u64,
}
