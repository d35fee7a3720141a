//! The code of a session: what changed, its files, the difference of one, and what a reviewer says of it. All but [`desk`] loads
//! late.

mod agent_commit;
mod applying;
mod arranging;
mod blame;
mod branches;
mod changed;
pub mod comments;
mod committing;
pub mod desk;
mod discarding;
mod editing;
mod editor;
mod edits;
mod file_menu;
mod files;
mod history;
mod hunks;
mod notes;
pub mod panel;
mod parts;
mod preview;
mod pull_request_form;
mod pull_requests;
mod reader;
mod rows;
mod saving;
pub mod screen;
mod search;
mod shapes;
mod span;
mod staging;
mod standing;
pub mod store;
mod tabs;
mod toolbar;
pub mod view;
