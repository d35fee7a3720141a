//! What a refusal says to a client of gRPC, which shows its user no body and little of a status of HTTP. Pure.

use std::fmt::Write as _;

use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Version, header};

const CONTENT: &str = "application/grpc";
const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// Whether a request is a call.
pub fn is_call<B>(request: &Request<B>) -> bool {
    let content = request.headers().get(header::CONTENT_TYPE).and_then(|content| content.to_str().ok());
    let more = content.and_then(|content| content.strip_prefix(CONTENT));
    request.version() == Version::HTTP_2 && more.is_some_and(|more| more.is_empty() || more.starts_with(['+', ';']))
}

/// Says why a call fails: what a host would say after its answer, and nothing before it. HTTP succeeds then.
pub fn failure(status: StatusCode, detail: &str) -> Response<()> {
    let mut response = Response::new(());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT));
    headers.insert(STATUS, HeaderValue::from_static(code(status)));
    if let Ok(message) = HeaderValue::from_str(&encoded(detail)) {
        headers.insert(MESSAGE, message);
    }
    response
}

/// The code that clients would take a status for (`doc/http-grpc-status-mapping.md` of gRPC).
fn code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "13",
        StatusCode::FORBIDDEN => "7",
        StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => "14",
        _ => "2",
    }
}

/// A message has all but printable ASCII encoded, and the sign that encodes (`doc/PROTOCOL-HTTP2.md` of gRPC).
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'%' | ..b' ' | 0x7f.. => write!(encoded, "%{byte:02X}").expect("a string takes everything"),
            _ => encoded.push(byte.into()),
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_known_by_their_content() {
        let is_call = |version, content: &str| {
            let request = Request::builder().version(version).header(header::CONTENT_TYPE, content);
            is_call(&request.body(()).unwrap())
        };
        for (content, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc-web", false),
            ("a", false),
        ] {
            assert_eq!(is_call(Version::HTTP_2, content), expected, "{content}");
            assert!(!is_call(Version::HTTP_11, content), "{content}");
        }
    }

    #[test]
    fn a_call_hears_why_it_fails_in_its_own_terms() {
        let failure = failure(StatusCode::FORBIDDEN, "100 % \"ü\"\r\nx: y");
        assert_eq!(failure.status(), StatusCode::OK);
        assert_eq!(failure.headers()[STATUS], "7");
        assert_eq!(failure.headers()[MESSAGE], "100 %25 \"%C3%BC\"%0D%0Ax: y");
    }
}
