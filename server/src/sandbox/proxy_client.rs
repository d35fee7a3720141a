//! The client of a proxy's control API: what is in force, what passed, what the cache did. The calls are described in the README's section on
//! the proxy.
//!
//! Each call opens a connection of its own, as with the agent daemon. No retry belongs here.

mod error;
mod stream;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use octobot_proxy::cache::CacheStats;
use octobot_proxy::log::{Counts, Filter, Record};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::transport::{self, ConnectError, RequestBody};
use super::{Connection, Secret};

pub use error::ProxyError;

/// How long the proxy may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the proxy may take to answer. Clearing a large cache removes many files.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest answer that isn't a stream, in bytes: a page of records with the longest paths.
const MAX_ANSWER_BYTES: usize = 16 << 20;

/// How many records the proxy tells at a time.
pub const PAGE: usize = 500;

/// Calls one sandbox's proxy.
#[derive(Debug, Clone)]
pub struct ProxyClient {
    connection: Connection,
}

/// Records that follow a number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct LogPage {
    /// The records, oldest first.
    pub records: Vec<Record>,
    /// The last number that was looked at: what to ask after next.
    pub last: u64,
    /// Whether records are missing between the number asked for and the first one held.
    pub gap: bool,
}

impl ProxyClient {
    /// A client for this connection. Nothing is sent yet.
    pub fn new(connection: Connection) -> Self {
        Self { connection }
    }

    /// Whether somebody listens.
    pub async fn reach(&self) -> Result<(), ProxyError> {
        self.connect().await.map(drop)
    }

    /// Up to `limit` records after a number that pass a filter, at most [`PAGE`].
    pub async fn log(&self, after: u64, filter: &Filter, limit: usize) -> Result<LogPage, ProxyError> {
        self.call(&format!("/api/log?after={after}&limit={limit}{}", query(filter))).await
    }

    /// All records after a number that pass a filter, now and from now on, as many together as arrive together.
    pub async fn follow(
        &self,
        after: u64,
        filter: &Filter,
    ) -> Result<impl Stream<Item = Result<LogPage, ProxyError>> + Send + use<>, ProxyError> {
        let path = format!("/api/log?after={after}{}", query(filter));
        let answer = self.send(Method::GET, &path, "text/event-stream", Bytes::new()).await?;
        Ok(stream::pages(accepted(answer).await?.into_body(), after))
    }

    /// What was counted, by host.
    pub async fn hosts(&self) -> Result<BTreeMap<String, Counts>, ProxyError> {
        self.call("/api/hosts").await
    }

    /// What the cache has done, and what it holds.
    pub async fn cache_stats(&self) -> Result<CacheStats, ProxyError> {
        self.call("/api/cache/stats").await
    }

    /// Removes everything from the cache.
    pub async fn clear_cache(&self) -> Result<(), ProxyError> {
        let answer = self.send(Method::DELETE, "/api/cache", "*/*", Bytes::new()).await?;
        accepted(answer).await.map(drop)
    }

    /// Puts a configuration into force, from the next request on.
    pub async fn configure(&self, config: &Secret) -> Result<(), ProxyError> {
        let body = Bytes::copy_from_slice(config.reveal().as_bytes());
        let answer = self.send(Method::PUT, "/api/config", "*/*", body).await?;
        accepted(answer).await.map(drop)
    }

    /// Asks for something and reads the answer as JSON.
    async fn call<T: DeserializeOwned>(&self, path: &str) -> Result<T, ProxyError> {
        let answer = self.send(Method::GET, path, "application/json", Bytes::new()).await?;
        let body = collect(accepted(answer).await?).await?;
        serde_json::from_slice(&body).map_err(ProxyError::Json)
    }

    /// Sends a request and waits for the head of its answer.
    async fn send(
        &self,
        method: Method,
        path: &str,
        accept: &str,
        body: Bytes,
    ) -> Result<http::Response<Incoming>, ProxyError> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "proxy")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.connection.token.reveal()))
            .header(header::ACCEPT, accept)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body).map_err(|never| match never {}).boxed())
            .map_err(ProxyError::Request)?;
        let mut sender = self.connect().await?;
        timeout(ANSWER_TIMEOUT, sender.send_request(request))
            .await
            .map_err(|_| ProxyError::NoAnswer { waited: ANSWER_TIMEOUT })?
            .map_err(ProxyError::Protocol)
    }

    async fn connect(&self) -> Result<SendRequest<RequestBody>, ProxyError> {
        timeout(CONNECT_TIMEOUT, transport::connect(&self.connection.endpoint))
            .await
            .map_err(|_| ProxyError::NoAnswer { waited: CONNECT_TIMEOUT })?
            .map_err(|error| match error {
                ConnectError::Unreachable(source) => {
                    ProxyError::Unreachable { endpoint: self.connection.endpoint.to_string(), source }
                }
                ConnectError::Protocol(error) => ProxyError::Protocol(error),
            })
    }
}

/// A filter as the end of a query.
fn query(filter: &Filter) -> String {
    use std::fmt::Write as _;
    let mut query = String::new();
    if let Some(host) = &filter.host {
        query.push_str("&host=");
        for byte in host.bytes() {
            write!(query, "%{byte:02X}").expect("writing to a string can't fail");
        }
    }
    if let Some(decision) = filter.decision {
        let name = serde_json::to_value(decision).expect("a decision is a word");
        write!(query, "&decision={}", name.as_str().unwrap_or_default()).expect("writing to a string can't fail");
    }
    if let Some(status) = filter.status {
        write!(query, "&status={status}").expect("writing to a string can't fail");
    }
    query
}

/// Passes an answer on that the proxy gave gladly, and makes an error of any other.
async fn accepted(answer: http::Response<Incoming>) -> Result<http::Response<Incoming>, ProxyError> {
    #[derive(Deserialize)]
    struct Problem {
        detail: String,
    }

    let status: StatusCode = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let body = collect(answer).await?;
    let said = serde_json::from_slice(&body).map(|Problem { detail }| detail);
    Err(ProxyError::Refused { status, detail: said.unwrap_or_else(|_| "it doesn't say why".to_owned()) })
}

/// Reads a short body.
async fn collect(answer: http::Response<Incoming>) -> Result<Bytes, ProxyError> {
    let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect();
    let body = timeout(ANSWER_TIMEOUT, body).await.map_err(|_| ProxyError::NoAnswer { waited: ANSWER_TIMEOUT })?;
    body.map(http_body_util::Collected::to_bytes).map_err(ProxyError::Body)
}
