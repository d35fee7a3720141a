//! The code of a session: what changed, its files, the difference of one, and what a reviewer says of it. All but [`desk`] loads
//! late.

mod changed;
pub mod comments;
pub mod desk;
mod files;
mod notes;
pub mod panel;
mod reader;
mod rows;
mod saving;
pub mod screen;
mod shapes;
mod span;
pub mod store;
mod tabs;
mod toolbar;
pub mod view;
