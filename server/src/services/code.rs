//! The code of sessions: what changed, and files to look at. The agent daemon knows it, so it is there while the sandbox runs.

mod applying;
mod asking;
mod branches;
mod editing;
mod held;
mod hunks;
mod lines;
mod pull_requests;
mod pushing;
mod repository;
mod rewinding;
mod saving;
mod staging;
mod view;

use std::ops::Range;
use std::sync::Arc;

use http::StatusCode;
use octobot_app::ports::Caller;
use octobot_wire::code::{ChangeKind, ChangedFile, Changes, CodeView, DiffQuery, FileQuery, Folder};
use octobot_wire::daemon::{AT_START, TurnSide, turn_ref};
use octobot_wire::{ProjectId, SessionId, TurnId};

pub use self::editing::Search;
use self::held::Held;
pub use self::pull_requests::InvalidPullRequest;
pub(super) use self::saving::received;
use super::{Core, ServiceError, SessionService};
use crate::forge::Forges;
use crate::sandbox::{DaemonClient, DaemonError, SandboxFile};

/// See the module.
#[derive(Clone)]
pub struct CodeService {
    core: Arc<Core>,
    sessions: Arc<SessionService>,
    held: Arc<Held>,
    forges: Forges,
}

impl CodeService {
    /// Works on `core` with the sandboxes that `sessions` knows, and speaks to `forges`.
    pub fn new(core: Arc<Core>, sessions: Arc<SessionService>, forges: Forges) -> Self {
        Self { core, sessions, held: Arc::default(), forges }
    }

    /// What a session has changed since it started, or what one of its turns did.
    pub async fn changes(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        turn: Option<TurnId>,
    ) -> Result<Changes, ServiceError> {
        changes(&self.sessions.running(caller, project, session).await?, turn).await
    }

    /// What is in a folder of a session's workspace.
    pub async fn folder(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        path: &str,
    ) -> Result<Folder, ServiceError> {
        self.sessions.running(caller, project, session).await?.folder(path).await.map_err(refusal)
    }

    /// The bytes of a file.
    pub async fn content(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        path: &str,
        at: Option<&str>,
    ) -> Result<SandboxFile, ServiceError> {
        self.sessions.running(caller, project, session).await?.content(path, at).await.map_err(refusal)
    }

    /// Lines of a file; nothing is seen of one that isn’t there.
    pub async fn file(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        query: FileQuery,
    ) -> Result<CodeView, ServiceError> {
        let daemon = self.sessions.running(caller, project, session).await?;
        let side = side(&daemon, &query.path, query.at.as_deref()).await?;
        view::file(query, side).await
    }

    /// Rows of the difference between a file as it was when the session started, or before a turn, and as it is, or was after it.
    pub async fn diff(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        query: DiffQuery,
    ) -> Result<CodeView, ServiceError> {
        let open = opened(&query.open)?;
        let daemon = self.sessions.running(caller, project, session).await?;
        match self.comparison(&daemon, session, &query.path, query.turn).await? {
            Some((file, comparison)) => {
                let is_past = query.turn.is_some() && !is_now(&daemon, &query.path, &comparison).await?;
                let view = view::diff(query, open, file, comparison).await?;
                Ok(CodeView { is_past, ..view })
            }
            None => Ok(view::unchanged()),
        }
    }

    /// Both states of a file, compared; none of one that doesn't differ.
    async fn comparison(
        &self,
        daemon: &DaemonClient,
        session: SessionId,
        path: &str,
        turn: Option<TurnId>,
    ) -> Result<Option<(ChangedFile, Arc<view::Compared>)>, ServiceError> {
        let changes = changes(daemon, turn).await?;
        let Some(file) = changes.files.into_iter().find(|file| file.path == path) else { return Ok(None) };
        let comparison = if let Some(held) = self.held.get(session, &file) {
            held
        } else {
            let comparison = Arc::new(compared(daemon, &file, turn).await?);
            self.held.put(session, &file, comparison.clone());
            comparison
        };
        Ok(Some((file, comparison)))
    }
}

async fn changes(daemon: &DaemonClient, turn: Option<TurnId>) -> Result<Changes, ServiceError> {
    let changes = match turn {
        Some(turn) => daemon.changes_of(turn).await,
        None => daemon.changes().await,
    };
    changes.map_err(|error| if turn.is_some() { of_turn(error) } else { refusal(error) })
}

/// One state of a file.
#[derive(Debug, Clone)]
enum Side {
    /// It isn't there.
    Nothing,
    /// There is more than is shown.
    TooLarge,
    /// It is no file.
    NoFile,
    /// It is there.
    File(SandboxFile),
}

/// What the files were before: when the session started, or before a turn.
fn before(turn: Option<TurnId>) -> String {
    turn.map_or_else(|| AT_START.to_owned(), |turn| turn_ref(turn, TurnSide::Before))
}

/// Both states of a changed file, compared as far as that can be.
async fn compared(
    daemon: &DaemonClient,
    file: &ChangedFile,
    turn: Option<TurnId>,
) -> Result<view::Compared, ServiceError> {
    let before = before(turn);
    let after = turn.map(|turn| turn_ref(turn, TurnSide::After));
    let was_at = file.old_path.as_deref().unwrap_or(&file.path);
    let old = async {
        if file.change == ChangeKind::Added { Ok(Side::Nothing) } else { side(daemon, was_at, Some(&before)).await }
    };
    let new = async {
        if file.change == ChangeKind::Removed {
            Ok(Side::Nothing)
        } else {
            side(daemon, &file.path, after.as_deref()).await
        }
    };
    let (old, new) = tokio::try_join!(old, new)?;
    view::compare(file.path.clone(), old, new).await
}

/// Whether a file is as the new side of a comparison has it.
async fn is_now(daemon: &DaemonClient, path: &str, compared: &view::Compared) -> Result<bool, ServiceError> {
    Ok(view::state(&side(daemon, path, None).await?).as_deref() == compared.state())
}

async fn side(daemon: &DaemonClient, path: &str, at: Option<&str>) -> Result<Side, ServiceError> {
    match daemon.content(path, at).await {
        Ok(file) => Ok(Side::File(file)),
        Err(DaemonError::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(Side::Nothing),
        Err(DaemonError::Refused { status: StatusCode::PAYLOAD_TOO_LARGE, .. }) => Ok(Side::TooLarge),
        Err(DaemonError::Refused { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, .. }) => Ok(Side::NoFile),
        Err(error) => Err(refusal(error)),
    }
}

/// Reads ranges of line numbers: `12-40,80-90`.
fn opened(text: &str) -> Result<Vec<Range<u32>>, ServiceError> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-')?;
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        Some(first.checked_sub(1)?..last)
    };
    let parts = text.split(',').filter(|part| !part.is_empty());
    parts.map(|part| range(part).ok_or(ServiceError::LinesNotUnderstood)).collect()
}

/// What the daemon's refusal means for who asked about a turn.
pub(super) fn of_turn(error: DaemonError) -> ServiceError {
    match error {
        DaemonError::Refused { status: StatusCode::NOT_FOUND, .. } => ServiceError::NoSnapshot,
        error => refusal(error),
    }
}

/// What the daemon's refusal means for who asked.
fn refusal(error: DaemonError) -> ServiceError {
    match error {
        DaemonError::Refused { status: StatusCode::NOT_FOUND, .. } => ServiceError::NotFound("file or folder"),
        DaemonError::Refused {
            status: StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::UNSUPPORTED_MEDIA_TYPE,
            problem,
        } => ServiceError::Code(problem.detail),
        DaemonError::Refused { status: StatusCode::PAYLOAD_TOO_LARGE, problem } => {
            ServiceError::FileTooLarge(problem.detail)
        }
        error => ServiceError::Sandbox(Box::new(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_lines_are_read_and_nothing_else() {
        assert_eq!(opened("").unwrap(), []);
        assert_eq!(opened("1-3,20-4294967295").unwrap(), [0..3, 19..u32::MAX]);
        for text in ["1", "0-3", "a-b", "1-2;3-4", "1--2", "1-99999999999"] {
            assert!(opened(text).is_err(), "{text}");
        }
    }
}
