//! Passing sockets (`SCM_RIGHTS`): each message is one word, which says what the socket is for, and the socket. It is answered with
//! `ok` and a line feed once the socket is taken, or with a reason.

use std::io::{self, BufRead as _, BufReader, IoSlice, IoSliceMut, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};

/// The longest word.
const LONGEST: usize = 32;

/// What a socket that was taken is answered with.
const TAKEN: &str = "ok\n";

/// Receives a word with its socket; nothing when the other end has no more.
pub fn receive(from: &UnixStream) -> io::Result<Option<(String, Option<OwnedFd>)>> {
    let mut word = [0; LONGEST];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(from.as_fd(), &mut [IoSliceMut::new(&mut word)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    if received.bytes == 0 {
        return Ok(None);
    }
    let socket = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut sockets) => sockets.next(),
        _ => None,
    });
    Ok(Some((String::from_utf8_lossy(&word[..received.bytes]).trim().to_owned(), socket)))
}

/// Says that a socket was taken.
pub fn confirm(mut to: &UnixStream) -> io::Result<()> {
    to.write_all(TAKEN.as_bytes())
}

/// Passes a socket, and waits until it is taken.
pub fn pass(to: &UnixStream, word: &str, socket: BorrowedFd<'_>) -> io::Result<()> {
    let sockets = [socket];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&sockets));
    sendmsg(to.as_fd(), &[IoSlice::new(word.as_bytes())], &mut ancillary, SendFlags::NOSIGNAL)?;
    let mut answer = String::new();
    // One answer comes for each message, so that nothing of another one is taken along.
    BufReader::new(to).read_line(&mut answer)?;
    match answer.as_str() {
        TAKEN => Ok(()),
        "" => Err(io::ErrorKind::UnexpectedEof.into()),
        reason => Err(io::Error::other(format!("the socket for {word} isn't taken: {}", reason.trim_end()))),
    }
}
