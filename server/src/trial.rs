//! Trying credentials with real requests.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::Full;
use octobot_wire::credential::CredentialTestOutcome;
use octobot_wire::launch::Variable;
use tokio::time::timeout;

use crate::domain::Credential;
use crate::domain::credential_type::{Trial, recipe};
use crate::outgoing::{Outgoing, innermost};

/// How long an API may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes the requests.
#[derive(Clone)]
pub struct Trials {
    client: Outgoing,
}

impl Trials {
    /// Makes them with `client`.
    pub fn new(client: Outgoing) -> Self {
        Self { client }
    }

    /// Asks the API whether it takes a credential; none for a type that can't be tried.
    pub async fn run(&self, credential: &Credential, values: &[Variable]) -> Option<CredentialTestOutcome> {
        let recipe = recipe(credential.credential_type);
        let (trial, key) = recipe.trial.zip(recipe.variables.first())?;
        let key = &values.iter().find(|value| value.name == *key)?.value;
        let Request { url, headers } = request(trial, credential, key)?;
        let mut request = hyper::Request::get(url).body(Full::default()).ok()?;
        *request.headers_mut() = headers;
        Some(match timeout(PATIENCE, self.client.request(request)).await {
            Ok(Ok(response)) => outcome(response.status()),
            Ok(Err(error)) => unknown(&error),
            Err(_) => {
                let reason = format!("The API didn't answer within {} seconds.", PATIENCE.as_secs());
                CredentialTestOutcome::Unknown { reason }
            }
        })
    }
}

/// What is sent.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    url: String,
    headers: HeaderMap,
}

/// The request of a trial; none for a key that can't stand in a header.
fn request(trial: Trial, credential: &Credential, key: &str) -> Option<Request> {
    let mut value = HeaderValue::from_str(&format!("{}{key}", trial.prefix)).ok()?;
    value.set_sensitive(true);
    let mut headers = HeaderMap::new();
    // GitHub refuses who doesn't say who it is.
    headers.insert(header::USER_AGENT, HeaderValue::from_static("octobot"));
    headers.insert(HeaderName::from_static(trial.header), value);
    if let Some((name, value)) = trial.also {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let url = trial.elsewhere.filter(|_| credential.base_url.is_some()).unwrap_or(trial.url);
    let url = if url.starts_with('/') { format!("{}{url}", credential.address()?) } else { url.to_owned() };
    Some(Request { url, headers })
}

fn outcome(status: StatusCode) -> CredentialTestOutcome {
    match status {
        // Who is told to slow down is known.
        status if status.is_success() || status == StatusCode::TOO_MANY_REQUESTS => CredentialTestOutcome::Accepted,
        // Gemini answers a key that it doesn't know with 400.
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST => {
            CredentialTestOutcome::Refused { reason: format!("The API refused it: {status}.") }
        }
        status => CredentialTestOutcome::Unknown { reason: format!("The API answered {status}.") },
    }
}

fn unknown(error: &(dyn std::error::Error + 'static)) -> CredentialTestOutcome {
    CredentialTestOutcome::Unknown {
        reason: format!("The API can't be reached from the server: {}.", innermost(error)),
    }
}

#[cfg(test)]
mod tests {
    use octobot_wire::credential::CredentialTypeId;
    use octobot_wire::{CredentialId, ProjectId, Timestamp};

    use super::*;

    #[test]
    fn a_key_stands_in_the_header_that_its_api_reads() {
        let of = |credential_type, base_url: Option<&str>| {
            let credential = Credential {
                id: CredentialId::new(uuid::Uuid::nil()),
                project_id: ProjectId::local(),
                name: "c".to_owned(),
                credential_type,
                base_url: base_url.map(str::to_owned),
                every_session: true,
                value_names: Vec::new(),
                tested: None,
                last_used_at: None,
                rotated_at: Timestamp(0),
                created_at: Timestamp(0),
            };
            request(recipe(credential_type).trial.unwrap(), &credential, "k").unwrap()
        };
        let anthropic = of(CredentialTypeId::Anthropic, None);
        assert_eq!(anthropic.headers["x-api-key"], "k");
        assert_eq!(anthropic.headers["anthropic-version"], "2023-06-01");
        let own = of(CredentialTypeId::OpenAiCompatible, Some("http://h/v1"));
        assert_eq!(
            (own.url.as_str(), &own.headers["authorization"]),
            ("http://h/v1/models", &"Bearer k".parse().unwrap())
        );
        assert!(!format!("{own:?}").contains("Bearer k"));
        for (credential_type, base_url, url) in [
            (CredentialTypeId::GitHub, None, "https://api.github.com/rate_limit"),
            (CredentialTypeId::GitHub, Some("https://git.example"), "https://git.example/api/v3/rate_limit"),
            (CredentialTypeId::GitLab, None, "https://gitlab.com/api/v4/user"),
            (CredentialTypeId::GitLab, Some("https://h/x"), "https://h/x/api/v4/user"),
        ] {
            assert_eq!(of(credential_type, base_url).url, url);
        }
    }

    #[test]
    fn an_answer_says_whether_the_key_is_known_or_that_nobody_knows() {
        assert_eq!(outcome(StatusCode::OK), CredentialTestOutcome::Accepted);
        assert_eq!(outcome(StatusCode::TOO_MANY_REQUESTS), CredentialTestOutcome::Accepted);
        assert!(matches!(outcome(StatusCode::UNAUTHORIZED), CredentialTestOutcome::Refused { .. }));
        assert!(matches!(outcome(StatusCode::FOUND), CredentialTestOutcome::Unknown { .. }));
        assert!(matches!(outcome(StatusCode::BAD_GATEWAY), CredentialTestOutcome::Unknown { .. }));
    }
}
