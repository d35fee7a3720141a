//! The proxy's own certificate authority, and TLS towards clients. Here alone are certificates made.
//!
//! hudsucker 0.25, the library for this, isn't linked: its authority names addresses as if they were DNS names and gives
//! every certificate the authority's own private key, and its CONNECT layer can be bypassed. What is left of it for us is this
//! module, upon rcgen.

use std::io;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::listen::Rewind;
use crate::policy::Host;
use crate::tls::Ahead;

mod authority;
mod leaves;

pub use authority::{Authority, AuthorityError};

/// Speaks TLS to a client in a host's name.
pub async fn accept(authority: &Authority, host: &Host, stream: Rewind) -> io::Result<TlsStream<Ahead<Rewind>>> {
    let config = authority.server_config(host).map_err(io::Error::other)?;
    TlsAcceptor::from(Arc::clone(&config)).accept(Ahead::new(stream)).await
}
