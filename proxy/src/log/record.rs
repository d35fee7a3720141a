//! The record of a request or connection, and what may be asked about records. Pure.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A request or connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Record {
    /// 1, 2, 3 … in the order in which requests ended.
    pub number: u64,
    /// When it began, in UTC.
    pub time: String,
    /// The session whose sandbox it came from, if that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// How it came.
    pub protocol: Protocol,
    /// The host that it was for, as far as that was understood.
    pub host: String,
    /// The address that was dialled or refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The port.
    pub port: u16,
    /// The method of a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path of a request, without its query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What a request was answered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Bytes of bodies, or of a tunnel, from the client.
    pub bytes_up: u64,
    /// And to the client.
    pub bytes_down: u64,
    /// How many attempts it stands for, of those that the network refuses before they reach the proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u64>,
    /// From the request's head to the last byte of its answer.
    pub duration_ms: u64,
    /// What became of it.
    pub decision: Decision,
    /// Which rule said so, or why it failed.
    pub rule: String,
}

impl Record {
    /// How many bytes of memory it has.
    pub(super) fn bytes(&self) -> usize {
        let texts =
            [Some(&self.time), self.session.as_ref(), Some(&self.host), self.method.as_ref(), self.path.as_ref()];
        let texts = texts.into_iter().flatten().chain([&self.rule]);
        size_of::<Self>() + texts.map(String::capacity).sum::<usize>()
    }
}

/// How a request or connection came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// As a request of HTTP without TLS.
    #[default]
    Http,
    /// As a request within TLS.
    Https,
    /// By CONNECT.
    Connect,
    /// By SOCKS 5.
    Socks5,
    /// Redirected by the rules of a sandbox's network.
    Transparent,
    /// As a question for a name.
    Dns,
    /// As a connection that the network itself refused.
    Tcp,
    /// As a datagram.
    Udp,
    /// As an echo request.
    Icmp,
    /// As bytes that nothing could be made of.
    Unknown,
}

/// What became of a request or connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It was let through.
    #[default]
    Allow,
    /// It was let through as it was, with its TLS untouched.
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

/// Which records are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those of this host, or beneath it if it begins with a dot.
    pub host: Option<String>,
    /// Those with this decision.
    pub decision: Option<Decision>,
    /// Those with this status.
    pub status: Option<u16>,
}

impl Filter {
    /// Whether a record is asked for.
    pub fn takes(&self, record: &Record) -> bool {
        let host = self
            .host
            .as_deref()
            .is_none_or(|host| if host.starts_with('.') { record.host.ends_with(host) } else { record.host == host });
        host && self.decision.is_none_or(|decision| record.decision == decision)
            && self.status.is_none_or(|status| record.status == Some(status))
    }
}
