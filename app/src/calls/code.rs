//! Calls about the code of sessions.

mod apply_changes;
mod ask_to_commit;
mod commit_changes;
mod discard_changes;
mod load_changes;
mod load_commits;
mod load_diff;
mod load_file;
mod load_folder;
mod load_repository;
mod push_changes;
mod rewind;
mod save_branch;
mod undo_apply;
mod undo_branch;
mod undo_discard;
mod undo_rewind;

pub use apply_changes::apply_changes;
pub use ask_to_commit::ask_to_commit;
pub use commit_changes::commit_changes;
pub use discard_changes::discard_changes;
pub use load_changes::load_changes;
pub use load_commits::load_commits;
pub use load_diff::load_diff;
pub use load_file::load_file;
pub use load_folder::load_folder;
pub use load_repository::load_repository;
pub use push_changes::push_changes;
pub use rewind::rewind;
pub use save_branch::save_branch;
pub use undo_apply::undo_apply;
pub use undo_branch::undo_branch;
pub use undo_discard::undo_discard;
pub use undo_rewind::undo_rewind;
