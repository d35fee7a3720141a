//! Calls about terminals. A page attaches to one by a WebSocket of the REST API.

mod close_terminal;
mod list_terminals;
mod open_terminal;
mod rename_terminal;
mod search_terminals;

pub use close_terminal::close_terminal;
pub use list_terminals::list_terminals;
pub use open_terminal::open_terminal;
pub use rename_terminal::rename_terminal;
pub use search_terminals::search_terminals;
