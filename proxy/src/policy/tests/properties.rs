//! What holds for every input.

use std::net::IpAddr;

use http::Method;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::policy::{Allowlist, Handling, Host, Phase, Policy, Scheme, Target};

/// Hosts that lie close together, so that rules and targets meet often.
const NAMES: [&str; 8] = [
    "a.example",
    "b.example",
    "x.a.example",
    "y.x.a.example",
    "example",
    "a.other",
    "xn--bcher-kva.example",
    "git.corp",
];
const ADDRESSES: [&str; 10] = [
    "93.184.216.34",
    "10.1.2.3",
    "10.2.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.17.0.1",
    "::1",
    "2606:4700::1",
    "64:ff9b::7f00:1",
    "::ffff:10.1.2.3",
];
const RANGES: [&str; 8] =
    ["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "::/0", "127.0.0.0/8", "169.254.169.254", "172.17.0.1", "93.184.0.0/16"];
const PATHS: [&str; 6] = ["/", "/v2/x", "/v2/x/y", "/v2/../x", "/login", "*"];

fn host_pattern() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => Just("*".to_owned()),
        4 => select(&NAMES[..]).prop_map(str::to_owned),
        4 => select(&NAMES[..]).prop_map(|name| format!("*.{name}")),
    ]
}

fn domain_rule() -> impl Strategy<Value = serde_json::Value> {
    let methods = select(vec![vec![], vec!["GET"], vec!["GET", "POST"]]);
    let paths = select(vec![vec![], vec!["/v2/**"], vec!["/*"]]);
    let ports = select(vec![vec![], vec!["443"], vec!["*"]]);
    (host_pattern(), methods, paths, ports, any::<bool>()).prop_map(|(host, methods, paths, ports, private)| {
        serde_json::json!({ "host": host, "methods": methods, "paths": paths, "ports": ports, "private": private })
    })
}

fn allowlist() -> impl Strategy<Value = Allowlist> {
    let range = || select(&RANGES[..]);
    let deny = (vec(host_pattern(), 0..2), vec(range(), 0..2));
    let mode = select(vec!["online", "offline-agent"]);
    let exempt = vec(host_pattern(), 0..2);
    (any::<bool>(), mode, vec(domain_rule(), 0..4), vec(range(), 0..3), deny, exempt, vec(domain_rule(), 0..2))
        .prop_map(|(enabled, mode, domains, ips, (denied, denied_ips), exempt, agent)| {
            serde_json::from_value(serde_json::json!({
                "enabled": enabled,
                "mode": mode,
                "domains": domains,
                "ips": ips,
                "deny": { "domains": denied, "ips": denied_ips },
                "exempt": exempt,
                "agent": { "domains": agent },
            }))
            .unwrap()
        })
}

fn target() -> impl Strategy<Value = Target> {
    let host = prop_oneof![select(&NAMES[..]), select(&ADDRESSES[..])];
    (host, select(vec![80, 443, 22])).prop_map(|(host, port)| Target::new(host, port, Scheme::Https).unwrap())
}

fn addresses() -> Vec<IpAddr> {
    ADDRESSES.iter().map(|address| address.parse().unwrap()).collect()
}

fn of(lists: &[&Allowlist], phase: Phase) -> Policy {
    let hosts = vec!["172.17.0.1".parse().unwrap()];
    Policy::new(lists[0], lists[1..].iter().copied(), phase, hosts)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_parsing_panic_and_what_is_read_reads_the_same_again(text in any::<String>(), port in any::<u16>()) {
        let _no_panic = Target::parse(&text, Scheme::Http);
        let _no_panic = Target::new(&text, port, Scheme::Tcp);
        if let Ok(host) = Host::parse(&text) {
            prop_assert_eq!(Host::parse(&host.to_string()), Ok(host));
        }
    }

    #[test]
    fn host_like_text_is_normalised_once_for_all(text in "[a-zA-Z0-9.:\\[\\]xn%_@-]{0,24}") {
        if let Ok(host) = Host::parse(&text) {
            prop_assert_eq!(Host::parse(&host.to_string()), Ok(host.clone()));
            prop_assert_eq!(host.to_string(), host.to_string().to_ascii_lowercase());
        }
    }

    #[test]
    fn another_list_never_widens(server in allowlist(), workspace in allowlist(), target in target()) {
        for phase in [Phase::Setup, Phase::Agent] {
            let wide = of(&[&server], phase);
            let narrow = of(&[&server, &workspace], phase);
            if let Ok(grant) = narrow.admit(&target) {
                let wider = wide.admit(&target);
                prop_assert!(wider.is_ok());
                let wider = wider.unwrap();
                prop_assert!(grant.limited || !wider.limited);
                prop_assert!(grant.handling == Handling::Intercept || wider.handling == Handling::Tunnel);
            }
            let wider = wide.permit(&target, &addresses()).unwrap_or_default();
            let narrower = narrow.permit(&target, &addresses()).unwrap_or_default();
            prop_assert!(narrower.iter().all(|address| wider.contains(address)));
            for method in [Method::GET, Method::POST, Method::CONNECT] {
                for path in PATHS {
                    prop_assert!(narrow.judge(&target, &method, path).is_err() || wide.judge(&target, &method, path).is_ok());
                }
            }
        }
    }

    #[test]
    fn the_same_list_twice_is_that_list(server in allowlist(), target in target()) {
        let once = of(&[&server], Phase::Agent);
        let twice = of(&[&server, &server], Phase::Agent);
        prop_assert_eq!(once.admit(&target), twice.admit(&target));
        prop_assert_eq!(once.permit(&target, &addresses()), twice.permit(&target, &addresses()));
    }

    #[test]
    fn what_is_denied_is_never_reached(server in allowlist(), target in target()) {
        let policy = of(&[&server], Phase::Agent);
        let by_name = server.deny.domains.iter().any(|pattern| pattern.fits(&target.host));
        prop_assert!(!by_name || policy.admit(&target).is_err());
        let permitted = policy.permit(&target, &addresses()).unwrap_or_default();
        prop_assert!(!permitted.iter().any(|address| server.deny.ips.iter().any(|range| range.contains(*address))));
    }

    #[test]
    fn metadata_is_reached_by_its_own_address_alone(server in allowlist(), target in target()) {
        let policy = of(&[&server], Phase::Agent);
        let metadata: IpAddr = "169.254.169.254".parse().unwrap();
        let is_named = server.ips.iter().any(|rule| rule.range.to_string() == "169.254.169.254");
        let permitted = policy.permit(&target, &addresses()).unwrap_or_default();
        prop_assert!(is_named || !permitted.contains(&metadata));
    }

    #[test]
    fn no_path_makes_judging_panic(server in allowlist(), target in target(), path in any::<String>()) {
        let _no_panic = of(&[&server], Phase::Agent).judge(&target, &Method::GET, &path);
    }
}
