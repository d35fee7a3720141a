//! The Octobot server. `ARCHITECTURE.md` says what belongs in which module.

pub mod domain;
pub mod store;
pub mod vault;
