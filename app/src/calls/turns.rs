//! Calls about turns.

mod cancel_turn;
mod delete_turn;
mod edit_turn;
mod submit_prompt;

pub use cancel_turn::cancel_turn;
pub use delete_turn::delete_turn;
pub use edit_turn::edit_turn;
pub use submit_prompt::submit_prompt;
