//! Where a sandbox's agent daemon is reached, and the token that it asks for. No I/O.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Everything that is needed to call the agent daemon of one sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// The sandbox's own token, sent as `Authorization: Bearer`.
    pub token: Secret,
}

/// Where an agent daemon listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A Unix socket, by its path on the server's machine. The path may be longer than `sun_path`.
    Unix(PathBuf),
    /// A TCP port.
    Tcp(SocketAddr),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Tcp(address) => write!(f, "{address}"),
        }
    }
}

/// Text that must not be printed or logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself, for the one place that has to send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_says_nothing_when_debugged() {
        let connection =
            Connection { endpoint: Endpoint::Unix("/run/agent.sock".into()), token: Secret::new("hunter2".to_owned()) };
        let debugged = format!("{connection:?}");
        assert!(!debugged.contains("hunter2"), "{debugged}");
        assert_eq!(connection.token.reveal(), "hunter2");
    }
}
