//! Calls about workspaces.

mod add_workspace;
mod limit_workspace;
mod refresh_workspace;
mod remove_workspace;
mod rename_workspace;

pub use add_workspace::add_workspace;
pub use limit_workspace::limit_workspace;
pub use refresh_workspace::refresh_workspace;
pub use remove_workspace::remove_workspace;
pub use rename_workspace::rename_workspace;
