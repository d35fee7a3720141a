//! Who reads a refusal, and what of it they show to their user. Pure.

use http::{Request, header};

use super::grpc;

/// What of an answer is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A call of gRPC: its own status.
    Call,
    /// git: a body of plain text (`show_http_message` in its `remote-curl.c`).
    Git,
    /// Others: the reason phrase, the body, or whatever they make of it.
    Other,
}

/// Programs that show the status alone when CONNECT is refused, and the body when what they ask for within is: libcurl tells them no
/// more. By how their `User-Agent` begins.
const DEAF_TO_CONNECT: [&str; 3] = ["cargo/", "curl/", "git/"];

impl Reader {
    /// Who sent a request.
    pub fn of<B>(request: &Request<B>) -> Self {
        let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        if grpc::is_call(request) {
            Self::Call
        } else if agent.is_some_and(|agent| agent.starts_with("git/")) {
            Self::Git
        } else {
            Self::Other
        }
    }
}

/// Whether a program with this `User-Agent` hears no reason when CONNECT is refused.
pub fn is_deaf_to_connect(agent: &str) -> bool {
    DEAF_TO_CONNECT.iter().any(|name| agent.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_known_by_their_name_at_its_beginning() {
        let reader = |agent: &str| Reader::of(&Request::builder().header(header::USER_AGENT, agent).body(()).unwrap());
        assert_eq!(reader("git/2.47.3"), Reader::Git);
        assert_eq!(reader("libgit/1 git/2"), Reader::Other);
        assert_eq!(Reader::of(&Request::new(())), Reader::Other);
        assert!(
            ["git/2.47.3", "curl/8.14.1", "cargo/1.95.0 (f2d3ce0bd 2026-03-21)"].into_iter().all(is_deaf_to_connect)
        );
        assert!(!["", "Wget/1.25.0", "Go-http-client/1.1", "x curl/8"].into_iter().any(is_deaf_to_connect));
    }
}
