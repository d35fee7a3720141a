//! What the pages need from the browser, each in the form in which Rust wants it.
//!
//! Everything here may be called in effects and event handlers only: on the server there is no browser.

pub mod clipboard;
pub mod clock;
pub mod dom;
pub mod events;
pub mod focus;
pub mod keys;
pub mod resize;
pub mod text;
