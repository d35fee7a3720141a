//! Opens HTTP/1.1 connections to an agent daemon, over a Unix socket of any path length or over TCP.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustix::fs::{Mode, OFlags};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::{DaemonError, RequestBody};
use crate::sandbox::Endpoint;

/// How long a path may be that stands in a socket address: `sun_path` holds 108 bytes, the last of them NUL.
const MAX_SOCKET_PATH_BYTES: usize = 107;

/// Connects. The connection is driven by a task of its own, which ends with it.
pub(super) async fn connect(endpoint: &Endpoint) -> Result<SendRequest<RequestBody>, DaemonError> {
    let unreachable = |source| DaemonError::Unreachable { endpoint: endpoint.to_string(), source };
    match endpoint {
        Endpoint::Unix(path) => handshake(connect_unix(path).await.map_err(unreachable)?).await,
        Endpoint::Tcp(address) => handshake(TcpStream::connect(address).await.map_err(unreachable)?).await,
    }
}

async fn handshake<S>(stream: S) -> Result<SendRequest<RequestBody>, DaemonError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(DaemonError::Protocol)?;
    // What goes wrong on the connection is told to whoever waits for the answer or reads its body.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

async fn connect_unix(path: &Path) -> io::Result<UnixStream> {
    if path.as_os_str().len() <= MAX_SOCKET_PATH_BYTES {
        return UnixStream::connect(path).await;
    }
    let (_folder, short) = shorten(path)?;
    UnixStream::connect(short).await
}

/// Another path to the same socket, through an open descriptor of its folder. It leads there as long as that is open.
fn shorten(path: &Path) -> io::Result<(File, PathBuf)> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let folder = rustix::fs::open(folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let folder = File::from(folder);
    let short = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
    Ok((folder, short))
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
        let (_held, short) = shorten(&path).unwrap();
        let listener = tokio::net::UnixListener::bind(short).unwrap();
        assert!(UnixStream::connect(&path).await.is_err(), "the path should be too long to begin with");
        let (client, server) = tokio::join!(connect_unix(&path), listener.accept());
        client.unwrap();
        server.unwrap();
    }
}
