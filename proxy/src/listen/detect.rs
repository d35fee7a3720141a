//! Which protocol a connection speaks, from its first bytes. Pure and incremental: more bytes never change an answer.

/// How an HTTP/2 connection begins that was agreed on beforehand (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detected {
    /// A TLS handshake (RFC 8446, section 5.1).
    Tls,
    /// SOCKS, version 5 (RFC 1928).
    Socks5,
    /// HTTP/1.
    Http1,
    /// HTTP/2 without TLS.
    Http2,
    /// Nothing that is spoken here.
    Unknown,
}

/// What `first`, the bytes so far, are the beginning of; `None` while that is open. Never asks for more than 24 bytes.
pub fn detect(first: &[u8]) -> Option<Detected> {
    match first {
        [] | [0x16] => None,
        [0x16, 3, ..] => Some(Detected::Tls),
        [5, ..] => Some(Detected::Socks5),
        [b'P', ..] => method_or_preface(first),
        [byte, ..] if is_token(*byte) => Some(Detected::Http1),
        _ => Some(Detected::Unknown),
    }
}

/// `POST`, `PUT`, `PATCH` and `PROPFIND` begin like the preface.
fn method_or_preface(first: &[u8]) -> Option<Detected> {
    let length = first.len().min(PREFACE.len());
    match first[..length] == PREFACE[..length] {
        true if length == PREFACE.len() => Some(Detected::Http2),
        true => None,
        false => Some(Detected::Http1),
    }
}

/// Whether a byte may stand in a method or in a field's name (RFC 9110, section 5.6.2).
pub fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(first: &[u8], expected: Option<Detected>) {
        assert_eq!(detect(first), expected, "{:?}", String::from_utf8_lossy(first));
    }

    #[test]
    fn a_protocol_is_known_by_its_first_bytes() {
        check(b"", None);
        check(b"\x16", None);
        check(b"\x16\x03", Some(Detected::Tls));
        check(b"\x16\x02", Some(Detected::Unknown));
        check(b"\x05", Some(Detected::Socks5));
        check(b"\x04", Some(Detected::Unknown));
        check(b"G", Some(Detected::Http1));
        check(b"CONNECT", Some(Detected::Http1));
        check(b"\r\nGET", Some(Detected::Unknown));
        check(b"P", None);
        check(b"PO", Some(Detected::Http1));
        check(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", None);
        check(PREFACE, Some(Detected::Http2));
        check(b"PRI * HTTP/2.0\r\n\r\nXX", Some(Detected::Http1));
    }

    #[test]
    fn more_bytes_never_change_an_answer() {
        for whole in [PREFACE, b"PROPFIND / HTTP/1.1\r\n", b"\x16\x03\x01\x02\x00\x01", b"\x05\x01\x00", b"\x80abc"] {
            let answer = detect(whole);
            assert!((0..whole.len()).filter_map(|length| detect(&whole[..length])).all(|early| Some(early) == answer));
        }
    }
}
