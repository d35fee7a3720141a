//! A client that costs little: one thread, one connection, TLS.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::peers::Way;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to a host, maybe through a proxy.
pub struct Client {
    stream: StreamOwned<ClientConnection, TcpStream>,
    host: String,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects to a host as a peer wants it.
    pub fn connect(way: &Way, host: &str, tls: &Arc<ClientConfig>) -> Self {
        let mut stream = TcpStream::connect(way.address()).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        if let Way::Proxy { port, .. } = way {
            let head = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
        }
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let connection = ClientConnection::new(Arc::clone(tls), name).unwrap();
        let host = format!("{host}:{}", way.port());
        Self { stream: StreamOwned::new(connection, stream), host, buffer: vec![0; 256 * 1024] }
    }

    /// Asks for a path, reads all of the answer, and returns how many bytes its body had.
    pub fn get(&mut self, path: &str) -> io::Result<usize> {
        // In one piece, as clients do: written in parts, each would be a record and a packet of its own.
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\nUser-Agent: bench\r\n\r\n", self.host);
        self.stream.write_all(head.as_bytes())?;
        let mut filled = 0;
        let head = loop {
            filled += self.read(filled)?;
            if let Some(end) = self.buffer[..filled].windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let text = std::str::from_utf8(&self.buffer[..head]).unwrap().to_ascii_lowercase();
        assert!(text.starts_with("http/1.1 200"), "{text}");
        let length: usize =
            text.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
        let mut left = length - (filled - head);
        while left > 0 {
            left -= self.read(0)?;
        }
        Ok(length)
    }

    /// Reads into the buffer from a place on; at least one byte.
    fn read(&mut self, from: usize) -> io::Result<usize> {
        match self.stream.read(&mut self.buffer[from..])? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => Ok(read),
        }
    }
}
