//! Why a request isn't passed on, and how that is answered: the only place with status codes for it.

use http::{HeaderName, HeaderValue, Response, StatusCode, Version, header};
use hyper::ext::ReasonPhrase;
use serde::Serialize;

use super::{AnswerBody, Reader, grpc};
use crate::listen::Violation;
use crate::log::{Decision, Entry};
use crate::policy::{Denial, HostError};
use crate::upstream::{ResolveError, SendError};

/// Names the rule that refused a request.
const RULE: HeaderName = HeaderName::from_static("x-octobot-proxy-rule");

/// How it is told to programs (RFC 9457).
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// How it is told to people.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// How much of a reason stands beside the status, in characters.
const LONGEST_PHRASE: usize = 200;

/// Why a request isn't passed on. No variant has anything of the request's headers in it.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The policy refuses it.
    #[error("the network policy doesn't allow this: {0}")]
    Denied(Denial),
    /// It could be understood in more than one way.
    #[error("the request is malformed: {0}")]
    Malformed(Violation),
    /// Its host isn't one.
    #[error("the request's host can't be used: {0}")]
    Host(HostError),
    /// It names no host.
    #[error("the request names no host")]
    NoHost,
    /// It names several hosts.
    #[error("the request's target, its Host and its connection don't agree about where it goes")]
    Disagreement,
    /// It isn't one to a proxy.
    #[error("this is a proxy: a request has to name its host, as in GET http://host/path")]
    NotAProxyRequest,
    /// It isn't HTTP.
    #[error("only http and https are spoken")]
    Scheme,
    /// Its path isn't one.
    #[error("the request's path can't be used")]
    Path,
    /// CONNECT within a connection.
    #[error("CONNECT has to be the first request of a connection, and not within another one")]
    Connect,
    /// TRACE, or what some call it.
    #[error("TRACE isn't passed on, as it would echo what is injected")]
    Trace,
    /// The method that stands for requests that were refused.
    #[error("the request's method is the proxy's own")]
    Reserved,
    /// The name has no address.
    #[error("the host can't be found: {0}")]
    Unresolved(#[source] ResolveError),
    /// The host doesn't answer.
    #[error("{0}")]
    Unsent(#[source] SendError),
    /// The host's answer makes no sense.
    #[error("the host changed the protocol to another one than it was asked for")]
    BadAnswer,
}

/// How a refusal is told (RFC 9457).
#[derive(Debug, Serialize)]
struct Problem<'a> {
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Denied(_) => StatusCode::FORBIDDEN,
            Self::Malformed(Violation::Slow) => StatusCode::REQUEST_TIMEOUT,
            Self::Malformed(Violation::Long | Violation::Many) => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Disagreement => StatusCode::MISDIRECTED_REQUEST,
            Self::Trace => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unresolved(ResolveError::Late) | Self::Unsent(SendError::Late) => StatusCode::GATEWAY_TIMEOUT,
            Self::Unresolved(_) | Self::Unsent(_) | Self::BadAnswer => StatusCode::BAD_GATEWAY,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn decision(&self) -> Decision {
        match self {
            Self::Denied(_) => Decision::Deny,
            Self::Unresolved(_) | Self::Unsent(_) | Self::BadAnswer => Decision::Fail,
            _ => Decision::Refuse,
        }
    }

    /// Notes the refusal and returns its answer to a request.
    pub fn answer(&self, mut entry: Entry, version: Version, reader: Reader) -> Response<AnswerBody> {
        let (status, text) = self.note(&mut entry);
        let mut response = match reader {
            Reader::Call => grpc::failure(status, &self.to_string()).map(|()| AnswerBody::empty()),
            Reader::Git => {
                let text = format!("{self}\n");
                self.explained(status, version, TEXT).map(|()| AnswerBody::of_proxy(text, entry))
            }
            Reader::Other => self.explained(status, version, PROBLEM).map(|()| AnswerBody::of_proxy(text, entry)),
        };
        if let Self::Denied(denial) = self
            && let Ok(rule) = HeaderValue::from_str(denial.rule.as_str())
        {
            response.headers_mut().insert(RULE, rule);
        }
        response
    }

    /// The head of an answer that explains itself in its body.
    fn explained(&self, status: StatusCode, version: Version, content: HeaderValue) -> Response<()> {
        let mut response = Response::new(());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, content);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // What follows an unclear request can't be trusted to be one.
        if version != Version::HTTP_2 && self.decision() == Decision::Refuse {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Ok(phrase) = ReasonPhrase::try_from(self.phrase()) {
            response.extensions_mut().insert(phrase);
        }
        response
    }

    /// The answer to CONNECT, which nothing follows.
    pub fn answer_to_connect(&self, entry: &mut Entry) -> Vec<u8> {
        let (status, text) = self.note(entry);
        let rule = match self {
            Self::Denied(denial) => format!("{RULE}: {}\r\n", denial.rule),
            _ => String::new(),
        };
        format!(
            "HTTP/1.1 {} {}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n{rule}connection: \
             close\r\n\r\n{text}",
            status.as_u16(),
            self.phrase(),
            text.len()
        )
        .into_bytes()
    }

    /// What stands beside the status (RFC 9112, section 4). npm, pip, wget, apt, Java and what is written in Go show it, and
    /// of an answer to CONNECT nothing else.
    fn phrase(&self) -> String {
        let text = self.to_string();
        let shown = text.chars().map(|letter| if matches!(letter, ' '..='~') { letter } else { '?' });
        shown.take(LONGEST_PHRASE).collect()
    }

    /// Notes the refusal in a record.
    pub fn note(&self, entry: &mut Entry) -> (StatusCode, String) {
        let status = self.status();
        let detail = self.to_string();
        let rule = match self {
            Self::Denied(denial) => Some(denial.rule.as_str()),
            _ => None,
        };
        entry.status(status.as_u16()).decide(self.decision(), rule.unwrap_or(&detail));
        let title = match self.decision() {
            Decision::Deny => "Denied by the network policy",
            Decision::Fail => "The host can't be reached",
            _ => "The request is refused",
        };
        let problem = Problem { title, status: status.as_u16(), detail: &detail, rule };
        (status, serde_json::to_string(&problem).expect("a problem is plain data"))
    }
}
