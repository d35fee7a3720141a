//! The client of the agent daemon's API, one method per call. The calls are described in [`octobot_wire::daemon`].
//!
//! Each call opens a connection of its own: on a Unix socket that costs some 50 µs, and nothing has to be pooled, kept
//! alive or found broken. No retry belongs here: who calls knows whether to try again.

mod editing;
mod error;
mod events;
mod repository;
mod terminals;

use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use octobot_wire::TurnId;
use octobot_wire::code::{Changes, FileKind, Folder, Rewound};
use octobot_wire::daemon::{
    CodeReceived, DaemonEvent, DaemonProblem, DeliverTurn, FoundFiles, Health, KIND_HEADER, MAX_CONTENT,
    SettingsChanged, TurnDelivered,
};
use octobot_wire::permission::{AnswerPermission, PermissionAnswered};
use octobot_wire::setting::ChangeSetting;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::AsyncRead;
use tokio::time::timeout;
use tokio_util::io::ReaderStream;

use super::Connection;
use super::transport::{self, ConnectError, RequestBody};

pub use editing::{Over, Written};
pub use error::DaemonError;
pub use terminals::{AttachedTerminal, TerminalOutput};

/// How long the daemon may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the daemon may take to answer a call that does next to nothing.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the daemon may take to change a setting, for which it asks the agent.
const SETTING_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the daemon may take to check out the code once it has the whole bundle.
const CODE_TIMEOUT: Duration = Duration::from_mins(10);

/// How long the daemon may take to look at all files of a workspace.
const LOOK_TIMEOUT: Duration = Duration::from_secs(150);

/// The longest answer that is neither a stream nor a file, in bytes: a list of 5,000 files with long paths.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// A file of a sandbox.
#[derive(Debug, Clone)]
pub struct SandboxFile {
    /// What it is.
    pub kind: FileKind,
    /// Tells one content from another; none of a daemon of a former version.
    pub state: Option<String>,
    /// What is in it; of a link, where it leads.
    pub content: Bytes,
}

/// Calls one sandbox's agent daemon.
#[derive(Debug, Clone)]
pub struct DaemonClient {
    connection: Connection,
}

impl DaemonClient {
    /// A client for this connection. Nothing is sent yet.
    pub fn new(connection: Connection) -> Self {
        Self { connection }
    }

    /// Asks how the daemon is.
    pub async fn health(&self) -> Result<Health, DaemonError> {
        self.call(Method::GET, "/health", empty(), ANSWER_TIMEOUT).await
    }

    /// Sends the code as a git bundle, and what is to be called `origin` there. The reader isn't held in memory.
    ///
    /// A daemon that refuses may close the connection before it has read all, and its answer is lost then. So a broken
    /// connection is followed by a look whether the code is there, which is the one reason for refusing.
    pub async fn send_code<R>(&self, bundle: R, origin: Option<&str>) -> Result<CodeReceived, DaemonError>
    where
        R: AsyncRead + Send + Sync + 'static,
    {
        let frames = ReaderStream::with_capacity(bundle, 64 * 1024).map_ok(Frame::data);
        let origin = origin.map(|origin| format!("?origin={}", encoded(origin))).unwrap_or_default();
        let path = format!("/code{origin}");
        let answer = self.call(Method::POST, &path, StreamBody::new(frames).boxed(), CODE_TIMEOUT).await;
        if matches!(answer, Err(DaemonError::Protocol(_))) && self.health().await?.has_code {
            let problem = DaemonProblem { detail: "the workspace already holds code".to_owned() };
            return Err(DaemonError::Refused { status: StatusCode::CONFLICT, problem });
        }
        answer
    }

    /// Delivers a turn. Repeating it is harmless.
    pub async fn deliver(&self, turn: &DeliverTurn) -> Result<TurnDelivered, DaemonError> {
        self.call(Method::POST, "/turns", json(turn), ANSWER_TIMEOUT).await
    }

    /// Begins the prompt of a turn that is held. Where none is held this is harmless.
    pub async fn proceed(&self, turn: TurnId) -> Result<(), DaemonError> {
        let answer = self.send(Method::POST, &format!("/turns/{turn}/proceed"), empty(), ANSWER_TIMEOUT).await?;
        accepted(answer).await.map(drop)
    }

    /// Cancels a turn. Cancelling one that has ended is harmless.
    pub async fn cancel(&self, turn: TurnId) -> Result<(), DaemonError> {
        let answer = self.send(Method::POST, &format!("/turns/{turn}/cancel"), empty(), ANSWER_TIMEOUT).await?;
        accepted(answer).await.map(drop)
    }

    /// Answers a request for permission. The answer says which one counts.
    pub async fn answer_permission(
        &self,
        turn: TurnId,
        part: u32,
        answer: &AnswerPermission,
    ) -> Result<PermissionAnswered, DaemonError> {
        self.call(Method::POST, &format!("/turns/{turn}/permissions/{part}"), json(answer), ANSWER_TIMEOUT).await
    }

    /// Changes a setting of the agent that runs.
    pub async fn change_setting(&self, change: &ChangeSetting) -> Result<SettingsChanged, DaemonError> {
        self.call(Method::POST, "/settings", json(change), SETTING_TIMEOUT).await
    }

    /// Finds files of the workspace by a part of their path.
    pub async fn find_files(&self, name: &str) -> Result<FoundFiles, DaemonError> {
        self.call(Method::GET, &format!("/files?name={}", encoded(name)), empty(), ANSWER_TIMEOUT).await
    }

    /// Asks what differs from what the session started with.
    pub async fn changes(&self) -> Result<Changes, DaemonError> {
        self.call(Method::GET, "/changes", empty(), LOOK_TIMEOUT).await
    }

    /// Asks what a turn changed.
    pub async fn changes_of(&self, turn: TurnId) -> Result<Changes, DaemonError> {
        self.call(Method::GET, &format!("/turns/{turn}/changes"), empty(), LOOK_TIMEOUT).await
    }

    /// Puts the files back to what they were before a turn.
    pub async fn rewind(&self, turn: TurnId) -> Result<Rewound, DaemonError> {
        self.call(Method::POST, &format!("/turns/{turn}/rewind"), empty(), LOOK_TIMEOUT).await
    }

    /// Puts them back to what they were before they were put back.
    pub async fn undo_rewind(&self, number: u32) -> Result<Rewound, DaemonError> {
        self.call(Method::POST, &format!("/rewinds/{number}/undo"), empty(), LOOK_TIMEOUT).await
    }

    /// Lists a folder of the workspace.
    pub async fn folder(&self, path: &str) -> Result<Folder, DaemonError> {
        self.call(Method::GET, &format!("/folder?path={}", encoded(path)), empty(), ANSWER_TIMEOUT).await
    }

    /// Asks for what the session made, as a git bundle.
    pub async fn result(&self) -> Result<Incoming, DaemonError> {
        Ok(accepted(self.send(Method::GET, "/result", empty(), LOOK_TIMEOUT).await?).await?.into_body())
    }

    /// Asks for the workspace as it is, or as it was after a turn or before it, as a git bundle for another sandbox.
    pub async fn fork(&self, turn: Option<TurnId>, before: bool) -> Result<Incoming, DaemonError> {
        let moment = turn.map(|turn| format!("?turn={turn}&before={before}")).unwrap_or_default();
        Ok(accepted(self.send(Method::GET, &format!("/fork{moment}"), empty(), LOOK_TIMEOUT).await?).await?.into_body())
    }

    /// Asks for what the session made, as a patch.
    pub async fn patch(&self) -> Result<Incoming, DaemonError> {
        Ok(accepted(self.send(Method::GET, "/patch", empty(), LOOK_TIMEOUT).await?).await?.into_body())
    }

    /// Reads a file: as it is, or as `at` says (see [`octobot_wire::daemon`]).
    pub async fn content(&self, path: &str, at: Option<&str>) -> Result<SandboxFile, DaemonError> {
        let at = at.map(|at| format!("&at={}", encoded(at))).unwrap_or_default();
        self.read(&format!("/content?path={}{at}", encoded(path))).await
    }

    async fn read(&self, path: &str) -> Result<SandboxFile, DaemonError> {
        let answer = accepted(self.send(Method::GET, path, empty(), LOOK_TIMEOUT).await?).await?;
        let kind = answer.headers().get(KIND_HEADER).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = serde_json::from_value(kind.into()).map_err(DaemonError::Json)?;
        let state = editing::state_in(&answer);
        let most = usize::try_from(MAX_CONTENT).unwrap_or(usize::MAX);
        Ok(SandboxFile { kind, state, content: collect(answer, most).await? })
    }

    /// Follows the event log from after the event with this number, for as long as the sandbox runs.
    ///
    /// Each item holds as many events as had arrived together, so that they can be stored in one transaction.
    pub async fn events(
        &self,
        after: u64,
    ) -> Result<impl Stream<Item = Result<Vec<DaemonEvent>, DaemonError>> + Send + use<>, DaemonError> {
        let answer = self.send(Method::GET, &format!("/events?after={after}"), empty(), ANSWER_TIMEOUT).await?;
        let answer = accepted(answer).await?;
        Ok(events::batches(answer.into_body()))
    }

    /// Sends a request and reads its answer as JSON.
    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: RequestBody,
        answer_timeout: Duration,
    ) -> Result<T, DaemonError> {
        let answer = self.send(method, path, body, answer_timeout).await?;
        let body = collect(accepted(answer).await?, MAX_ANSWER_BYTES).await?;
        serde_json::from_slice(&body).map_err(DaemonError::Json)
    }

    /// Sends a request and waits for the head of its answer.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: RequestBody,
        answer_timeout: Duration,
    ) -> Result<http::Response<Incoming>, DaemonError> {
        let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        self.exchange(request, body, answer_timeout).await
    }

    /// Sends a request with whatever head, to which the token is added, and waits for the head of its answer.
    async fn exchange(
        &self,
        request: http::request::Builder,
        body: RequestBody,
        answer_timeout: Duration,
    ) -> Result<http::Response<Incoming>, DaemonError> {
        let request = request
            .header(header::HOST, "sandbox")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.connection.token.reveal()))
            .body(body)
            .map_err(DaemonError::Request)?;
        let mut sender = timeout(CONNECT_TIMEOUT, transport::connect(&self.connection.endpoint))
            .await
            .map_err(|_| DaemonError::NoAnswer { waited: CONNECT_TIMEOUT })?
            .map_err(|error| match error {
                ConnectError::Unreachable(source) => {
                    DaemonError::Unreachable { endpoint: self.connection.endpoint.to_string(), source }
                }
                ConnectError::Protocol(error) => DaemonError::Protocol(error),
            })?;
        timeout(answer_timeout, sender.send_request(request))
            .await
            .map_err(|_| DaemonError::NoAnswer { waited: answer_timeout })?
            .map_err(DaemonError::Protocol)
    }
}

/// Passes an answer on that the daemon gave gladly, and makes an error of any other.
async fn accepted(answer: http::Response<Incoming>) -> Result<http::Response<Incoming>, DaemonError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let body = collect(answer, MAX_ANSWER_BYTES).await?;
    Err(DaemonError::Refused { status, problem: problem(status, &body) })
}

/// What the daemon says is wrong; a status alone where it says nothing that can be read.
fn problem(status: StatusCode, body: &[u8]) -> DaemonProblem {
    serde_json::from_slice(body)
        .unwrap_or_else(|_| DaemonProblem { detail: format!("the agent daemon answered {status}") })
}

/// Reads a body that isn't a stream.
async fn collect(answer: http::Response<Incoming>, most: usize) -> Result<Bytes, DaemonError> {
    let body = Limited::new(answer.into_body(), most).collect();
    let body = timeout(ANSWER_TIMEOUT, body).await.map_err(|_| DaemonError::NoAnswer { waited: ANSWER_TIMEOUT })?;
    body.map(http_body_util::Collected::to_bytes).map_err(DaemonError::Body)
}

/// A text as a query has it.
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut query = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        write!(query, "%{byte:02X}").expect("writing to a string can't fail");
    }
    query
}

fn empty() -> RequestBody {
    Empty::new().map_err(|never| match never {}).boxed()
}

fn json<T: Serialize>(value: &T) -> RequestBody {
    let text = serde_json::to_vec(value).expect("wire types have string keys and no failing serializers");
    Full::from(text).map_err(|never| match never {}).boxed()
}
