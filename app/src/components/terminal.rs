//! Terminals: shells in the session's sandbox, each in a tab.

pub mod attachment;
pub mod history;
pub mod keys;
pub mod link;
pub mod panel;
pub mod paste;
pub mod progress;
pub mod screen;
pub mod search;
pub mod tabs;
pub mod terminals;
