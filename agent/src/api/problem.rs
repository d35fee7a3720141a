//! The one place that maps failures to status codes and problems.

use std::error::Error;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use octobot_wire::daemon::DaemonProblem;

use crate::acp::SettingError;
use crate::driver::{AskError, DeliverError};
use crate::files::{ChangeError, FileError};
use crate::git::{CodeError, RepositoryError};
use crate::log::FollowError;
use crate::terminal::TerminalError;
use crate::turn::{AnswerError, UnknownTurn};

/// A failure, ready to be answered.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    problem: DaemonProblem,
}

impl ApiError {
    /// A failure that has no type of its own.
    pub fn new(status: StatusCode, detail: &str) -> Self {
        Self { status, problem: DaemonProblem { detail: detail.to_owned() } }
    }

    fn of(status: StatusCode, error: &dyn Error) -> Self {
        let mut detail = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            detail.push_str(": ");
            detail.push_str(&error.to_string());
            source = error.source();
        }
        Self { status, problem: DaemonProblem { detail } }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(self.problem)).into_response()
    }
}

impl From<DeliverError> for ApiError {
    fn from(error: DeliverError) -> Self {
        let status = match &error {
            DeliverError::Busy(_) => StatusCode::CONFLICT,
            DeliverError::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
            DeliverError::Log(log) if log.is_full() => StatusCode::INSUFFICIENT_STORAGE,
            DeliverError::LogStuck => StatusCode::INSUFFICIENT_STORAGE,
            DeliverError::Log(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::of(status, &error)
    }
}

impl From<AskError<UnknownTurn>> for ApiError {
    fn from(error: AskError<UnknownTurn>) -> Self {
        let status = match &error {
            AskError::Refused(UnknownTurn(_)) => StatusCode::NOT_FOUND,
            AskError::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::of(status, &error)
    }
}

impl From<AskError<AnswerError>> for ApiError {
    fn from(error: AskError<AnswerError>) -> Self {
        let status = match &error {
            AskError::Refused(AnswerError::Unknown { .. }) => StatusCode::NOT_FOUND,
            AskError::Refused(_) => StatusCode::BAD_REQUEST,
            AskError::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::of(status, &error)
    }
}

impl From<AskError<SettingError>> for ApiError {
    fn from(error: AskError<SettingError>) -> Self {
        let status = match &error {
            AskError::Refused(SettingError::NotRunning) => StatusCode::CONFLICT,
            AskError::Refused(_) => StatusCode::BAD_REQUEST,
            AskError::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::of(status, &error)
    }
}

impl From<FollowError> for ApiError {
    fn from(error: FollowError) -> Self {
        let status = match &error {
            FollowError::PastEnd { .. } => StatusCode::CONFLICT,
            FollowError::Read(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::of(status, &error)
    }
}

impl From<CodeError> for ApiError {
    fn from(error: CodeError) -> Self {
        let status = match &error {
            CodeError::AlreadyThere
            | CodeError::NotEmpty
            | CodeError::Busy
            | CodeError::NoCode
            | CodeError::NothingNew
            | CodeError::TurnRuns(_) => StatusCode::CONFLICT,
            CodeError::Repository(error) => match error {
                RepositoryError::NoDiscard(_) | RepositoryError::NoBranch(_) => StatusCode::NOT_FOUND,
                RepositoryError::BranchName(_) => StatusCode::UNPROCESSABLE_ENTITY,
                RepositoryError::Message(_) | RepositoryError::NoPaths | RepositoryError::NoSuchLines(_) => {
                    StatusCode::BAD_REQUEST
                }
                _ => StatusCode::CONFLICT,
            },
            CodeError::Upload(_) => StatusCode::BAD_REQUEST,
            CodeError::NoGit => StatusCode::NOT_IMPLEMENTED,
            CodeError::Git { .. } | CodeError::NotUnderstood(_) | CodeError::NoId(_) | CodeError::Slow { .. } => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            CodeError::NoSnapshot | CodeError::NoCommit(_) => StatusCode::NOT_FOUND,
            CodeError::File(error) => of_file(error),
            CodeError::Change(error) => of_change(error),
            CodeError::Files { .. } if error.is_full() => StatusCode::INSUFFICIENT_STORAGE,
            CodeError::Files { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::of(status, &error)
    }
}

impl From<AskError<CodeError>> for ApiError {
    fn from(error: AskError<CodeError>) -> Self {
        match error {
            AskError::Refused(error) => error.into(),
            AskError::ShuttingDown => Self::of(StatusCode::SERVICE_UNAVAILABLE, &error),
        }
    }
}

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> Self {
        Self::of(of_change(&error), &error)
    }
}

fn of_change(error: &ChangeError) -> StatusCode {
    match error {
        ChangeError::Another { .. } => StatusCode::PRECONDITION_FAILED,
        ChangeError::Exists(_) | ChangeError::IntoItself(_) => StatusCode::CONFLICT,
        ChangeError::BadName(_) => StatusCode::UNPROCESSABLE_ENTITY,
        error if error.is_full() => StatusCode::INSUFFICIENT_STORAGE,
        ChangeError::File(error) => of_file(error),
    }
}

fn of_file(error: &FileError) -> StatusCode {
    match error {
        FileError::NotFound(_) => StatusCode::NOT_FOUND,
        FileError::NotRegular(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        FileError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        FileError::Io { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<TerminalError> for ApiError {
    fn from(error: TerminalError) -> Self {
        let status = match &error {
            TerminalError::Unknown(_) => StatusCode::NOT_FOUND,
            TerminalError::TooMany | TerminalError::TooManyReaders | TerminalError::PastEnd { .. } => {
                StatusCode::CONFLICT
            }
            error if error.is_full() => StatusCode::INSUFFICIENT_STORAGE,
            TerminalError::Files(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::of(status, &error)
    }
}

impl From<WebSocketUpgradeRejection> for ApiError {
    fn from(rejection: WebSocketUpgradeRejection) -> Self {
        Self::new(rejection.status(), &rejection.body_text())
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), &rejection.body_text())
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), &rejection.body_text())
    }
}

impl From<PathRejection> for ApiError {
    fn from(rejection: PathRejection) -> Self {
        Self::new(rejection.status(), &rejection.body_text())
    }
}
