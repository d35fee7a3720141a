//! Agents: the list, and the form.

pub mod actions;
pub mod agent_form;
pub mod agent_row;
pub mod type_picker;
