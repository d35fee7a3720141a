//! Sessions: their header, their details, and what their sandbox is doing.

pub mod actions;
pub mod agent_bar;
pub mod beginning;
pub mod building;
pub mod delete;
pub mod details;
pub mod fork;
pub mod header;
pub mod isolation;
pub mod new_session;
pub mod origin;
pub mod rewind;
pub mod session_entries;
pub mod session_menu;
pub mod session_view;
pub mod state_notice;
pub mod view_switch;
