//! Agents: the list, and the form.

pub mod actions;
pub mod agent_form;
pub mod agent_row;
pub mod mcp_server_form;
pub mod mcp_server_row;
pub mod mcp_servers;
pub mod type_picker;
