//! The tree of workspaces and their sessions.

pub mod session_row;
pub mod sidebar_view;
pub mod workspace_menu;
pub mod workspace_node;

pub use sidebar_view::Sidebar;
