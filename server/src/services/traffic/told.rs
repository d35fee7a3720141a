//! What a proxy tells, as clients see it. Pure.

use std::collections::BTreeMap;

use octobot_proxy::cache::CacheStats;
use octobot_proxy::log::{Counts, Decision, Filter, Protocol, Record};
use octobot_wire::Timestamp;
use octobot_wire::traffic::{
    CacheStatistics, HostTraffic, Remedy, TrafficDecision, TrafficFilter, TrafficPage, TrafficProtocol, TrafficRecord,
};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::sandbox::proxy_client::LogPage;
use crate::services::ServiceError;

/// Kinds of addresses that a rule for a name may lead to when it says so, as the proxy calls the rules that refuse them.
const OPENED_BY_PRIVATE: [&str; 3] = ["private address", "carrier NAT address", "host address"];

/// A record whose time can't be read: proxy and server are of different versions.
#[derive(Debug, thiserror::Error)]
#[error("the proxy's record {number} has a time that can't be read")]
struct OddTime {
    number: u64,
    source: time::error::Parse,
}

/// What is asked for, as the proxy has it.
pub fn understood(asked: TrafficFilter) -> Filter {
    let decision = asked.decision.map(|decision| match decision {
        TrafficDecision::Allow => Decision::Allow,
        TrafficDecision::Tunnel => Decision::Tunnel,
        TrafficDecision::Cached => Decision::Cached,
        TrafficDecision::Deny => Decision::Deny,
        TrafficDecision::Refuse => Decision::Refuse,
        TrafficDecision::Fail => Decision::Fail,
    });
    let host = asked.host.map(|host| host.trim().to_ascii_lowercase()).filter(|host| !host.is_empty());
    Filter { host, decision, status: asked.status }
}

/// A page.
pub fn told_page(page: LogPage) -> Result<TrafficPage, ServiceError> {
    let records = page.records.into_iter().map(told).collect::<Result<_, _>>()?;
    Ok(TrafficPage { records, last: page.last, gap: page.gap })
}

/// A record.
pub fn told(record: Record) -> Result<TrafficRecord, ServiceError> {
    let at = OffsetDateTime::parse(&record.time, &Rfc3339)
        .map_err(|source| ServiceError::Sandbox(OddTime { number: record.number, source }.into()))?;
    Ok(TrafficRecord {
        number: record.number,
        at: Timestamp(at.unix_timestamp() * 1000 + i64::from(at.millisecond())),
        protocol: match record.protocol {
            Protocol::Http => TrafficProtocol::Http,
            Protocol::Https => TrafficProtocol::Https,
            Protocol::Connect => TrafficProtocol::Connect,
            Protocol::Socks5 => TrafficProtocol::Socks5,
            Protocol::Transparent => TrafficProtocol::Transparent,
            Protocol::Dns => TrafficProtocol::Dns,
            Protocol::Tcp => TrafficProtocol::Tcp,
            Protocol::Udp => TrafficProtocol::Udp,
            Protocol::Icmp => TrafficProtocol::Icmp,
            Protocol::Unknown => TrafficProtocol::Unknown,
        },
        remedy: remedy(&record),
        host: record.host,
        address: record.address.map(|address| address.to_string()),
        port: record.port,
        method: record.method,
        path: record.path.filter(|path| !path.is_empty()),
        status: record.status,
        bytes_up: record.bytes_up,
        bytes_down: record.bytes_down,
        duration_ms: record.duration_ms,
        decision: match record.decision {
            Decision::Allow => TrafficDecision::Allow,
            Decision::Tunnel => TrafficDecision::Tunnel,
            Decision::Cached => TrafficDecision::Cached,
            Decision::Deny => TrafficDecision::Deny,
            Decision::Refuse => TrafficDecision::Refuse,
            Decision::Fail => TrafficDecision::Fail,
        },
        rule: record.rule,
        attempts: record.attempts.filter(|attempts| *attempts > 1),
    })
}

/// What was counted, the hosts with the most bytes first.
pub fn told_hosts(hosts: BTreeMap<String, Counts>) -> Vec<HostTraffic> {
    let told = |(host, counts): (String, Counts)| HostTraffic {
        host,
        allowed: counts.allowed,
        denied: counts.denied,
        failed: counts.failed,
        bytes_up: counts.bytes_up,
        bytes_down: counts.bytes_down,
    };
    let mut hosts: Vec<_> = hosts.into_iter().map(told).collect();
    hosts.sort_by_key(|host| std::cmp::Reverse(host.bytes_up + host.bytes_down));
    hosts
}

/// What the cache did.
pub fn told_cache(stats: &CacheStats) -> CacheStatistics {
    CacheStatistics {
        hits: stats.hits + stats.followed,
        misses: stats.misses,
        served_bytes: stats.served_bytes,
        stored_bytes: stats.stored_bytes,
        entries: stats.entries,
        size_bytes: stats.size_bytes,
        max_size_bytes: stats.max_size_bytes,
    }
}

/// What would let a denied request through. What a workspace's own file or a list of denied hosts refuses, no entry allows.
fn remedy(record: &Record) -> Option<Remedy> {
    if record.decision != Decision::Deny || record.host.is_empty() {
        return None;
    }
    let rule = record.rule.as_str();
    let is_unlisted = rule.starts_with("default deny");
    let is_other_port = rule.strip_prefix("ports of ").is_some_and(|rule| !rule.starts_with("workspace "));
    if is_unlisted || is_other_port {
        Some(Remedy::AllowHost)
    } else {
        OPENED_BY_PRIVATE.contains(&rule).then_some(Remedy::AllowPrivate)
    }
}

#[cfg(test)]
mod tests {
    use octobot_proxy::policy::{Allowlist, DenialKind, Phase, Policy, Scheme, Target};

    use super::*;

    fn denied(rule: &str) -> Record {
        Record {
            number: 1,
            time: "2025-11-13T02:13:20.123Z".to_owned(),
            host: "a.example".to_owned(),
            decision: Decision::Deny,
            rule: rule.to_owned(),
            ..Record::default()
        }
    }

    #[test]
    fn a_record_tells_when_it_began() {
        assert_eq!(told(denied("default deny")).unwrap().at, Timestamp(1_763_000_000_123));
        let odd = told(Record { time: "yesterday".to_owned(), ..denied("default deny") });
        assert!(matches!(odd, Err(ServiceError::Sandbox(_))), "{odd:?}");
    }

    #[test]
    fn what_the_policy_refuses_is_told_with_what_would_help() {
        let list: Allowlist = serde_json::from_value(serde_json::json!({
            "domains": [{ "host": "a.example", "ports": [443] }, "10.example"],
            "ips": [{ "range": "1.1.1.1", "ports": [443] }],
            "deny": { "domains": ["evil.example"] },
        }))
        .unwrap();
        let narrow: Allowlist = serde_json::from_value(serde_json::json!({ "domains": ["a.example"] })).unwrap();
        let server = Policy::new(&list, [], Phase::Agent, vec!["172.17.0.1".parse().unwrap()]);
        let narrowed = Policy::new(&list, [&narrow], Phase::Agent, Vec::new());
        for (policy, authority, kind, expected) in [
            (&server, "b.example:443", Some(DenialKind::Unlisted), Some(Remedy::AllowHost)),
            (&server, "a.example:22", Some(DenialKind::Port), Some(Remedy::AllowHost)),
            (&server, "1.1.1.1:80", Some(DenialKind::Port), Some(Remedy::AllowHost)),
            (&server, "evil.example:443", Some(DenialKind::Denied), None),
            (&narrowed, "10.example:443", Some(DenialKind::Unlisted), None),
        ] {
            let target = Target::parse(authority, Scheme::Tcp).unwrap();
            let denial = policy.admit(&target).unwrap_err();
            assert_eq!(Some(denial.kind), kind, "{authority}");
            assert_eq!(remedy(&denied(denial.rule.as_str())), expected, "{authority}: {}", denial.rule);
        }
        let target = Target::parse("10.example:443", Scheme::Tcp).unwrap();
        for (address, expected) in [
            ("10.1.1.1", Some(Remedy::AllowPrivate)),
            ("100.64.0.1", Some(Remedy::AllowPrivate)),
            ("172.17.0.1", Some(Remedy::AllowPrivate)),
            ("169.254.169.254", None),
            ("127.0.0.1", None),
        ] {
            let denial = server.permit(&target, &[address.parse().unwrap()]).unwrap_err();
            assert_eq!(remedy(&denied(denial.rule.as_str())), expected, "{address}: {}", denial.rule);
        }
    }

    #[test]
    fn what_was_not_denied_needs_no_help() {
        for decision in [Decision::Allow, Decision::Fail, Decision::Refuse] {
            assert_eq!(remedy(&Record { decision, ..denied("default deny") }), None);
        }
    }
}
