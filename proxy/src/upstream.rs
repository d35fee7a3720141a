//! The way to the hosts themselves: names to addresses, addresses to connections, connections kept for the next request.
//!
//! Only addresses that the policy has permitted get here, and only they are dialled. What is decided stands elsewhere.

mod body;
mod dial;
mod pool;
mod resolver;
mod roots;
mod settings;

pub use body::{BoxError, HostBody, RequestBody, Tally};
pub use dial::{DialError, Dialer, Route};
pub use pool::{Pool, Pooled, SendError, Wanted};
pub use resolver::{ResolveError, Resolver};
pub use settings::{Overrides, Parent, UpstreamConfig, UpstreamError};
