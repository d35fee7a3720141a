//! What the head of an HTTP/1 request has to look like, and where the request ends. Stricter than RFC 9112 allows: where two
//! readers could differ about where a request ends, there is no request. Pure.

use http::Uri;

use super::detect::is_token;

/// How many header fields a head may have.
const MOST_FIELDS: usize = 100;

/// How the body of a request is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// By its length in bytes, 0 if there is none.
    Length(u64),
    /// In chunks.
    Chunked,
}

/// A sound head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a str,
    /// The target, in any of its forms.
    pub target: &'a str,
    /// The value of `Host`.
    pub host: Option<&'a str>,
    /// The value of `User-Agent`, which is nobody's word for anything but what they show.
    pub agent: Option<&'a str>,
    /// How the body is delimited.
    pub framing: Framing,
    /// Whether it asks for a WebSocket; other protocols aren't changed to.
    pub upgrades: bool,
}

/// What is wrong with a request. The text is for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A line end that only some take for one.
    #[error("a line doesn't end with CR LF")]
    LineEnd,
    /// No method, target and version.
    #[error("the request line isn't METHOD TARGET HTTP/1.x")]
    RequestLine,
    /// No target that everybody reads in one way.
    #[error("the request's target is malformed")]
    Target,
    /// No name and value.
    #[error("a header line is malformed")]
    Field,
    /// A continuation line.
    #[error("a header is continued on a second line")]
    Folded,
    /// A control character, NUL among them.
    #[error("a header has a control character")]
    Control,
    /// Too many bytes.
    #[error("the head is too long")]
    Long,
    /// Too many fields.
    #[error("there are more than {MOST_FIELDS} headers")]
    Many,
    /// None or several.
    #[error("there has to be exactly one Host")]
    Host,
    /// Even if all say the same.
    #[error("there is more than one Content-Length")]
    DoubledLength,
    /// A sign, a list, nothing, or too much.
    #[error("Content-Length isn't a number")]
    Length,
    /// Two ways to tell where the body ends.
    #[error("Content-Length and Transfer-Encoding contradict each other")]
    LengthAndEncoding,
    /// Another one, several, or in HTTP/1.0.
    #[error("the only Transfer-Encoding of requests is chunked, in HTTP/1.1")]
    Encoding,
    /// No length, or data that is longer than it says.
    #[error("a chunk is malformed")]
    Chunk,
    /// Too slow.
    #[error("the head took too long")]
    Slow,
}

/// Where the first head in `bytes` ends, if it does. A bare LF is found as early as it comes.
pub fn end(bytes: &[u8]) -> Result<Option<usize>, Violation> {
    let mut line = 0;
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        if at == 0 || bytes[at - 1] != b'\r' {
            return Err(Violation::LineEnd);
        }
        if at == line + 1 {
            return Ok(Some(at + 1));
        }
        line = at + 1;
    }
    Ok(None)
}

/// Judges the first line of a head, as soon as it is there: who doesn't speak HTTP may wait for an answer, and never end it.
pub fn check_beginning(head: &[u8]) -> Result<(), Violation> {
    match Lines(head).next() {
        Some(line) => request_line(line?).map(|_| ()),
        None => Ok(()),
    }
}

/// Judges a whole head, with the empty line at its end.
pub fn check(head: &[u8]) -> Result<Head<'_>, Violation> {
    let mut lines = Lines(head);
    let (method, target, version) = request_line(lines.next().ok_or(Violation::RequestLine)??)?;
    let mut fields = Fields::default();
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        fields.add(field(line)?)?;
    }
    let framing = match (fields.length, fields.chunked) {
        (Some(_), true) => return Err(Violation::LengthAndEncoding),
        (None, true) if version == 0 => return Err(Violation::Encoding),
        (None, true) => Framing::Chunked,
        (length, false) => Framing::Length(length.unwrap_or(0)),
    };
    if fields.host.is_none() && version == 1 {
        return Err(Violation::Host);
    }
    Ok(Head { method, target, host: fields.host, agent: fields.agent, framing, upgrades: fields.upgrades })
}

/// Judges one line of a head or of trailers, without its end.
pub fn field(line: &[u8]) -> Result<(&str, &str), Violation> {
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        return Err(Violation::Folded);
    }
    let colon = line.iter().position(|byte| *byte == b':').ok_or(Violation::Field)?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if name.is_empty() || !name.iter().copied().all(is_token) {
        return Err(Violation::Field);
    }
    if value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return Err(Violation::Control);
    }
    let name = str::from_utf8(name).map_err(|_| Violation::Field)?;
    // What isn't ASCII is nobody's length, encoding or host.
    let value = str::from_utf8(value).unwrap_or_default().trim_matches([' ', '\t']);
    Ok((name, value))
}

fn request_line(line: &[u8]) -> Result<(&str, &str, u8), Violation> {
    let line = str::from_utf8(line).map_err(|_| Violation::RequestLine)?;
    let mut words = line.split(' ');
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Violation::RequestLine);
    };
    let sound = !method.is_empty()
        && method.bytes().all(is_token)
        && !target.is_empty()
        && target.bytes().all(|byte| byte.is_ascii_graphic());
    let version = match version {
        "HTTP/1.1" if sound => 1,
        "HTTP/1.0" if sound => 0,
        _ => return Err(Violation::RequestLine),
    };
    // The parser would refuse it without a word.
    target.parse::<Uri>().map_err(|_| Violation::Target)?;
    Ok((method, target, version))
}

/// What counts of a head's fields.
#[derive(Debug, Default)]
struct Fields<'a> {
    count: usize,
    host: Option<&'a str>,
    agent: Option<&'a str>,
    length: Option<u64>,
    chunked: bool,
    upgrades: bool,
}

impl<'a> Fields<'a> {
    fn add(&mut self, (name, value): (&'a str, &'a str)) -> Result<(), Violation> {
        self.count += 1;
        if self.count > MOST_FIELDS {
            return Err(Violation::Many);
        }
        if name.eq_ignore_ascii_case("host") {
            return if self.host.replace(value).is_some() { Err(Violation::Host) } else { Ok(()) };
        }
        if name.eq_ignore_ascii_case("content-length") {
            let digits = !value.is_empty() && value.len() <= 18 && value.bytes().all(|byte| byte.is_ascii_digit());
            let length = if digits { value.parse().ok() } else { None }.ok_or(Violation::Length)?;
            return if self.length.replace(length).is_some() { Err(Violation::DoubledLength) } else { Ok(()) };
        }
        if name.eq_ignore_ascii_case("transfer-encoding") {
            let again = std::mem::replace(&mut self.chunked, true);
            let only = value.eq_ignore_ascii_case("chunked");
            return if again || !only { Err(Violation::Encoding) } else { Ok(()) };
        }
        if name.eq_ignore_ascii_case("user-agent") {
            self.agent = Some(value);
        }
        self.upgrades |= name.eq_ignore_ascii_case("upgrade") && value.eq_ignore_ascii_case("websocket");
        Ok(())
    }
}

/// The lines of a head, without their ends; a line that ends with something else than CR LF is a violation.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = Result<&'a [u8], Violation>;

    fn next(&mut self) -> Option<Self::Item> {
        let end = self.0.iter().position(|byte| *byte == b'\n')?;
        let line = self.0[..end].strip_suffix(b"\r");
        self.0 = &self.0[end + 1..];
        let sound = line.filter(|line| !line.contains(&b'\r')).ok_or(Violation::LineEnd);
        Some(sound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(head: &str, violation: Violation) {
        let outcome = end(head.as_bytes()).and_then(|_| check(head.as_bytes()).map(|_| ()));
        assert_eq!(outcome, Err(violation), "{head:?}");
    }

    #[test]
    fn a_sound_head_says_what_follows() {
        let head = b"POST /v1/messages HTTP/1.1\r\nHost: api.example.com\r\ncontent-length: 12\r\n\r\n";
        assert_eq!(end(head), Ok(Some(head.len())));
        let expected = Head {
            method: "POST",
            target: "/v1/messages",
            host: Some("api.example.com"),
            agent: None,
            framing: Framing::Length(12),
            upgrades: false,
        };
        assert_eq!(check(head), Ok(expected));
        let chunked = check(b"PUT / HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: Chunked\r\n\r\n").unwrap();
        assert_eq!(chunked.framing, Framing::Chunked);
        assert_eq!(check(b"GET http://a/ HTTP/1.0\r\n\r\n").unwrap().host, None);
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        let field = |field: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n");
        refused(&field("Content-Length: 1\r\nTransfer-Encoding: chunked"), Violation::LengthAndEncoding);
        refused(&field("Transfer-Encoding: chunked\r\nContent-Length: 1"), Violation::LengthAndEncoding);
        refused(&field("Content-Length: 1\r\nContent-Length: 1"), Violation::DoubledLength);
        refused(&field("Content-Length: 1, 1"), Violation::Length);
        refused(&field("Content-Length: +1"), Violation::Length);
        refused(&field("Content-Length: -1"), Violation::Length);
        refused(&field("Content-Length: 0x1"), Violation::Length);
        refused(&field("Content-Length:"), Violation::Length);
        refused(&field("Content-Length: 99999999999999999999"), Violation::Length);
        refused(&field("Transfer-Encoding: gzip, chunked"), Violation::Encoding);
        refused(&field("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), Violation::Encoding);
        refused(&field("Transfer-Encoding: xchunked"), Violation::Encoding);
        refused(&field("Transfer-Encoding: \u{b}chunked"), Violation::Control);
        refused(&field("Transfer-Encoding : chunked"), Violation::Field);
        refused(&field("X: 1\r\n folded"), Violation::Folded);
        refused(&field("X: 1\nY: 2"), Violation::LineEnd);
        refused(&field("X: 1\rY: 2"), Violation::LineEnd);
        refused(&field("X: \0"), Violation::Control);
        refused(&field("Host: b"), Violation::Host);
        refused(&field("no colon"), Violation::Field);
        refused("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", Violation::Encoding);
        refused("GET / HTTP/1.1\r\n\r\n", Violation::Host);
        refused("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", Violation::RequestLine);
        refused("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", Violation::RequestLine);
        refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n", Violation::RequestLine);
        refused("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", Violation::RequestLine);
        for target in ["http://b\\@a/", "http://[b/", "a:b:c", "http:///x"] {
            refused(&format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"), Violation::Target);
        }
        refused(&field(&"A: b\r\n".repeat(MOST_FIELDS)), Violation::Many);
    }

    #[test]
    fn a_first_line_is_judged_before_the_head_is_complete() {
        assert_eq!(check_beginning(b"SSH-2.0-x\r\n"), Err(Violation::RequestLine));
        assert_eq!(check_beginning(b"SSH-2.0-x"), Ok(()));
        assert_eq!(check_beginning(b"CONNECT a.example:443 HTTP/1.1\r\nHo"), Ok(()));
        for target in ["/", "*", "/a?b=[c|d]#e", "http://a/", "a.example:443"] {
            assert_eq!(check_beginning(format!("GET {target} HTTP/1.1\r\n").as_bytes()), Ok(()), "{target}");
        }
    }

    #[test]
    fn a_bare_line_feed_is_found_before_the_head_is_complete() {
        assert_eq!(end(b"GET / HTTP/1.1\nHost"), Err(Violation::LineEnd));
        assert_eq!(end(b"GET / HTTP/1.1\r\nHost"), Ok(None));
    }
}
