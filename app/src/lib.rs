//! The pages: components, server functions, and the ports through which they reach the backend.
//!
//! Compiled twice: with `ssr` into the server, which renders the first paint, and with `hydrate` into the WASM that
//! takes it over. The backend is known only through the traits in [`ports`].

pub mod app;
pub mod browser;
pub mod calls;
pub mod components;
pub mod late;
pub mod live;
pub mod pages;
pub mod place;
pub mod ports;
pub mod shell;
pub mod time;
pub mod words;

pub use app::App;
pub use shell::{Assets, Page, shell};
