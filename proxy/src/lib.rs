//! The way out of a sandbox: a forward proxy that decides each request, adds what only it knows, keeps what never changes, and
//! writes down what passed.

pub mod cache;
pub mod clock;
pub mod config;
pub mod control;
pub mod descriptors;
pub mod dns;
mod forward;
pub mod inject;
pub mod listen;
pub mod log;
pub mod mitm;
pub mod packets;
pub mod policy;
pub mod proxy;
pub mod secret;
mod tls;
pub mod upstream;
mod way;
