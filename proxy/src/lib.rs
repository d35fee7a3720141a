//! The way out of a sandbox: a forward proxy that decides each request, adds what only it knows, keeps what never changes, and
//! writes down what passed.

pub mod cache;
pub mod policy;
