//! Trying credentials with real requests. The only place where the server itself calls an API.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::Empty;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use octobot_wire::credential::CredentialTestOutcome;
use octobot_wire::launch::Variable;
use tokio::time::timeout;

use crate::domain::Credential;
use crate::domain::credential_type::{Trial, recipe};

/// How long an API may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes the requests.
#[derive(Clone)]
pub struct Trials {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

impl Trials {
    /// A client that trusts whom the system trusts, or on a system without such a list whom Mozilla does. It follows no
    /// redirect: a key goes to the address that it is for, and to no other.
    pub fn new() -> Result<Self, rustls::Error> {
        let ring = rustls::crypto::ring::default_provider();
        let connector = match HttpsConnectorBuilder::new().with_provider_and_native_roots(ring.clone()) {
            Ok(builder) => builder,
            Err(_) => HttpsConnectorBuilder::new().with_provider_and_webpki_roots(ring)?,
        };
        let connector = connector.https_or_http().enable_http1().build();
        // Each request is a try of its own: nothing is kept open for the next one.
        Ok(Self { client: Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector) })
    }

    /// Asks the API whether it takes a credential; none for a type that can't be tried.
    pub async fn run(&self, credential: &Credential, values: &[Variable]) -> Option<CredentialTestOutcome> {
        let recipe = recipe(credential.credential_type);
        let (trial, key) = recipe.trial.zip(recipe.variables.first())?;
        let key = &values.iter().find(|value| value.name == *key)?.value;
        let Request { url, headers } = request(trial, credential.base_url.as_deref(), key)?;
        let mut request = hyper::Request::get(url).body(Empty::new()).ok()?;
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
fn request(trial: Trial, base_url: Option<&str>, key: &str) -> Option<Request> {
    let mut value = HeaderValue::from_str(&format!("{}{key}", trial.prefix)).ok()?;
    value.set_sensitive(true);
    let mut headers = HeaderMap::new();
    // GitHub refuses who doesn't say who it is.
    headers.insert(header::USER_AGENT, HeaderValue::from_static("octobot"));
    headers.insert(HeaderName::from_static(trial.header), value);
    if let Some((name, value)) = trial.also {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let url = if trial.url.starts_with('/') { format!("{}{}", base_url?, trial.url) } else { trial.url.to_owned() };
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

/// The innermost cause says what a person can act on, and none of them holds the request's headers.
fn unknown(error: &(dyn std::error::Error + 'static)) -> CredentialTestOutcome {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    CredentialTestOutcome::Unknown { reason: format!("The API can't be reached from the server: {cause}.") }
}

#[cfg(test)]
mod tests {
    use octobot_wire::credential::CredentialTypeId;

    use super::*;

    #[test]
    fn a_key_stands_in_the_header_that_its_api_reads() {
        let of = |id| request(recipe(id).trial.unwrap(), Some("http://h/v1"), "k").unwrap();
        let anthropic = of(CredentialTypeId::Anthropic);
        assert_eq!(anthropic.headers["x-api-key"], "k");
        assert_eq!(anthropic.headers["anthropic-version"], "2023-06-01");
        let own = of(CredentialTypeId::OpenAiCompatible);
        assert_eq!(
            (own.url.as_str(), &own.headers["authorization"]),
            ("http://h/v1/models", &"Bearer k".parse().unwrap())
        );
        assert!(!format!("{own:?}").contains("Bearer k"));
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
