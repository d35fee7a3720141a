//! The server.

pub mod sandbox;
