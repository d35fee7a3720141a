//! The calls about terminals.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::upgrade::Upgraded;
use octobot_wire::TerminalId;
use octobot_wire::terminal::{KEPT_BYTES, OpenTerminal, RenameTerminal, Terminal, TerminalMatches};
use tokio::time::timeout;

use super::{
    ANSWER_TIMEOUT, DaemonClient, DaemonError, MAX_ANSWER_BYTES, accepted, collect, empty, encoded, json, problem,
};

/// What of a WebSocket's handshake the two ends have to agree on.
const HANDSHAKE: [header::HeaderName; 2] = [header::SEC_WEBSOCKET_KEY, header::SEC_WEBSOCKET_VERSION];

/// A WebSocket to a terminal: its handshake was the caller's, and so are the frames that it carries.
#[derive(Debug)]
pub struct AttachedTerminal {
    /// How the daemon has answered the handshake.
    pub answer: HeaderMap,
    /// The connection from there on.
    pub stream: Upgraded,
}

/// What a terminal has printed, as far as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalOutput {
    /// The number of the first byte.
    pub first: u64,
    /// The bytes.
    pub bytes: Bytes,
}

impl DaemonClient {
    /// The open terminals.
    pub async fn terminals(&self) -> Result<Vec<Terminal>, DaemonError> {
        self.call(Method::GET, "/terminals", empty(), ANSWER_TIMEOUT).await
    }

    /// Opens a terminal. Repeating it is harmless.
    pub async fn open_terminal(&self, request: &OpenTerminal) -> Result<Terminal, DaemonError> {
        self.call(Method::POST, "/terminals", json(request), ANSWER_TIMEOUT).await
    }

    /// Renames a terminal.
    pub async fn rename_terminal(&self, id: TerminalId, request: &RenameTerminal) -> Result<Terminal, DaemonError> {
        self.call(Method::PATCH, &format!("/terminals/{id}"), json(request), ANSWER_TIMEOUT).await
    }

    /// Closes a terminal, with all that runs in it.
    pub async fn close_terminal(&self, id: TerminalId) -> Result<(), DaemonError> {
        let answer = self.send(Method::DELETE, &format!("/terminals/{id}"), empty(), ANSWER_TIMEOUT).await?;
        accepted(answer).await.map(drop)
    }

    /// Looks for a text in what all terminals have printed.
    pub async fn search_terminals(&self, text: &str) -> Result<TerminalMatches, DaemonError> {
        let path = format!("/terminals/search?text={}", encoded(text));
        self.call(Method::GET, &path, empty(), ANSWER_TIMEOUT).await
    }

    /// What a terminal has printed from a byte on, as far as it is kept.
    pub async fn terminal_output(&self, id: TerminalId, after: u64) -> Result<TerminalOutput, DaemonError> {
        let path = format!("/terminals/{id}/output?after={after}");
        let answer = accepted(self.send(Method::GET, &path, empty(), ANSWER_TIMEOUT).await?).await?;
        let first = answer.headers().get("x-offset").and_then(|offset| offset.to_str().ok()?.parse().ok());
        let most = usize::try_from(KEPT_BYTES).unwrap_or(usize::MAX);
        let body = http_body_util::Limited::new(answer.into_body(), most).collect();
        let body = timeout(ANSWER_TIMEOUT, body).await.map_err(|_| DaemonError::NoAnswer { waited: ANSWER_TIMEOUT })?;
        let bytes = body.map_err(DaemonError::Body)?.to_bytes();
        Ok(TerminalOutput { first: first.unwrap_or(after), bytes })
    }

    /// Attaches to a terminal, with the handshake of who wants to.
    pub async fn attach_terminal(
        &self,
        id: TerminalId,
        after: Option<u64>,
        handshake: &HeaderMap,
    ) -> Result<AttachedTerminal, DaemonError> {
        let after = after.map(|after| format!("?after={after}")).unwrap_or_default();
        let mut request = Request::builder()
            .uri(format!("/terminals/{id}/attach{after}"))
            .header(header::CONNECTION, "upgrade")
            .header(header::UPGRADE, "websocket");
        for name in HANDSHAKE {
            if let Some(value) = handshake.get(&name) {
                request = request.header(name, value);
            }
        }
        let mut answer = self.exchange(request, empty(), ANSWER_TIMEOUT).await?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            let status = answer.status();
            let body = collect(answer, MAX_ANSWER_BYTES).await?;
            return Err(DaemonError::Refused { status, problem: problem(status, &body) });
        }
        let stream = hyper::upgrade::on(&mut answer).await.map_err(DaemonError::Protocol)?;
        Ok(AttachedTerminal { answer: std::mem::take(answer.headers_mut()), stream })
    }
}
