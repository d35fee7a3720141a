//! What the pages need from the browser, each in the form in which Rust wants it.
//!
//! Everything here may be called in effects and event handlers only: on the server there is no browser. What wraps a
//! JavaScript object can be stored anywhere, because a server never has one to drop on the wrong thread.

pub mod clipboard;
pub mod clock;
pub mod dom;
pub mod editor;
pub mod events;
pub mod files;
pub mod focus;
pub mod image;
pub mod keys;
pub mod lines;
pub mod resize;
pub mod socket;
pub mod storage;
pub mod text;
pub mod upload;
pub mod xterm;
