//! Calls about agents.

mod create_agent;
mod delete_agent;
mod make_agent_default;
mod update_agent;

pub use create_agent::create_agent;
pub use delete_agent::delete_agent;
pub use make_agent_default::make_agent_default;
pub use update_agent::update_agent;
