//! What the server knows, kept current in the browser: stores of signals, and the one event stream that feeds them.
//!
//! [`apply`] is pure: data in, data out. [`store`] and [`transcript`] wrap the data in signals, [`follow`] drives
//! them from the stream. How any of it looks is the components' affair.

pub mod apply;
pub mod cursor;
pub mod follow;
pub mod preferences;
pub mod store;
pub mod transcript;

pub use store::ProjectStore;
pub use transcript::SessionStore;
