//! Calls that change the files of sessions.

mod delete_entry;
mod load_text;
mod make_folder;
mod move_entry;
mod preview_file;
mod restore_entry;
mod save_text;

pub use delete_entry::delete_entry;
pub use load_text::load_text;
pub use make_folder::make_folder;
pub use move_entry::move_entry;
pub use preview_file::preview_file;
pub use restore_entry::restore_entry;
pub use save_text::save_text;
