//! Where the requests of an HTTP/1 connection begin and end. Pure: it is told how many bytes there are and says how many of
//! them are sound.

use super::head::{self, Framing, Violation};

/// The longest line with the length of a chunk; its extensions are nobody's business, but may stand there.
const LONGEST_CHUNK_LINE: usize = 256;

/// What may be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// So many bytes from the front, at least one.
    Bytes(usize),
    /// So many bytes, whether they are there already or not: a body's.
    Any(u64),
    /// Nothing, before there are more bytes.
    More,
}

/// Follows the requests of one connection.
#[derive(Debug)]
pub struct Follower {
    state: State,
    /// The longest head in bytes.
    longest_head: usize,
    /// Whether the last head asks for another protocol.
    upgrades: bool,
    /// What the head that was looked at last says of what follows it.
    announced: Option<(Framing, bool)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    Body(u64),
    ChunkLine,
    ChunkData(u64),
    ChunkEnd,
    Trailers,
}

impl Follower {
    /// Before the first request.
    pub fn new(longest_head: usize) -> Self {
        Self { state: State::Head, longest_head, upgrades: false, announced: None }
    }

    /// Whether the next byte would begin a request.
    pub fn is_between_requests(&self) -> bool {
        self.state == State::Head
    }

    /// Whether the last head asks for another protocol, so that what follows it may be no request. A request with a body
    /// never gets one.
    pub fn upgrades(&self) -> bool {
        self.upgrades
    }

    /// What of the bytes at hand may be passed on.
    pub fn look(&mut self, bytes: &[u8]) -> Result<Sound, Violation> {
        match self.state {
            State::Head => self.whole_head(bytes),
            State::Body(rest) | State::ChunkData(rest) => Ok(Sound::Any(rest)),
            State::ChunkLine => line(bytes, LONGEST_CHUNK_LINE).and_then(|line| match line {
                Some(line) => chunk_length(line).map(|_| Sound::Bytes(line.len() + 2)),
                None => Ok(Sound::More),
            }),
            State::ChunkEnd => match bytes {
                [b'\r', b'\n', ..] => Ok(Sound::Bytes(2)),
                [] | [b'\r'] => Ok(Sound::More),
                _ => Err(Violation::Chunk),
            },
            State::Trailers => line(bytes, self.longest_head).and_then(|line| match line {
                Some(b"") => Ok(Sound::Bytes(2)),
                Some(line) => trailer(line).map(|()| Sound::Bytes(line.len() + 2)),
                None => Ok(Sound::More),
            }),
        }
    }

    /// Goes on behind bytes that were found sound and are passed on.
    pub fn pass(&mut self, bytes: &[u8]) {
        let length = bytes.len() as u64;
        self.state = match self.state {
            State::Head => {
                let (framing, upgrades) = self.announced.take().expect("a head is looked at before it is passed");
                self.upgrades = upgrades && framing == Framing::Length(0);
                match framing {
                    Framing::Length(0) => State::Head,
                    Framing::Length(length) => State::Body(length),
                    Framing::Chunked => State::ChunkLine,
                }
            }
            State::Body(rest) if rest == length => State::Head,
            State::Body(rest) => State::Body(rest - length),
            State::ChunkLine => {
                match chunk_length(&bytes[..bytes.len() - 2]).expect("a line is looked at before it is passed") {
                    0 => State::Trailers,
                    length => State::ChunkData(length),
                }
            }
            State::ChunkData(rest) if rest == length => State::ChunkEnd,
            State::ChunkData(rest) => State::ChunkData(rest - length),
            State::ChunkEnd => State::ChunkLine,
            State::Trailers if bytes == b"\r\n" => State::Head,
            State::Trailers => State::Trailers,
        };
    }

    fn whole_head(&mut self, bytes: &[u8]) -> Result<Sound, Violation> {
        match head::end(bytes)? {
            Some(end) if end > self.longest_head => Err(Violation::Long),
            Some(end) => {
                let head = head::check(&bytes[..end])?;
                self.announced = Some((head.framing, head.upgrades));
                Ok(Sound::Bytes(end))
            }
            None if bytes.len() >= self.longest_head => Err(Violation::Long),
            None => head::check_beginning(bytes).map(|()| Sound::More),
        }
    }
}

/// The first line without its end, if it is there.
fn line(bytes: &[u8], longest: usize) -> Result<Option<&[u8]>, Violation> {
    match bytes.iter().take(longest).position(|byte| *byte == b'\n') {
        Some(end) => {
            let line = bytes[..end].strip_suffix(b"\r").ok_or(Violation::LineEnd)?;
            if line.contains(&b'\r') { Err(Violation::LineEnd) } else { Ok(Some(line)) }
        }
        None if bytes.len() >= longest => Err(Violation::Long),
        None => Ok(None),
    }
}

/// The length that a chunk's line says (RFC 9112, section 7.1).
fn chunk_length(line: &[u8]) -> Result<u64, Violation> {
    let end = line.iter().position(|byte| *byte == b';').unwrap_or(line.len());
    let (digits, extension) = line.split_at(end);
    let sound = !digits.is_empty()
        && digits.len() <= 15
        && digits.iter().all(u8::is_ascii_hexdigit)
        && !extension.iter().any(u8::is_ascii_control);
    let digits = str::from_utf8(digits).ok().filter(|_| sound).ok_or(Violation::Chunk)?;
    u64::from_str_radix(digits, 16).map_err(|_| Violation::Chunk)
}

/// Trailers may say nothing that decides where a request goes or ends.
fn trailer(line: &[u8]) -> Result<(), Violation> {
    let (name, _) = head::field(line)?;
    let decisive = ["content-length", "transfer-encoding", "host", "connection", "authorization", "trailer"];
    if decisive.iter().any(|field| name.eq_ignore_ascii_case(field)) { Err(Violation::Field) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `bytes` in pieces of `step` and returns how many requests were whole.
    fn requests(bytes: &[u8], step: usize) -> Result<usize, Violation> {
        let mut follower = Follower::new(4096);
        let (mut held, mut whole) = (Vec::new(), 0);
        for piece in bytes.chunks(step) {
            held.extend_from_slice(piece);
            while !held.is_empty() {
                let length = match follower.look(&held)? {
                    Sound::More => break,
                    Sound::Bytes(length) => length,
                    Sound::Any(rest) => held.len().min(usize::try_from(rest).unwrap()),
                };
                follower.pass(&held[..length]);
                held.drain(..length);
                whole += usize::from(follower.is_between_requests());
            }
        }
        Ok(whole)
    }

    const THREE: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n\
        POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /\
        POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n";

    #[test]
    fn requests_are_followed_however_they_are_cut() {
        for step in 1..THREE.len() {
            assert_eq!(requests(THREE, step), Ok(3), "{step}");
        }
    }

    #[test]
    fn a_malformed_chunk_is_refused() {
        let chunked = |body: &str| {
            let request = format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
            requests(request.as_bytes(), 7)
        };
        assert_eq!(chunked("0\r\n\r\n"), Ok(1));
        assert_eq!(chunked("+1\r\na\r\n"), Err(Violation::Chunk));
        assert_eq!(chunked("0x1\r\na\r\n"), Err(Violation::Chunk));
        assert_eq!(chunked("1 \r\na\r\n"), Err(Violation::Chunk));
        assert_eq!(chunked("\r\n"), Err(Violation::Chunk));
        assert_eq!(chunked("1\na\n"), Err(Violation::LineEnd));
        assert_eq!(chunked("1\r\nab\r\n"), Err(Violation::Chunk));
        assert_eq!(chunked("fffffffffffffffff\r\n"), Err(Violation::Chunk));
        assert_eq!(chunked("0\r\nContent-Length: 5\r\n\r\n"), Err(Violation::Field));
        assert_eq!(chunked(&format!("1;{}\r\n", "x".repeat(300))), Err(Violation::Long));
    }

    #[test]
    fn a_head_that_doesnt_end_is_too_long() {
        assert_eq!(requests(&[b'A'; 5000], 100), Err(Violation::Long));
    }
}
