//! Calls about sessions and their transcripts.

mod change_setting;
mod create_session;
mod delete_session;
mod detach;
mod find_files;
mod fork_session;
mod load_messages;
mod load_output;
mod load_session;
mod rename_session;
mod start_session;
mod stop_session;

pub use change_setting::change_setting;
pub use create_session::create_session;
pub use delete_session::delete_session;
pub use detach::detach;
pub use find_files::find_files;
pub use fork_session::fork_session;
pub use load_messages::load_messages;
pub use load_output::load_output;
pub use load_session::load_session;
pub use rename_session::rename_session;
pub use start_session::start_session;
pub use stop_session::stop_session;
