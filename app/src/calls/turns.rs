//! Calls about turns.

mod answer_permission;
mod cancel_turn;
mod delete_turn;
mod edit_turn;
mod steer_turn;
mod submit_prompt;

pub use answer_permission::answer_permission;
pub use cancel_turn::cancel_turn;
pub use delete_turn::delete_turn;
pub use edit_turn::edit_turn;
pub use steer_turn::steer_turn;
pub use submit_prompt::submit_prompt;
