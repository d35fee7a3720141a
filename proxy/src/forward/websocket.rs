//! The one protocol that a connection may be changed to (RFC 6455, section 4). Pure.
//!
//! Any other, HTTP/2 among them, would be requests that nobody judges. So both sides have to mean a WebSocket: the client
//! by asking for nothing else, the host by the proof that it has understood. A GET that the policy allows may become one
//! under rules about methods and paths too: it is the request that is judged, and its frames are what it answers with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use sha1::{Digest as _, Sha1};

/// What is asked for.
const WEBSOCKET: &str = "websocket";

/// What a host puts behind the client's key (RFC 6455, section 1.3).
const PROOF: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What a client asked for, and what has to come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    accept: String,
}

impl Handshake {
    /// What a request asks for, if it is a WebSocket and nothing else.
    pub fn of<B>(request: &Request<B>) -> Option<Self> {
        if request.method() != Method::GET || request.version() != Version::HTTP_11 {
            return None;
        }
        let headers = request.headers();
        let connection = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
        let mut options = connection.flat_map(|value| value.split(','));
        if !options.any(|option| option.trim().eq_ignore_ascii_case("upgrade")) || !is_websocket(headers) {
            return None;
        }
        let key = only(headers, header::SEC_WEBSOCKET_KEY)?;
        let digest = Sha1::new().chain_update(key.as_bytes()).chain_update(PROOF).finalize();
        Some(Self { accept: STANDARD.encode(digest) })
    }

    /// Asks the host for it, in the proxy's own words.
    pub fn ask(headers: &mut HeaderMap) {
        headers.insert(header::UPGRADE, HeaderValue::from_static(WEBSOCKET));
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    }

    /// Whether the host has agreed to it.
    pub fn is_agreed<B>(&self, response: &Response<B>) -> bool {
        let accept = only(response.headers(), header::SEC_WEBSOCKET_ACCEPT);
        response.status() == StatusCode::SWITCHING_PROTOCOLS
            && is_websocket(response.headers())
            && accept.is_some_and(|accept| accept.as_bytes() == self.accept.as_bytes())
    }
}

fn is_websocket(headers: &HeaderMap) -> bool {
    only(headers, header::UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(WEBSOCKET.as_bytes()))
}

/// The value of a header that is there once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    fn asked(upgrades: &[&str]) -> Option<Handshake> {
        let mut request =
            Request::get("/").header("connection", "keep-alive, Upgrade").header("sec-websocket-key", KEY);
        for upgrade in upgrades {
            request = request.header("upgrade", *upgrade);
        }
        Handshake::of(&request.body(()).unwrap())
    }

    fn agreed(upgrades: &[&str], accept: &str) -> bool {
        let mut response = Response::builder().status(101).header("sec-websocket-accept", accept);
        for upgrade in upgrades {
            response = response.header("upgrade", *upgrade);
        }
        asked(&["websocket"]).unwrap().is_agreed(&response.body(()).unwrap())
    }

    #[test]
    fn a_client_asks_for_a_websocket_and_nothing_else() {
        assert!(asked(&["WebSocket"]).is_some());
        for other in [&["h2c"][..], &["h2c", "websocket"], &["websocket", "websocket"], &["websocket, h2c"], &[]] {
            assert_eq!(asked(other), None, "{other:?}");
        }
        let post = Request::post("/").header("connection", "upgrade").header("upgrade", "websocket");
        assert_eq!(Handshake::of(&post.header("sec-websocket-key", KEY).body(()).unwrap()), None);
    }

    #[test]
    fn a_host_agrees_with_the_proof_of_rfc_6455() {
        let proof = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
        assert!(agreed(&["websocket"], proof));
        assert!(!agreed(&["websocket"], KEY));
        assert!(!agreed(&["h2c"], proof));
        assert!(!agreed(&["h2c", "websocket"], proof));
        assert!(!agreed(&[], proof));
    }
}
