//! What passes through a session's proxy, as it passes.

pub mod allowing;
pub mod cache;
pub mod filter;
pub mod hosts;
pub mod log;
pub mod table;
