//! What passed through a session's proxy: the records of its log, what they come to by host, and what its cache did.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// How a request or connection came to the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum TrafficProtocol {
    /// As a request of HTTP without TLS.
    Http,
    /// As a request within TLS.
    Https,
    /// By CONNECT.
    Connect,
    /// By SOCKS 5.
    Socks5,
    /// Redirected by the rules of the sandbox's network.
    Transparent,
    /// As a question for a name.
    Dns,
    /// As a connection to a port that nothing leads to, which the network itself refused.
    Tcp,
    /// As a datagram, of which none leaves.
    Udp,
    /// As an echo request, of which none leaves.
    Icmp,
    /// As bytes that nothing could be made of.
    Unknown,
}

/// What became of a request or connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum TrafficDecision {
    /// It was let through.
    Allow,
    /// It was let through with its TLS untouched.
    Tunnel,
    /// It was answered from the cache.
    Cached,
    /// The policy didn't let it through.
    Deny,
    /// It was no request that could be understood in only one way.
    Refuse,
    /// It was allowed, and failed on its way.
    Fail,
}

/// What would let such a request through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Remedy {
    /// Allowing its host.
    AllowHost,
    /// Allowing its host, private addresses included.
    AllowPrivate,
}

/// A request or connection. It has no header, no body and no query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TrafficRecord {
    /// 1, 2, 3 … in the order in which requests ended.
    pub number: u64,
    /// When it began.
    pub at: Timestamp,
    /// How it came.
    pub protocol: TrafficProtocol,
    /// The host that it was for, as far as that was understood.
    pub host: String,
    /// The address that was dialled or refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The port.
    pub port: u16,
    /// The method of a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path of a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What a request was answered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Bytes of bodies, or of a tunnel, from the sandbox.
    pub bytes_up: u64,
    /// And to it.
    pub bytes_down: u64,
    /// From the request's head to the last byte of its answer, in milliseconds.
    pub duration_ms: u64,
    /// What became of it.
    pub decision: TrafficDecision,
    /// Which rule said so, or why it failed.
    pub rule: String,
    /// How many attempts it stands for, where it stands for several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u64>,
    /// What would let it through; none where it wasn't denied, or where allowing its host wouldn't help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Remedy>,
}

/// Which records are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(rename_all = "camelCase", default)]
pub struct TrafficFilter {
    /// Those of this host; those of the hosts beneath it if it begins with a dot.
    pub host: Option<String>,
    /// Those with this decision.
    #[cfg_attr(feature = "openapi", param(inline))]
    pub decision: Option<TrafficDecision>,
    /// Those with this status.
    pub status: Option<u16>,
    /// Those after the record with this number; without it the last ones.
    pub after: Option<u64>,
    /// How many there may be, at most 500.
    pub limit: Option<usize>,
}

/// Records of a session's proxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TrafficPage {
    /// The records, oldest first.
    pub records: Vec<TrafficRecord>,
    /// The last number that was looked at: what to ask after next.
    pub last: u64,
    /// Whether records are missing that aren't held any more.
    pub gap: bool,
}

/// What was counted for a host since the proxy started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct HostTraffic {
    /// The host.
    pub host: String,
    /// Requests and connections that were let through.
    pub allowed: u64,
    /// Those that weren't.
    pub denied: u64,
    /// Those that failed on the way.
    pub failed: u64,
    /// Bytes to the host.
    pub bytes_up: u64,
    /// Bytes from it.
    pub bytes_down: u64,
}

/// What the cache has done since the proxy started, and what it holds. All sandboxes of a project share what it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CacheStatistics {
    /// Requests that were answered with what was kept, or with what another request was fetching.
    pub hits: u64,
    /// Requests for something that could be kept and wasn't there.
    pub misses: u64,
    /// Bytes that were sent without fetching them.
    pub served_bytes: u64,
    /// Bytes that were fetched and kept.
    pub stored_bytes: u64,
    /// How many entries there are.
    pub entries: u64,
    /// Their length, in bytes.
    pub size_bytes: u64,
    /// How much may be kept, in bytes.
    pub max_size_bytes: u64,
}

/// What passed through a session's proxy since it started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TrafficSummary {
    /// By host, those with the most bytes first.
    pub hosts: Vec<HostTraffic>,
    /// The cache.
    pub cache: CacheStatistics,
}
