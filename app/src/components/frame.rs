//! What stands around every page of a project.

pub mod connection;
pub mod frame_view;
pub mod header;
pub mod layout;
pub mod resizer;
pub mod sandbox_banner;
pub mod theme_toggle;
pub mod toasts;

pub use frame_view::Frame;
