//! Who gets in: the host and the origin are checked and the caller is determined, for every route alike.
//!
//! Without login everyone who reaches the server owns it. So it is reached by loopback names only (a page elsewhere
//! that has its own name resolve to 127.0.0.1 sends that name as the host), and changes come from its own pages only.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use octobot_app::ports::Caller;
use octobot_wire::{ProblemKind, UserId};

use super::Web;
use super::failure::Failure;
use crate::problem::problem;

/// Lets a request in with its caller, or refuses it.
pub(super) async fn admit(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let Some(host) = host_of(request.uri(), request.headers()) else {
        return refused("The request names no host, or several.");
    };
    if !is_loopback(&host) {
        return refused("Octobot is reached by the names localhost, 127.0.0.1 and [::1] only.");
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    // A browser sends the origin with each; programs that attach say one as well.
    if request.headers().contains_key(header::UPGRADE) && !request.headers().contains_key(header::ORIGIN) {
        return refused("A connection that is to be upgraded needs an Origin, and it has to be Octobot's own.");
    }
    let changes = changes || request.headers().contains_key(header::UPGRADE);
    if changes && !is_own_origin(request.headers(), &host) {
        return refused("Changes are taken from Octobot's own pages and from programs, not from other sites.");
    }
    let backend = web.services.for_caller(Caller { user_id: UserId::ANONYMOUS });
    request.extensions_mut().insert(backend);
    next.run(request).await
}

fn refused(detail: &str) -> Response {
    Failure(problem(ProblemKind::Forbidden, detail)).into_response()
}

/// The one host that a request names, with its port.
fn host_of(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let mut named = headers.get_all(header::HOST).iter();
    let host = match (named.next(), named.next()) {
        (Some(host), None) => host.to_str().ok()?.to_owned(),
        (None, _) => uri.authority()?.to_string(),
        (Some(_), Some(_)) => return None,
    };
    match uri.authority() {
        Some(authority) if authority.as_str() != host => None,
        _ => Some(host.to_ascii_lowercase()),
    }
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

/// Whether a change comes from this server's own pages, or from a program, which sends no origin.
fn is_own_origin(headers: &HeaderMap, host: &str) -> bool {
    let same_site =
        headers.get("sec-fetch-site").is_none_or(|site| matches!(site.as_bytes(), b"same-origin" | b"none"));
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let same_origin = match (origins.next(), origins.next()) {
        (None, _) => true,
        (Some(origin), None) => {
            origin.to_str().is_ok_and(|origin| origin.eq_ignore_ascii_case(&format!("http://{host}")))
        }
        (Some(_), Some(_)) => false,
    };
    same_site && same_origin
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_loopback_names_are_hosts() {
        for good in ["localhost", "localhost:3000", "127.0.0.1:3000", "[::1]:3000", "[::1]"] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in ["evil.example", "localhost.evil.example:3000", "127.0.0.1.nip.io", "0.0.0.0:3000", "", "[::2]:3000"]
        {
            assert!(!is_loopback(bad), "{bad}");
        }
    }

    #[test]
    fn changes_from_other_origins_are_refused() {
        let with = |name: &'static str, value: &'static str| {
            HeaderMap::from_iter([(header::HeaderName::from_static(name), HeaderValue::from_static(value))])
        };
        assert!(is_own_origin(&HeaderMap::new(), "localhost:3000"));
        assert!(is_own_origin(&with("origin", "http://localhost:3000"), "localhost:3000"));
        assert!(!is_own_origin(&with("origin", "http://localhost:3001"), "localhost:3000"));
        assert!(!is_own_origin(&with("origin", "null"), "localhost:3000"));
        assert!(!is_own_origin(&with("sec-fetch-site", "cross-site"), "localhost:3000"));
    }

    #[test]
    fn a_request_with_two_hosts_names_none() {
        let mut headers = HeaderMap::new();
        headers.append(header::HOST, HeaderValue::from_static("localhost"));
        headers.append(header::HOST, HeaderValue::from_static("evil.example"));
        assert_eq!(host_of(&Uri::from_static("/"), &headers), None);
        headers.remove(header::HOST);
        headers.append(header::HOST, HeaderValue::from_static("localhost"));
        assert_eq!(host_of(&Uri::from_static("http://evil.example/"), &headers), None);
    }
}
