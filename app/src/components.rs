//! The parts that pages are made of: props in, callbacks out. Data comes from a page or from a typed context.

pub mod agent;
pub mod chat;
pub mod code;
pub mod credential;
pub mod dynamic;
pub mod form;
pub mod frame;
pub mod network;
pub mod session;
pub mod sidebar;
pub mod terminal;
pub mod traffic;
pub mod workspace;
