//! The API's token: who has it may do everything, who hasn't only ask for the health.

use std::path::Path;
use std::{fs, io};

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::Control;
use super::answer::Problem;
use crate::secret::Secret;

/// A shorter token could be guessed.
const SHORTEST: usize = 32;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file can't be read.
    #[error("its file can't be read")]
    Read(#[from] io::Error),
    /// It could be guessed.
    #[error("it must have at least {SHORTEST} characters")]
    Short,
}

/// The token in a file, or else one that was given otherwise. White space around it doesn't count.
pub fn read_token(file: Option<&Path>, given: Option<String>) -> Result<Option<Secret>, TokenError> {
    let token = match file {
        Some(file) => Some(fs::read_to_string(file)?),
        None => given,
    };
    let Some(token) = token else { return Ok(None) };
    let token = token.trim();
    if token.len() < SHORTEST { Err(TokenError::Short) } else { Ok(Some(Secret::new(token.to_owned()))) }
}

/// Lets requests through that carry the token.
pub async fn require(State(control): State<Control>, request: Request, next: Next) -> Response {
    let value = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let carried =
        value.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match (&control.token, carried) {
        (Some(token), Some((_, carried))) if token.is(carried) => next.run(request).await,
        (Some(_), _) => Problem::new(StatusCode::UNAUTHORIZED, "the token is missing or wrong").into_response(),
        (None, _) => Problem::new(StatusCode::FORBIDDEN, "the proxy was started without a token").into_response(),
    }
}
