//! Connections to addresses: plain, with TLS, through another proxy.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use socket2::SockRef;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::roots::ClientConfigs;
use super::settings::ParentRoute;
use crate::listen::keep_alive;
use crate::policy::{Host, Target};
use crate::tls::Ahead;

/// The longest answer of another proxy to CONNECT.
const LONGEST_ANSWER: usize = 16 * 1024;

/// Where to go, and which way: what the policy has permitted.
#[derive(Debug, Clone)]
pub struct Route {
    /// Where to.
    pub target: Target,
    /// The addresses that may be dialled, or none if another proxy knows the way.
    pub addresses: Vec<SocketAddr>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// No address answered.
    #[error("the host can't be reached")]
    Unreachable(#[source] io::Error),
    /// No address answered in time.
    #[error("the host doesn't answer")]
    Late,
    /// TLS failed.
    #[error("TLS with the host failed: {0}")]
    Tls(#[source] io::Error),
    /// The other proxy can't be asked.
    #[error("the parent proxy can't be reached")]
    Parent(#[source] io::Error),
    /// The other proxy refuses.
    #[error("the parent proxy answered with {0}")]
    ParentRefused(String),
}

/// Makes connections.
#[derive(Debug, Clone)]
pub struct Dialer {
    pub(super) tls: ClientConfigs,
    pub(super) parent: Option<ParentRoute>,
    pub(super) mark: Option<u32>,
    /// How long an address is tried.
    pub(super) patience: Duration,
}

impl Dialer {
    /// Whether another proxy resolves names.
    pub fn has_parent(&self) -> bool {
        self.parent.is_some()
    }

    /// Connects, and tells to which address.
    pub async fn connect(&self, route: &Route) -> Result<(TcpStream, Option<IpAddr>), DialError> {
        match (route.addresses.as_slice(), &self.parent) {
            ([], Some(parent)) => self.through(parent, &route.target).await.map(|stream| (stream, None)),
            (addresses, _) => self.any(addresses).await.map(|(stream, address)| (stream, Some(address.ip()))),
        }
    }

    /// Speaks TLS over a connection.
    pub async fn secure(
        &self,
        route: &Route,
        http2: bool,
        stream: TcpStream,
    ) -> Result<TlsStream<Ahead<TcpStream>>, DialError> {
        let config = if http2 { &self.tls.http2 } else { &self.tls.http1 };
        let name = match &route.target.host {
            Host::Name(name) => ServerName::try_from(name.to_string())
                .map_err(|error| DialError::Tls(io::Error::new(io::ErrorKind::InvalidInput, error)))?,
            Host::Address(address) => ServerName::IpAddress((*address).into()),
        };
        let handshake = TlsConnector::from(Arc::clone(config)).connect(name, Ahead::new(stream));
        timeout(self.patience, handshake).await.map_err(|_| DialError::Late)?.map_err(DialError::Tls)
    }

    /// Tries addresses one after the other.
    async fn any(&self, addresses: &[SocketAddr]) -> Result<(TcpStream, SocketAddr), DialError> {
        let mut last = None;
        for address in addresses {
            match timeout(self.patience, self.one(*address)).await {
                Ok(Ok(stream)) => return Ok((stream, *address)),
                Ok(Err(error)) => last = Some(error),
                Err(_) => {}
            }
        }
        Err(last.map_or(DialError::Late, DialError::Unreachable))
    }

    async fn one(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        if let Some(mark) = self.mark {
            SockRef::from(&socket).set_mark(mark)?;
        }
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        keep_alive(&stream)?;
        Ok(stream)
    }

    async fn through(&self, parent: &ParentRoute, target: &Target) -> Result<TcpStream, DialError> {
        let host = parent.target.host.to_string();
        let host = host.trim_matches(['[', ']']);
        let addresses: Vec<_> = lookup_host((host, parent.target.port)).await.map_err(DialError::Parent)?.collect();
        let (mut stream, _) = self.any(&addresses).await?;
        let authorization =
            parent.authorization.as_ref().map(|value| format!("Proxy-Authorization: {}\r\n", value.reveal()));
        let request =
            format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{}\r\n", authorization.unwrap_or_default());
        let ask = async {
            stream.write_all(request.as_bytes()).await?;
            answer(&mut stream).await
        };
        let line = timeout(self.patience, ask).await.map_err(|_| DialError::Late)?.map_err(DialError::Parent)?;
        let status = line.split(' ').nth(1).unwrap_or_default();
        if status.len() == 3 && status.starts_with('2') { Ok(stream) } else { Err(DialError::ParentRefused(line)) }
    }
}

/// Reads the head of an answer, to its last byte and no further, and returns its first line.
async fn answer(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == LONGEST_ANSWER {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.push(stream.read_u8().await?);
    }
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    Ok(String::from_utf8_lossy(line).chars().filter(|c| !c.is_control()).take(200).collect())
}
