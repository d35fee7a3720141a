//! Calls about the code of sessions.

mod load_changes;
mod load_diff;
mod load_file;
mod load_folder;
mod rewind;
mod save_branch;
mod undo_branch;
mod undo_rewind;

pub use load_changes::load_changes;
pub use load_diff::load_diff;
pub use load_file::load_file;
pub use load_folder::load_folder;
pub use rewind::rewind;
pub use save_branch::save_branch;
pub use undo_branch::undo_branch;
pub use undo_rewind::undo_rewind;
