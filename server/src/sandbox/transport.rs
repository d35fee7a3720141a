//! Opens HTTP/1.1 connections to what a sandbox serves, over a Unix socket of any path length or over TCP.

use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustix::fs::{FileType, Mode, OFlags};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::Endpoint;

/// The body of a request.
pub(super) type RequestBody = BoxBody<Bytes, io::Error>;

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum ConnectError {
    /// Nobody listens.
    Unreachable(io::Error),
    /// What listens doesn't speak HTTP.
    Protocol(hyper::Error),
}

/// Connects. The connection is driven by a task of its own, which ends with it.
pub(super) async fn connect(endpoint: &Endpoint) -> Result<SendRequest<RequestBody>, ConnectError> {
    match endpoint {
        Endpoint::Unix(path) => handshake(connect_unix(path).await.map_err(ConnectError::Unreachable)?).await,
        Endpoint::Tcp(address) => {
            handshake(TcpStream::connect(address).await.map_err(ConnectError::Unreachable)?).await
        }
    }
}

async fn handshake<S>(stream: S) -> Result<SendRequest<RequestBody>, ConnectError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(ConnectError::Protocol)?;
    // What goes wrong on the connection is told to whoever waits for the answer or reads its body.
    tokio::spawn(async move { drop(connection.with_upgrades().await) });
    Ok(sender)
}

/// Connects to the socket that is at this path itself. What the path names belongs to the sandbox, so it may also be a
/// link to a socket of the host: that isn't followed.
async fn connect_unix(path: &Path) -> io::Result<UnixStream> {
    let socket = rustix::fs::open(path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    if !FileType::from_raw_mode(rustix::fs::fstat(&socket)?.st_mode).is_socket() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no socket"));
    }
    // This way the path's length doesn't matter either: `sun_path` holds 108 bytes.
    UnixStream::connect(format!("/proc/self/fd/{}", socket.as_raw_fd())).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_is_reached_by_a_path_longer_than_an_address_can_hold() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a".repeat(100)).join("b".repeat(100));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("agent.sock");
        let folder = std::fs::File::open(&folder).unwrap();
        let short = format!("/proc/self/fd/{}/agent.sock", folder.as_raw_fd());
        let listener = tokio::net::UnixListener::bind(short).unwrap();
        assert!(UnixStream::connect(&path).await.is_err(), "the path should be too long to begin with");
        let (client, server) = tokio::join!(connect_unix(&path), listener.accept());
        client.unwrap();
        server.unwrap();
    }

    #[tokio::test]
    async fn a_link_to_a_socket_isnt_followed() {
        let root = tempfile::tempdir().unwrap();
        let (real, link) = (root.path().join("engine.sock"), root.path().join("agent.sock"));
        let _listener = tokio::net::UnixListener::bind(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert!(UnixStream::connect(&link).await.is_ok(), "the control: there is something to be led to");
        assert!(connect_unix(&link).await.is_err());
        assert!(connect_unix(&real).await.is_ok());
    }
}
