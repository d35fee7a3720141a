//! The pages: components, server functions, and the ports through which they reach the backend.

pub mod ports;
