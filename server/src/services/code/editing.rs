//! Changing files by hand: texts are saved only over the state that their editor began with.

use std::io;

use bytes::Bytes;
use futures::Stream;
use http::StatusCode;
use hyper::body::Incoming;
use octobot_app::ports::Caller;
use octobot_wire::code::{FileText, MAX_EDITED, MoveEntry, SaveText, SearchQuery, TextSaved, Trashed};
use octobot_wire::{ProjectId, SessionId};

use tokio::task::spawn_blocking;

use super::CodeService;
use crate::render::markdown::markdown;
use crate::sandbox::{DaemonClient, DaemonError, Over, SandboxFile, Written};
use crate::services::ServiceError;

/// The largest file of Markdown that is rendered, in bytes.
const MOST_PREVIEWED: usize = 1024 * 1024;

/// What came of looking for a text.
#[derive(Debug)]
pub enum Search {
    /// Lines of JSON, as they are found.
    Lines(Incoming),
    /// Why it can't be looked for.
    Refused(String),
}

impl CodeService {
    /// A file to be edited; of a link, the file that it leads to.
    pub async fn text(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        path: &str,
    ) -> Result<FileText, ServiceError> {
        text(&self.sessions.running(caller, project, session).await?, path).await
    }

    /// The bytes of a file; of a link, those of the file that it leads to.
    pub async fn content_behind(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        path: &str,
    ) -> Result<SandboxFile, ServiceError> {
        let daemon = self.sessions.running(caller, project, session).await?;
        daemon.content_behind(path).await.map_err(super::refusal)
    }

    /// Saves a text, unless the file is in another state than the one that it is to take the place of.
    pub async fn save_text(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        request: SaveText,
    ) -> Result<TextSaved, ServiceError> {
        let daemon = self.sessions.running(caller, project, session).await?;
        let SaveText { path, text: content, over } = request;
        let over = over.map_or(Over::Nothing, Over::State);
        let bytes = futures::stream::iter([Ok(Bytes::from(content))]);
        match daemon.write(&path, &over, bytes).await.map_err(refusal)? {
            Written::Done(state) => Ok(TextSaved { state: Some(state), theirs: None }),
            Written::Another(state) => Ok(TextSaved { state, theirs: Some(text(&daemon, &path).await?) }),
        }
    }

    /// A file of Markdown as blocks of sanitised HTML.
    pub async fn preview(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        path: &str,
    ) -> Result<Vec<String>, ServiceError> {
        let file = self.content_behind(caller, project, session, path).await?;
        if file.content.len() > MOST_PREVIEWED {
            return Err(ServiceError::FileTooLarge(format!("at most {MOST_PREVIEWED} bytes of Markdown are shown")));
        }
        let render = move || markdown(&String::from_utf8_lossy(&file.content));
        spawn_blocking(render).await.map_err(|error| ServiceError::Sandbox(Box::new(error)))
    }

    /// Writes the bytes of a file.
    pub async fn write(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        (path, over): (&str, &Over),
        bytes: impl Stream<Item = io::Result<Bytes>> + Send + Unpin + 'static,
    ) -> Result<Written, ServiceError> {
        self.sessions.running(caller, project, session).await?.write(path, over, bytes).await.map_err(refusal)
    }

    /// Looks for a text in all files, as the daemon finds it.
    ///
    /// A text that can't be looked for is no error: somebody is still writing a regular expression.
    pub async fn search(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        query: &SearchQuery,
    ) -> Result<Search, ServiceError> {
        match self.sessions.running(caller, project, session).await?.search(query).await {
            Ok(lines) => Ok(Search::Lines(lines)),
            Err(DaemonError::Refused { status: StatusCode::UNPROCESSABLE_ENTITY, problem }) => {
                Ok(Search::Refused(problem.detail))
            }
            Err(error) => Err(super::refusal(error)),
        }
    }

    /// Makes a folder.
    pub async fn make_folder(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        path: &str,
    ) -> Result<(), ServiceError> {
        self.sessions.running(caller, project, session).await?.make_folder(path).await.map_err(refusal)
    }

    /// Gives a file or folder another path.
    pub async fn move_entry(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        request: MoveEntry,
    ) -> Result<(), ServiceError> {
        self.sessions.running(caller, project, session).await?.move_entry(&request).await.map_err(refusal)
    }

    /// Deletes a file or folder, so that it can be brought back.
    pub async fn delete_entry(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        path: &str,
    ) -> Result<Trashed, ServiceError> {
        self.sessions.running(caller, project, session).await?.delete_entry(path).await.map_err(refusal)
    }

    /// Brings back what was deleted.
    pub async fn restore_entry(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        trashed: Trashed,
    ) -> Result<(), ServiceError> {
        self.sessions.running(caller, project, session).await?.restore_entry(trashed).await.map_err(refusal)
    }
}

async fn text(daemon: &DaemonClient, path: &str) -> Result<FileText, ServiceError> {
    match daemon.content_behind(path).await {
        Ok(SandboxFile { state, content, .. }) => {
            let is_text = content.len() <= MAX_EDITED && !content.contains(&0);
            let text = if is_text { String::from_utf8(content.into()).ok() } else { None };
            Ok(FileText { text, state })
        }
        Err(DaemonError::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(FileText::default()),
        Err(error) => Err(super::refusal(error)),
    }
}

/// What the daemon's refusal to change something means for who asked.
fn refusal(error: DaemonError) -> ServiceError {
    match error {
        DaemonError::Refused {
            status:
                StatusCode::NOT_FOUND
                | StatusCode::CONFLICT
                | StatusCode::UNPROCESSABLE_ENTITY
                | StatusCode::UNSUPPORTED_MEDIA_TYPE
                | StatusCode::INSUFFICIENT_STORAGE,
            problem,
        } => ServiceError::FilesUnchanged(problem.detail),
        error => super::refusal(error),
    }
}
