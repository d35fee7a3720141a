//! What handlers take from a request, with rejections that are problems.

use std::str::FromStr;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use octobot_app::ports;
use octobot_wire::ProblemKind;
use serde::de::DeserializeOwned;

use super::MAX_BODY_BYTES;
use super::failure::Failure;
use crate::problem::problem;

/// The ports with the caller that the guard determined.
pub(super) struct Backend(pub(super) ports::Backend);

impl<S: Sync> FromRequestParts<S> for Backend {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let backend = parts.extensions.get::<ports::Backend>().cloned();
        backend
            .map(Self)
            .ok_or_else(|| problem(ProblemKind::Unauthenticated, "Nobody vouches for this request.").into())
    }
}

/// A JSON body.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let body = to_bytes(request.into_body(), MAX_BODY_BYTES)
            .await
            .map_err(|_| problem(ProblemKind::TooLarge, format!("A request may have {MAX_BODY_BYTES} bytes.")))?;
        let value = serde_json::from_slice(&body).map_err(|error| {
            problem(ProblemKind::Invalid, format!("The body isn't the JSON that is expected: {error}."))
        })?;
        Ok(Self(value))
    }
}

/// Ids from the path. An id that can't be one is answered like an id of nothing.
pub(super) struct Ids<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Sync + Send> FromRequestParts<S> for Ids<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(ids)) => Ok(Self(ids)),
            Err(_) => Err(problem(ProblemKind::NotFound, "There is nothing at this address.").into()),
        }
    }
}

/// Parameters from the query.
pub(super) struct Parameters<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync + Send> FromRequestParts<S> for Parameters<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(error) => {
                Err(problem(ProblemKind::Invalid, format!("The query isn't valid: {}.", error.body_text())).into())
            }
        }
    }
}

/// A header's value, parsed; `None` when it is missing or can't be.
pub(super) fn header<T: FromStr>(parts: &axum::http::HeaderMap, name: &str) -> Option<T> {
    parts.get(name)?.to_str().ok()?.parse().ok()
}
