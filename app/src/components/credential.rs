//! Credentials of a project, and of a session. All of it loads late.

pub mod form;
pub mod list;
pub mod row;
pub mod session_dialog;
