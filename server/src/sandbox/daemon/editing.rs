//! The calls that change the workspace's files.

use std::io;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use octobot_wire::code::{MoveEntry, SearchQuery, Trashed};

use super::{
    ANSWER_TIMEOUT, DaemonClient, DaemonError, LOOK_TIMEOUT, SandboxFile, accepted, empty, encoded, json, problem,
};

/// What a file is written over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// Nothing: there mustn't be anything.
    Nothing,
    /// A file in this state.
    State(String),
}

/// How writing a file ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It is there, in this state.
    Done(String),
    /// The file was in this state instead, or not there, and still is.
    Another(Option<String>),
}

impl DaemonClient {
    /// Reads a file as it is; of a link, the file that it leads to.
    pub async fn content_behind(&self, path: &str) -> Result<SandboxFile, DaemonError> {
        self.read(&format!("/content?path={}&follow=true", encoded(path))).await
    }

    /// Writes a file. Its bytes aren't held in memory.
    pub async fn write(
        &self,
        path: &str,
        over: &Over,
        bytes: impl Stream<Item = io::Result<Bytes>> + Send + Unpin + 'static,
    ) -> Result<Written, DaemonError> {
        let bytes = BodyExt::boxed(StreamBody::new(Alone(Mutex::new(bytes)).map_ok(Frame::data)));
        let (name, value) = match over {
            Over::Nothing => (header::IF_NONE_MATCH, "*".to_owned()),
            Over::State(state) => (header::IF_MATCH, format!("\"{state}\"")),
        };
        let request = Request::builder()
            .method(Method::PUT)
            .uri(format!("/content?path={}", encoded(path)))
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(name, value);
        let answer = self.exchange(request, bytes, LOOK_TIMEOUT).await?;
        if answer.status() == StatusCode::PRECONDITION_FAILED {
            return Ok(Written::Another(state_in(&answer)));
        }
        let answer = accepted(answer).await?;
        state_in(&answer).map(Written::Done).ok_or_else(|| {
            let status = answer.status();
            DaemonError::Refused { status, problem: problem(status, b"") }
        })
    }

    /// Looks for a text in all files: one [`octobot_wire::code::SearchLine`] as JSON a line, as they are found.
    pub async fn search(&self, query: &SearchQuery) -> Result<Incoming, DaemonError> {
        let SearchQuery { q, regex, case } = query;
        let path = format!("/search?q={}&regex={regex}&case={case}", encoded(q));
        Ok(accepted(self.send(Method::GET, &path, empty(), ANSWER_TIMEOUT).await?).await?.into_body())
    }

    /// Makes a folder.
    pub async fn make_folder(&self, path: &str) -> Result<(), DaemonError> {
        let path = format!("/folder?path={}", encoded(path));
        accepted(self.send(Method::PUT, &path, empty(), ANSWER_TIMEOUT).await?).await.map(drop)
    }

    /// Gives a file or folder another path.
    pub async fn move_entry(&self, request: &MoveEntry) -> Result<(), DaemonError> {
        let answer = self.send(Method::POST, "/entries/move", json(request), ANSWER_TIMEOUT).await?;
        accepted(answer).await.map(drop)
    }

    /// Moves a file or folder into the sandbox's trash.
    pub async fn delete_entry(&self, path: &str) -> Result<Trashed, DaemonError> {
        // What was deleted long ago is removed for good then, which takes its time.
        self.call(Method::DELETE, &format!("/entries?path={}", encoded(path)), empty(), LOOK_TIMEOUT).await
    }

    /// Brings back what is in the trash.
    pub async fn restore_entry(&self, trashed: Trashed) -> Result<(), DaemonError> {
        let path = format!("/trash/{}/restore", trashed.number);
        accepted(self.send(Method::POST, &path, empty(), ANSWER_TIMEOUT).await?).await.map(drop)
    }
}

/// The state that an answer's entity tag tells.
pub(super) fn state_in(answer: &http::Response<Incoming>) -> Option<String> {
    let tag = answer.headers().get(header::ETAG)?.to_str().ok()?;
    Some(tag.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

/// A stream that only one thread at a time gets at, as bodies of requests have to be.
struct Alone<S>(Mutex<S>);

impl<S: Stream + Unpin> Stream for Alone<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).poll_next_unpin(context)
    }
}
