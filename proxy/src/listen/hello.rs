//! What the first message of a TLS handshake says of where it wants to go (RFC 8446, section 4.1.2). Pure: bytes in, facts
//! out. It is read before anything is decided, also of connections that are passed on as they are.

/// A longer first message is nothing that a client sends.
const LONGEST: usize = 64 * 1024;

/// The type of a record that holds handshake messages.
const HANDSHAKE: u8 = 0x16;

const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;
const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;

/// The facts of a first message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hello {
    /// The name of the server, as the client wrote it.
    pub server_name: Option<String>,
    /// Whether the client offers HTTP/2.
    pub offers_http2: bool,
    /// Whether the real name may be another one, encrypted for the server.
    pub encrypted: bool,
}

/// Why a first message can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    /// It contradicts the protocol.
    #[error("the TLS handshake is malformed")]
    Malformed,
    /// It doesn't end.
    #[error("the TLS handshake begins with more than {LONGEST} bytes")]
    Long,
}

/// Reads the first message from all bytes so far; `None` while it isn't complete.
pub fn read(bytes: &[u8]) -> Result<Option<Hello>, HelloError> {
    let mut message = Vec::new();
    let mut rest = bytes;
    loop {
        if let [kind, a, b, c, body @ ..] = message.as_slice() {
            let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
            if *kind != 1 {
                return Err(HelloError::Malformed);
            }
            if length > LONGEST {
                return Err(HelloError::Long);
            }
            if let Some(body) = body.get(..length) {
                return facts(body).ok_or(HelloError::Malformed).map(Some);
            }
        }
        match rest {
            [HANDSHAKE, 3, _, high, low, tail @ ..] => {
                let length = usize::from(*high) << 8 | usize::from(*low);
                // RFC 8446, section 5.1: no empty records of handshakes, and none above 2^14 bytes.
                if length == 0 || length > 1 << 14 {
                    return Err(HelloError::Malformed);
                }
                let part = tail.get(..length).unwrap_or(tail);
                message.extend_from_slice(part);
                rest = &tail[part.len()..];
                if part.len() < length && !is_complete(&message) {
                    return Ok(None);
                }
            }
            [] | [HANDSHAKE] | [HANDSHAKE, 3] | [HANDSHAKE, 3, _] | [HANDSHAKE, 3, _, _] => return Ok(None),
            _ => return Err(HelloError::Malformed),
        }
    }
}

fn is_complete(message: &[u8]) -> bool {
    let [_, a, b, c, body @ ..] = message else { return false };
    body.len() >= usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c)
}

fn facts(body: &[u8]) -> Option<Hello> {
    let mut body = Reader(body);
    body.take(2 + 32)?;
    body.vector8()?;
    body.vector16()?;
    body.vector8()?;
    let mut hello = Hello::default();
    if body.0.is_empty() {
        return Some(hello);
    }
    let mut extensions = Reader(body.vector16()?);
    let mut seen = Vec::new();
    while !extensions.0.is_empty() {
        let kind = extensions.u16()?;
        let content = Reader(extensions.vector16()?);
        // A second one of a kind could be read by one side and not by the other.
        if seen.contains(&kind) {
            return None;
        }
        seen.push(kind);
        match kind {
            SERVER_NAME => hello.server_name = Some(server_name(content)?),
            ALPN => hello.offers_http2 = offers_http2(content)?,
            ENCRYPTED_CLIENT_HELLO => hello.encrypted = true,
            _ => {}
        }
    }
    Some(hello)
}

/// RFC 6066, section 3: a list, of which only one host name is ever sent.
fn server_name(mut content: Reader<'_>) -> Option<String> {
    let mut list = Reader(content.vector16()?);
    let kind = list.u8()?;
    let name = list.vector16()?;
    let alone = content.0.is_empty() && list.0.is_empty() && kind == 0 && !name.is_empty();
    if alone { String::from_utf8(name.to_vec()).ok() } else { None }
}

/// RFC 7301, section 3.1.
fn offers_http2(mut content: Reader<'_>) -> Option<bool> {
    let mut list = Reader(content.vector16()?);
    let mut found = false;
    while !list.0.is_empty() {
        found |= list.vector8()? == b"h2";
    }
    Some(found)
}

/// Bytes with the lengths that TLS writes before them.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(length)?;
        self.0 = tail;
        Some(head)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn vector8(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(length.into())
    }

    fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(length.into())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, ClientConnection, RootCertStore};

    use super::*;

    /// What a real client says first.
    fn said_to(host: &str, alpn: &[&[u8]]) -> Vec<u8> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut bytes = Vec::new();
        connection.write_tls(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_real_client_says_where_it_goes() {
        let hello = read(&said_to("api.example.com", &[b"h2", b"http/1.1"])).unwrap().unwrap();
        let expected = Hello { server_name: Some("api.example.com".to_owned()), offers_http2: true, encrypted: false };
        assert_eq!(hello, expected);
        let hello = read(&said_to("127.0.0.1", &[])).unwrap().unwrap();
        assert_eq!(hello, Hello::default());
    }

    #[test]
    fn every_beginning_of_a_hello_asks_for_more() {
        let bytes = said_to("api.example.com", &[b"h2"]);
        for length in 0..bytes.len() {
            assert_eq!(read(&bytes[..length]), Ok(None), "{length}");
        }
    }

    #[test]
    fn a_hello_in_many_records_is_read_like_one() {
        let bytes = said_to("api.example.com", &[b"h2"]);
        let split: Vec<u8> = bytes[5..]
            .chunks(7)
            .flat_map(|part| [&[HANDSHAKE, 3, 1, 0, u8::try_from(part.len()).unwrap()], part].concat())
            .collect();
        assert_eq!(read(&split), read(&bytes));
        assert_eq!(read(&split[..split.len() - 1]), Ok(None));
    }

    #[test]
    fn two_names_are_malformed() {
        let mut bytes = said_to("a.example", &[]);
        let name = b"\x00\x00\x00\x0e\x00\x0c\x00\x00\x09a.example";
        let at = bytes.windows(name.len()).position(|window| window == name).unwrap();
        bytes.splice(at..at, name.iter().copied());
        let added = u16::try_from(name.len()).unwrap();
        // The lengths of the record, of the message and of the extensions.
        let session_id = usize::from(bytes[43]);
        let suites = usize::from(u16::from_be_bytes([bytes[44 + session_id], bytes[45 + session_id]]));
        let extensions = 46 + session_id + suites + 2;
        for at in [3, 7, extensions] {
            let length = u16::from_be_bytes([bytes[at], bytes[at + 1]]) + added;
            bytes[at..at + 2].copy_from_slice(&length.to_be_bytes());
        }
        assert_eq!(read(&bytes), Err(HelloError::Malformed));
    }
}
