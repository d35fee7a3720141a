//! The code of a session: what changed, its files, the difference of one, and what a reviewer says of it. All but [`desk`] loads
//! late.

mod applying;
mod changed;
pub mod comments;
mod committing;
pub mod desk;
mod discarding;
mod files;
mod history;
mod notes;
pub mod panel;
mod reader;
mod rows;
mod saving;
pub mod screen;
mod shapes;
mod span;
mod standing;
pub mod store;
mod tabs;
mod toolbar;
pub mod view;
