//! Sockets that a launcher passes.

use std::io::{BufRead as _, BufReader, IoSlice, Write as _};
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tokio::net::TcpStream;

use crate::fixture::{Fixture, config, exchange};
use crate::origin::Origin;

/// Passes a socket with a word.
pub fn pass(launcher: &UnixStream, word: &str, socket: &impl AsFd) {
    let sockets = [socket.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    assert!(ancillary.push(SendAncillaryMessage::ScmRights(&sockets)));
    sendmsg(launcher, &[IoSlice::new(word.as_bytes())], &mut ancillary, SendFlags::empty()).unwrap();
}

/// What the proxy answers.
pub fn said(launcher: &UnixStream) -> String {
    let mut line = String::new();
    BufReader::with_capacity(1, launcher).read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_is_passed_is_served() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sockets");
    let proxy = Fixture::start_with(&config(&origin, ""), &["--sockets", path.to_str().unwrap()]);
    let mut launcher = UnixStream::connect(&path).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    pass(&launcher, "proxy", &listener);
    assert_eq!(said(&launcher), "ok");
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let request = b"GET http://api.test/ HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n";
    assert!(exchange(stream, request).await.starts_with("HTTP/1.1 200"));
    // What makes no sense is told, and the next socket is taken all the same.
    pass(&launcher, "nonsense", &listener);
    assert!(said(&launcher).contains("a socket is for"));
    launcher.write_all(b"proxy").unwrap();
    assert!(said(&launcher).contains("no socket"));
    let second = TcpListener::bind("127.0.0.1:0").unwrap();
    pass(&launcher, "transparent", &second);
    assert_eq!(said(&launcher), "ok");
    proxy.tells("Transparent").await;
}
