//! Sandboxes: the isolated places that sessions run in.
//!
//! Here belong the [`Provider`] trait, what it takes and gives, the clients of the agent daemon's API and of the
//! proxy's, and one module for each provider. Here do not belong: session states and retries (services), SQL, or HTTP routes. Only a provider's
//! own module knows how its sandboxes are made; only `docker` uses bollard, only `local` namespaces and `unsafe`.

pub mod connection;
pub mod daemon;
pub mod docker;
pub mod error;
pub mod limits;
mod lines;
pub mod local;
pub mod network;
mod private;
pub mod provider;
pub mod proxy_client;
mod room;
mod transport;
mod turnstile;

pub use connection::{Connection, Endpoint, Secret};
pub use daemon::{DaemonClient, DaemonError, Over, SandboxFile, Written};
pub use error::{SandboxError, SandboxLog};
pub use limits::{LimitOutOfRange, LimitPolicy, Limits};
pub use provider::{LogSink, Provider, SandboxSpec, SandboxStatus};
pub use proxy_client::{ProxyClient, ProxyError};
pub use room::Room;
