//! The chat of a session: the transcript, the queue, and where prompts are written.

pub mod actions;
pub mod composer;
pub mod error_part;
pub mod message;
pub mod output;
pub mod output_lines;
pub mod prompt;
pub mod queue;
pub mod queued_turn;
pub mod running;
pub mod script;
pub mod tool_call;
pub mod tool_status;
pub mod transcript;
pub mod viewport;
pub mod window;
