//! The sandbox's token: who has it may do everything, who hasn't nothing.

use std::path::Path;
use std::{fmt, fs, io};

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use subtle::ConstantTimeEq as _;

use crate::api::Api;
use crate::api::problem::ApiError;

/// A shorter token could be guessed.
const SHORTEST: usize = 32;

/// The token.
pub struct Token(String);

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

impl Token {
    /// Reads it from a file; white space around it doesn't count.
    pub fn read(file: &Path) -> Result<Self, TokenError> {
        let token = fs::read_to_string(file)?.trim().to_owned();
        if token.len() < SHORTEST { Err(TokenError::Short) } else { Ok(Self(token)) }
    }

    /// Whether a request carries it. How long this takes doesn't depend on where the two differ.
    fn is_carried_by(&self, request: &Request) -> bool {
        let value = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token =
            value.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        token.is_some_and(|(_, token)| token.as_bytes().ct_eq(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// Lets requests through that carry the token.
pub async fn require(State(api): State<Api>, request: Request, next: Next) -> Response {
    if api.token.is_carried_by(&request) {
        next.run(request).await
    } else {
        ApiError::new(StatusCode::UNAUTHORIZED, "the token is missing or wrong").into_response()
    }
}
