//! How a call fails: with the same problem that REST answers with, whatever it was that went wrong.

use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use octobot_wire::{Problem, ProblemKind};
use serde::{Deserialize, Serialize};

use super::encoding::TextJson;

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(transparent)]
#[error(transparent)]
pub struct Failure(pub Problem);

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}

impl FromServerFnError for Failure {
    type Encoder = TextJson;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let (kind, status, title, detail) = match &error {
            ServerFnErrorErr::Request(_) => (
                ProblemKind::Unavailable,
                503,
                "The server can't be reached.",
                "Check that it runs and that you are online, then try again.".to_owned(),
            ),
            ServerFnErrorErr::Args(reason) | ServerFnErrorErr::MissingArg(reason) => {
                (ProblemKind::Invalid, 400, "The request can't be understood.", reason.clone())
            }
            ServerFnErrorErr::Deserialization(_) => (
                ProblemKind::Internal,
                502,
                "The answer can't be understood.",
                "The page and the server may differ in version. Reload the page.".to_owned(),
            ),
            ServerFnErrorErr::Registration(_)
            | ServerFnErrorErr::UnsupportedRequestMethod(_)
            | ServerFnErrorErr::ServerError(_)
            | ServerFnErrorErr::MiddlewareError(_)
            | ServerFnErrorErr::Serialization(_)
            | ServerFnErrorErr::Response(_) => {
                (ProblemKind::Internal, 500, "Something went wrong on the server.", error.to_string())
            }
        };
        Self(Problem { kind, title: title.to_owned(), detail, status, request_id: None, errors: Vec::new() })
    }
}

/// Turns a port's answer into a call's, and gives the HTTP answer the problem's status.
#[cfg(feature = "ssr")]
pub(super) async fn answer<T>(answer: crate::ports::Answer<'_, T>) -> Result<T, Failure> {
    let status = leptos::prelude::use_context::<std::sync::Arc<dyn crate::ports::AnswerStatus>>();
    answer.await.map_err(|problem| {
        if let Some(status) = status {
            status.set(problem.status);
        }
        Failure(problem)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_survives_the_way_to_the_browser() {
        let failure = Failure(Problem {
            kind: ProblemKind::Conflict,
            title: "It can't be done now.".to_owned(),
            detail: "Another turn runs.".to_owned(),
            status: 409,
            request_id: Some("r1".to_owned()),
            errors: Vec::new(),
        });
        assert_eq!(Failure::de(failure.ser()), failure);
    }

    #[test]
    fn an_answer_that_is_no_problem_says_to_reload() {
        let failure = Failure::de(b"<html>".as_slice().into());
        assert_eq!(failure.0.kind, ProblemKind::Internal);
        assert!(failure.0.detail.contains("Reload"));
    }
}
