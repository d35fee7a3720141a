//! Calls about agents.

mod create_agent;
mod delete_agent;
mod load_mcp_servers;
mod make_agent_default;
mod save_mcp_servers;
mod update_agent;

pub use create_agent::create_agent;
pub use delete_agent::delete_agent;
pub use load_mcp_servers::load_mcp_servers;
pub use make_agent_default::make_agent_default;
pub use save_mcp_servers::save_mcp_servers;
pub use update_agent::update_agent;
