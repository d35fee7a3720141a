//! Calls about a project as a whole and about who looks at it.

mod load_project;
mod save_preferences;

pub use load_project::load_project;
pub use save_preferences::save_preferences;
