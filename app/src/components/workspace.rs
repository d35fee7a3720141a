//! Workspaces: adding one, what it is, what can be done with it.

pub mod actions;
pub mod add;
pub mod entries;
pub mod facts;
pub mod limits;
pub mod progress;
pub mod remove;
pub mod rename;
