//! Forges, spoken to over their APIs: pull requests are found, opened and closed. What the dialects differ in stands in
//! `github` and `gitlab`, which are pure.
//!
//! A key goes to the API of the site that it is for and is taken along by no redirect, and what an API answers is data of a stranger's:
//! read up to a length, shown as text, and no address in it is followed or linked.

mod github;
mod gitlab;

use std::fmt::{self, Write as _};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use octobot_wire::code::pull_request::{Forge, OpenPullRequest, PullRequestState};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use crate::domain::forge::ForgeRepository;
use crate::outgoing::{Outgoing, innermost};

/// How long an API may take to answer: opening a pull request takes them seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer of so many bytes is read, and no longer one.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// So much of what an API says is shown to people.
const MOST_CHARACTERS: usize = 400;

/// Why a forge didn't do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// There is no connection, or it broke.
    #[error(
        "{host} can't be reached from the server: {cause}. Check the credential's address and the server's network, then try again."
    )]
    Unreachable {
        /// The forge.
        host: String,
        /// The innermost cause.
        cause: String,
    },
    /// It didn't answer in time.
    #[error(
        "{host} didn't answer within {} seconds. It may have done it nevertheless: try again, and what is there already is found.",
        .after.as_secs()
    )]
    Slow {
        /// The forge.
        host: String,
        /// How long it had.
        after: Duration,
    },
    /// It doesn't know the key.
    #[error(
        "{host} doesn't take the credential (401): its token is wrong, has expired or was revoked. Replace it on the credentials page."
    )]
    Unauthorised {
        /// The forge.
        host: String,
    },
    /// The key doesn't permit it.
    #[error(
        "{host} doesn't permit that with the credential (403){said}. Its token has to be allowed to write pull requests and contents of \
         {repository}; on GitLab it needs the scope api."
    )]
    Forbidden {
        /// The forge.
        host: String,
        /// The repository.
        repository: String,
        /// What it says.
        said: Said,
    },
    /// It doesn't know the repository, or doesn't say so to this key.
    #[error("{host} shows the credential no {repository} (404){said}. Check that its token may see this repository.")]
    NotFound {
        /// The forge.
        host: String,
        /// The repository.
        repository: String,
        /// What it says.
        said: Said,
    },
    /// It refused what was asked.
    #[error("{host} refused it ({status}){said}. Change what it objects to, then try again.")]
    Refused {
        /// The forge.
        host: String,
        /// How.
        status: u16,
        /// What it says.
        said: Said,
    },
    /// It has too much to do, or had too many requests.
    #[error("{host} can't do it at the moment ({status}){said}. Wait a little, then try again.")]
    Busy {
        /// The forge.
        host: String,
        /// How it says so.
        status: u16,
        /// What it says.
        said: Said,
    },
    /// It is elsewhere.
    #[error(
        "{host} answers with a redirect ({status}), which isn't followed with a key. The repository may have been renamed: set its new \
         address where it is cloned from. Or the address of the credential isn't that of the forge itself."
    )]
    Moved {
        /// The forge.
        host: String,
        /// Which.
        status: u16,
    },
    /// Its answer isn't what its API says.
    #[error("What {host} answered can't be understood{}. Check that the credential's address is that of a GitHub or GitLab, and its type the right one.", if *.is_long { ": it is too long" } else { "" })]
    NotUnderstood {
        /// The forge.
        host: String,
        /// Whether it was too long to be read.
        is_long: bool,
    },
}

impl ForgeError {
    /// Whether it may go by itself.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Slow { .. } | Self::Busy { .. })
    }
}

/// What an API says in its own words: cut, on one line, and with a colon before it if it is anything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said(String);

impl fmt::Display for Said {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(formatter, ": {}", self.0) }
    }
}

/// A pull request as its forge tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// The branch that it is to be merged into.
    pub base: String,
    /// Whether it is a draft.
    pub is_draft: bool,
    /// Where it stands.
    pub state: PullRequestState,
}

/// A request of a dialect.
#[derive(Debug, PartialEq, Eq)]
struct Call {
    method: Method,
    /// Behind the address of the API.
    path: String,
    body: Option<Value>,
}

/// An answer.
struct Answer {
    status: StatusCode,
    /// Whether there were too many requests, as GitHub says beside a refusal.
    is_limited: bool,
    body: Bytes,
}

/// Speaks to forges.
#[derive(Clone)]
pub struct Forges {
    client: Outgoing,
    patience: Duration,
}

// === impl Forges ===

impl Forges {
    /// Speaks to them with `client`.
    pub fn new(client: Outgoing) -> Self {
        Self { client, patience: PATIENCE }
    }

    /// Opens a pull request for a branch that was pushed, and says whether it had an open one already, which then is that one.
    pub async fn open(
        &self,
        repository: &ForgeRepository,
        key: &str,
        branch: &str,
        request: &OpenPullRequest,
    ) -> Result<(Told, bool), ForgeError> {
        if let Some(open) = self.open_one(repository, key, branch).await? {
            return Ok((open, true));
        }
        let call = match repository.site.forge {
            Forge::GitHub => github::create(&repository.path, branch, request),
            Forge::GitLab => gitlab::create(&repository.path, branch, request),
        };
        let answer = self.ask(repository, key, call).await?;
        if matches!(answer.status, StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY)
            && let Some(open) = self.open_one(repository, key, branch).await?
        {
            // Somebody else was faster.
            return Ok((open, true));
        }
        Ok((told(repository, &answer)?, false))
    }

    /// Closes a pull request. One that is closed or was merged stays that.
    pub async fn close(&self, repository: &ForgeRepository, key: &str, number: u64) -> Result<Told, ForgeError> {
        let call = match repository.site.forge {
            Forge::GitHub => github::close(&repository.path, number),
            Forge::GitLab => gitlab::close(&repository.path, number),
        };
        let refusal = match told(repository, &self.ask(repository, key, call).await?) {
            Err(refusal @ ForgeError::Refused { .. }) => refusal,
            answer => return answer,
        };
        let now = self.look(repository, key, number).await?;
        if now.state == PullRequestState::Open { Err(refusal) } else { Ok(now) }
    }

    /// Asks where a pull request stands.
    pub async fn look(&self, repository: &ForgeRepository, key: &str, number: u64) -> Result<Told, ForgeError> {
        let call = match repository.site.forge {
            Forge::GitHub => github::look(&repository.path, number),
            Forge::GitLab => gitlab::look(&repository.path, number),
        };
        told(repository, &self.ask(repository, key, call).await?)
    }

    /// The open pull request of a branch.
    async fn open_one(
        &self,
        repository: &ForgeRepository,
        key: &str,
        branch: &str,
    ) -> Result<Option<Told>, ForgeError> {
        let path = &repository.path;
        match repository.site.forge {
            Forge::GitHub => {
                let answer = self.ask(repository, key, github::list(path, branch)).await?;
                Ok(github::open_one(read(repository, &answer)?, branch))
            }
            Forge::GitLab => {
                let answer = self.ask(repository, key, gitlab::list(path, branch)).await?;
                Ok(gitlab::open_one(read(repository, &answer)?, branch))
            }
        }
    }

    async fn ask(&self, repository: &ForgeRepository, key: &str, call: Call) -> Result<Answer, ForgeError> {
        let host = || repository.site.host().to_owned();
        let request =
            request(repository, key, call).ok_or_else(|| ForgeError::NotUnderstood { host: host(), is_long: false })?;
        let exchange = async {
            let unreachable =
                |cause: &dyn std::fmt::Display| ForgeError::Unreachable { host: host(), cause: cause.to_string() };
            let response = self.client.request(request).await.map_err(|error| unreachable(&innermost(&error)))?;
            let status = response.status();
            let headers = response.headers();
            let is_limited = headers.contains_key(header::RETRY_AFTER)
                || headers.get("x-ratelimit-remaining").is_some_and(|left| left == "0");
            let body = Limited::new(response.into_body(), MOST_BYTES).collect().await;
            let body = body.map_err(|error| {
                if error.is::<LengthLimitError>() {
                    ForgeError::NotUnderstood { host: host(), is_long: true }
                } else {
                    unreachable(&innermost(&*error))
                }
            })?;
            Ok(Answer { status, is_limited, body: body.to_bytes() })
        };
        let after = self.patience;
        timeout(after, exchange).await.unwrap_or_else(|_| Err(ForgeError::Slow { host: host(), after }))
    }
}

/// A request with the headers of its dialect; none for an address or a key that no request can have.
fn request(repository: &ForgeRepository, key: &str, call: Call) -> Option<Request<Full<Bytes>>> {
    let site = &repository.site;
    let (api, headers) = match site.forge {
        Forge::GitHub => (github::api(&site.url), github::headers(key)),
        Forge::GitLab => (gitlab::api(&site.url), gitlab::headers(key)),
    };
    let mut request = Request::builder()
        .method(call.method)
        .uri(format!("{api}{}", call.path))
        // GitHub refuses who doesn't say who it is.
        .header(header::USER_AGENT, "octobot");
    for (name, value) in headers {
        let mut value = HeaderValue::from_str(&value).ok()?;
        value.set_sensitive(true);
        request = request.header(HeaderName::from_static(name), value);
    }
    let body = match call.body {
        Some(body) => {
            request = request.header(header::CONTENT_TYPE, "application/json");
            Full::from(body.to_string())
        }
        None => Full::default(),
    };
    request.body(body).ok()
}

/// The pull request that an answer tells.
fn told(repository: &ForgeRepository, answer: &Answer) -> Result<Told, ForgeError> {
    match repository.site.forge {
        Forge::GitHub => Ok(read::<github::Pull>(repository, answer)?.into()),
        Forge::GitLab => Ok(read::<gitlab::MergeRequest>(repository, answer)?.into()),
    }
}

/// What an answer holds, if it is a good one.
fn read<T: DeserializeOwned>(repository: &ForgeRepository, answer: &Answer) -> Result<T, ForgeError> {
    let host = repository.site.host().to_owned();
    if answer.status.is_success() {
        return serde_json::from_slice(&answer.body).map_err(|_| ForgeError::NotUnderstood { host, is_long: false });
    }
    let (status, said, repository) = (answer.status.as_u16(), said(&answer.body), repository.path.clone());
    Err(match answer.status {
        StatusCode::UNAUTHORIZED => ForgeError::Unauthorised { host },
        StatusCode::FORBIDDEN if answer.is_limited => ForgeError::Busy { host, status, said },
        StatusCode::FORBIDDEN => ForgeError::Forbidden { host, repository, said },
        StatusCode::NOT_FOUND => ForgeError::NotFound { host, repository, said },
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => ForgeError::Busy { host, status, said },
        other if other.is_redirection() => ForgeError::Moved { host, status },
        other if other.is_server_error() => ForgeError::Busy { host, status, said },
        _ => ForgeError::Refused { host, status, said },
    })
}

/// What an API says about a refusal: GitHub a `message`, and of each thing that it objects to another one; GitLab a `message` or an `error`,
/// which may be a text, several, or several for each field. Nothing of what isn't JSON, such as the page of a proxy in between.
fn said(body: &[u8]) -> Said {
    let Ok(answer) = serde_json::from_slice::<Value>(body) else { return Said::default() };
    let mut words = Vec::new();
    for field in ["message", "error", "errors"] {
        gather(&answer[field], "", &mut words);
    }
    words.dedup();
    let line = words.join("; ").split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|c| !c.is_control()).take(MOST_CHARACTERS).collect();
    Said(line.trim_end_matches('.').to_owned())
}

fn gather(value: &Value, field: &str, words: &mut Vec<String>) {
    match value {
        Value::String(text) if field.is_empty() => words.push(text.clone()),
        Value::String(text) => words.push(format!("{field} {text}")),
        Value::Array(values) => {
            for value in values {
                gather(value, field, words);
            }
        }
        Value::Object(fields) => {
            if let Some(message) = fields.get("message") {
                gather(message, "", words);
            } else if let (Some(Value::String(name)), Some(Value::String(code))) =
                (fields.get("field"), fields.get("code"))
            {
                // GitHub names a field and what is wrong with it, as in `base` and `invalid`.
                words.push(format!("{name} is {code}"));
            } else {
                for (name, value) in fields {
                    gather(value, name, words);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A part of a query, in which everything but letters, digits and `-._~` is escaped.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
