//! No I/O, no async: a policy is asked, and its answers are read.

mod properties;

use serde_json::json;

use super::*;

fn list(value: serde_json::Value) -> Allowlist {
    serde_json::from_value(value).unwrap()
}

fn policy(value: serde_json::Value) -> Policy {
    Policy::new(&list(value), [], Phase::Agent, vec!["172.17.0.1".parse().unwrap()])
}

fn target(authority: &str) -> Target {
    Target::parse(authority, Scheme::Https).unwrap()
}

/// The rule that decides about a name, with a mark for what it decides.
fn admit(policy: &Policy, authority: &str) -> String {
    match policy.admit(&target(authority)) {
        Ok(Grant { rule, handling: Handling::Intercept, .. }) => format!("allow: {rule}"),
        Ok(Grant { rule, handling: Handling::Tunnel, .. }) => format!("tunnel: {rule}"),
        Err(denial) => format!("deny: {denial}"),
    }
}

/// The addresses that may be dialled, or the rule that refuses.
fn permit(policy: &Policy, authority: &str, addresses: &[&str]) -> Result<Vec<String>, String> {
    let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    match policy.permit(&target(authority), &addresses) {
        Ok(permitted) => Ok(permitted.iter().map(IpAddr::to_string).collect()),
        Err(denial) => Err(denial.to_string()),
    }
}

fn judge(policy: &Policy, method: &str, url: &str) -> Result<String, String> {
    let (authority, path) = url.split_at(url.find('/').unwrap_or(url.len()));
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    policy.judge(&target(authority), &method, path).map(|grant| grant.rule.to_string()).map_err(|e| e.to_string())
}

#[test]
fn only_what_is_listed_may_be_reached_and_the_rule_is_told() {
    let policy = policy(json!({
        "domains": ["*.anthropic.com", "github.com", "gіthub.example"],
        "presets": ["npm"],
        "ips": ["10.1.0.0/16", "93.184.216.0/24"],
        "deny": { "domains": ["*.evil.anthropic.com"], "ips": ["10.1.9.0/24"] },
        "exempt": ["pinned.anthropic.com"],
    }));
    for (authority, expected) in [
        ("api.anthropic.com", r#"allow: allowlist.domains[0] "*.anthropic.com""#),
        ("API.Anthropic.com.", r#"allow: allowlist.domains[0] "*.anthropic.com""#),
        ("a.b.anthropic.com", r#"allow: allowlist.domains[0] "*.anthropic.com""#),
        ("pinned.anthropic.com", r#"tunnel: allowlist.domains[0] "*.anthropic.com""#),
        ("anthropic.com", "deny: default deny"),
        ("evilanthropic.com", "deny: default deny"),
        ("api.anthropic.com.evil.example", "deny: default deny"),
        ("x.evil.anthropic.com", r#"deny: allowlist.deny.domains[0] "*.evil.anthropic.com""#),
        ("github.com", r#"allow: allowlist.domains[1] "github.com""#),
        ("github.com:80", r#"allow: allowlist.domains[1] "github.com""#),
        ("github.com:22", r#"deny: ports of allowlist.domains[1] "github.com""#),
        ("gist.github.com", "deny: default deny"),
        ("xn--gthub-n4a.com", "deny: default deny"),
        ("registry.npmjs.org", "allow: preset npm"),
        ("10.1.2.3", r#"allow: allowlist.ips[0] "10.1.0.0/16""#),
        ("[::ffff:10.1.2.3]", r#"allow: allowlist.ips[0] "10.1.0.0/16""#),
        ("10.1.2.3:5432", r#"deny: ports of allowlist.ips[0] "10.1.0.0/16""#),
        ("10.1.9.3", r#"deny: allowlist.deny.ips[0] "10.1.9.0/24""#),
        ("10.2.0.1", "deny: default deny"),
        ("93.184.216.34", r#"allow: allowlist.ips[1] "93.184.216.0/24""#),
        ("1.1.1.1", "deny: default deny"),
        ("169.254.169.254", "deny: default deny"),
    ] {
        assert_eq!(admit(&policy, authority), expected, "{authority}");
    }
}

#[test]
fn names_are_refused_the_addresses_that_no_rule_names() {
    let policy = policy(json!({
        "domains": ["a.example", { "host": "*.corp.example", "private": true }, { "host": "both.corp.example" }],
        "ips": ["10.1.0.0/16", "127.0.0.2", "169.254.0.0/16", "::/0", "0.0.0.0/0"],
        "deny": { "ips": ["203.0.114.0/24", "10.1.9.0/24"] },
    }));
    for (authority, address, expected) in [
        ("a.example", "93.184.216.34", None),
        ("a.example", "2606:4700::1", None),
        ("a.example", "10.1.2.3", None),
        ("a.example", "127.0.0.2", None),
        ("a.example", "169.254.7.7", None),
        ("a.example", "10.2.2.3", Some("private address")),
        ("a.example", "192.168.0.1", Some("private address")),
        ("a.example", "fd00::1", Some("private address")),
        ("a.example", "100.64.0.1", Some("carrier NAT address")),
        ("a.example", "127.0.0.1", Some("loopback address")),
        ("a.example", "::1", Some("loopback address")),
        ("a.example", "::ffff:127.0.0.1", Some("loopback address")),
        ("a.example", "0.0.0.0", Some("unspecified address")),
        ("a.example", "::", Some("unspecified address")),
        ("a.example", "169.254.169.254", Some("metadata address")),
        ("a.example", "fd00:ec2::254", Some("metadata address")),
        ("a.example", "fe80::1", Some("link-local address")),
        ("a.example", "64:ff9b::7f00:1", Some("IPv4 address embedded in IPv6")),
        ("a.example", "2002:7f00:1::", Some("IPv4 address embedded in IPv6")),
        ("a.example", "172.17.0.1", Some("host address")),
        ("a.example", "224.0.0.1", Some("multicast address")),
        ("a.example", "255.255.255.255", Some("reserved address")),
        ("a.example", "192.0.2.1", Some("documentation address")),
        ("a.example", "203.0.114.1", Some(r#"allowlist.deny.ips[0] "203.0.114.0/24""#)),
        ("a.example", "10.1.9.9", Some(r#"allowlist.deny.ips[1] "10.1.9.0/24""#)),
        ("git.corp.example", "192.168.0.1", None),
        ("git.corp.example", "fd00::1", None),
        ("git.corp.example", "172.17.0.1", None),
        ("git.corp.example", "100.64.0.1", None),
        ("both.corp.example", "192.168.0.1", None),
        ("git.corp.example", "127.0.0.1", Some("loopback address")),
        ("git.corp.example", "169.254.169.254", Some("metadata address")),
        ("git.corp.example", "fe80::1", Some("link-local address")),
        ("git.corp.example", "64:ff9b::c0a8:1", Some("IPv4 address embedded in IPv6")),
        ("git.corp.example", "10.1.9.9", Some(r#"allowlist.deny.ips[1] "10.1.9.0/24""#)),
        ("evil.example", "93.184.216.34", Some("default deny")),
    ] {
        let canonical = address.parse::<IpAddr>().unwrap().to_string();
        let expected = expected.map_or(Ok(vec![canonical]), |rule| Err(rule.to_owned()));
        assert_eq!(permit(&policy, authority, &[address]), expected, "{authority} at {address}");
    }
}

#[test]
fn an_address_that_is_asked_for_is_judged_as_one() {
    let policy = policy(json!({ "domains": ["*"], "ips": ["0.0.0.0/0", "10.1.0.0/16"] }));
    for (authority, expected) in [
        ("1.1.1.1", r#"allow: allowlist.ips[0] "0.0.0.0/0""#),
        ("[2606:4700::1]", r#"allow: allowlist.domains[0] "*""#),
        ("10.1.0.1", r#"allow: allowlist.ips[0] "0.0.0.0/0""#),
        ("10.2.0.1", "deny: private address"),
        ("127.0.0.1", "deny: loopback address"),
        ("[::ffff:7f00:1]", "deny: loopback address"),
        ("[::1]", "deny: loopback address"),
        ("[64:ff9b::7f00:1]", "deny: IPv4 address embedded in IPv6"),
        ("169.254.169.254", "deny: metadata address"),
        ("172.17.0.1", "deny: host address"),
        ("0.0.0.0", "deny: unspecified address"),
        ("anything.example", r#"allow: allowlist.domains[0] "*""#),
    ] {
        assert_eq!(admit(&policy, authority), expected, "{authority}");
    }
}

#[test]
fn of_several_addresses_only_the_permitted_are_dialled() {
    let policy = policy(json!({ "domains": ["a.example"] }));
    let mixed = ["127.0.0.1", "93.184.216.34", "::ffff:93.184.216.34", "10.0.0.1", "2606:4700::1", "93.184.216.34"];
    assert_eq!(permit(&policy, "a.example", &mixed).unwrap(), ["93.184.216.34", "2606:4700::1"]);
    assert_eq!(permit(&policy, "a.example", &["10.0.0.1", "127.0.0.1"]).unwrap_err(), "private address");
    assert_eq!(permit(&policy, "a.example", &[]).unwrap_err(), "no address");
}

#[test]
fn requests_are_held_to_methods_and_paths() {
    let policy = policy(json!({
        "domains": [
            { "host": "registry.example", "methods": ["get", "HEAD"], "paths": ["/v2/**"] },
            { "host": "registry.example", "methods": ["POST"], "paths": ["/login"] },
            { "host": "open.example", "methods": ["GET"] },
            "*.example",
        ],
        "exempt": ["registry.example"],
    }));
    let limits = r#"methods and paths of allowlist.domains[0] "registry.example""#;
    for (method, url, allowed) in [("GET", "open.example/x", true), ("POST", "open.example/x", true)] {
        assert_eq!(judge(&policy, method, url).is_ok(), allowed, "another rule allows all: {method} {url}");
    }
    let strict = self::policy(json!({
        "domains": [
            { "host": "registry.example", "methods": ["get", "HEAD"], "paths": ["/v2/**"] },
            { "host": "registry.example", "methods": ["POST"], "paths": ["/login"] },
        ],
        "exempt": ["registry.example"],
    }));
    for (method, path, allowed) in [
        ("GET", "/v2/library/alpine/manifests/latest", true),
        ("HEAD", "/v2/", true),
        ("GET", "/v2/?n=1", true),
        ("POST", "/login", true),
        ("POST", "/v2/", false),
        ("GET", "/login", false),
        ("get", "/v2/", false),
        ("GET", "/v2/../login", false),
        ("GET", "/v2/%2e%2e/login", false),
        ("GET", "/", false),
        ("GET", "*", false),
    ] {
        let url = format!("registry.example{path}");
        let method_and_path = (method, path);
        let judged = match path {
            "*" => strict.judge(&target("registry.example"), &Method::GET, "*").map(|_| ()).map_err(|e| e.to_string()),
            _ => judge(&strict, method, &url).map(|_| ()),
        };
        let expected = if allowed { Ok(()) } else { Err(limits.to_owned()) };
        assert_eq!(judged, expected, "{method_and_path:?}");
    }
    let grant = strict.admit(&target("registry.example")).unwrap();
    assert!(grant.limited, "what can't be seen as requests must not pass");
    assert_eq!(grant.handling, Handling::Intercept, "limits go before the exemption, which would make them void");
}

#[test]
fn a_disabled_list_allows_what_is_public_and_denies_all_the_same() {
    let policy = policy(json!({
        "enabled": false,
        "domains": [{ "host": "git.corp.example", "private": true }],
        "deny": { "domains": ["evil.example"] },
    }));
    assert_eq!(admit(&policy, "anything.example:9999"), "allow: allowlist disabled");
    assert_eq!(admit(&policy, "1.1.1.1:22"), "allow: allowlist disabled");
    assert_eq!(admit(&policy, "10.0.0.1"), "deny: private address");
    assert_eq!(admit(&policy, "evil.example"), r#"deny: allowlist.deny.domains[0] "evil.example""#);
    assert_eq!(permit(&policy, "anything.example", &["169.254.169.254"]).unwrap_err(), "metadata address");
    assert_eq!(permit(&policy, "git.corp.example", &["10.0.0.1"]).unwrap(), ["10.0.0.1"]);
}

#[test]
fn while_an_offline_agent_runs_only_its_own_rules_hold() {
    let list = list(json!({
        "mode": "offline-agent",
        "domains": ["*"],
        "agent": { "domains": ["docs.example"], "presets": ["anthropic"] },
        "deny": { "domains": ["claude.ai"] },
    }));
    let setup = Policy::new(&list, [], Phase::Setup, Vec::new());
    assert_eq!(admit(&setup, "registry.npmjs.org"), r#"allow: allowlist.domains[0] "*""#);
    let agent = Policy::new(&list, [], Phase::Agent, Vec::new());
    assert_eq!(admit(&agent, "registry.npmjs.org"), "deny: default deny while the agent runs");
    assert_eq!(admit(&agent, "docs.example"), r#"allow: allowlist.agent.domains[0] "docs.example""#);
    assert_eq!(admit(&agent, "api.anthropic.com"), "allow: preset anthropic");
    assert_eq!(admit(&agent, "claude.ai"), r#"deny: allowlist.deny.domains[0] "claude.ai""#);
}

#[test]
fn a_workspace_takes_away_and_never_adds() {
    let server = list(json!({
        "domains": ["*.example", { "host": "git.corp", "private": true }, "pinned.other"],
        "exempt": ["pinned.other"],
        "deny": { "domains": ["evil.example"] },
    }));
    let workspace = list(json!({
        "domains": [
            { "host": "api.example", "methods": ["GET"] },
            "evil.example",
            "more.other",
            { "host": "private.example", "private": true },
            "git.corp",
            { "host": "pinned.other", "paths": ["/x"] },
        ],
        "exempt": ["api.example"],
        "deny": { "ips": ["93.184.0.0/16"] },
    }));
    let policy = Policy::new(&server, [&workspace], Phase::Agent, Vec::new());
    assert_eq!(admit(&policy, "api.example"), r#"allow: allowlist.domains[0] "*.example""#);
    assert_eq!(judge(&policy, "GET", "api.example/").unwrap(), r#"allowlist.domains[0] "*.example""#);
    assert_eq!(
        judge(&policy, "POST", "api.example/").unwrap_err(),
        r#"methods and paths of workspace allowlist.domains[0] "api.example""#
    );
    assert_eq!(admit(&policy, "other.example"), "deny: workspace default deny");
    assert_eq!(admit(&policy, "more.other"), "deny: default deny");
    assert_eq!(admit(&policy, "evil.example"), r#"deny: allowlist.deny.domains[0] "evil.example""#);
    assert_eq!(permit(&policy, "private.example", &["10.0.0.1"]).unwrap_err(), "private address");
    assert_eq!(permit(&policy, "git.corp", &["10.0.0.1"]).unwrap(), ["10.0.0.1"], "the server's word is enough");
    assert_eq!(
        permit(&policy, "api.example", &["93.184.216.34"]).unwrap_err(),
        r#"workspace allowlist.deny.ips[0] "93.184.0.0/16""#
    );
    assert_eq!(
        admit(&policy, "pinned.other"),
        r#"allow: allowlist.domains[2] "pinned.other""#,
        "a workspace's limits need interception"
    );
}

#[test]
fn a_policy_explains_itself() {
    let server = list(json!({
        "domains": ["*.example", { "host": "a.other", "methods": ["GET"], "intercept": true }],
        "ips": ["10.1.0.0/16"],
        "deny": { "domains": ["evil.example"] },
    }));
    let workspace = list(json!({ "domains": ["api.example"] }));
    let policy = Policy::new(&server, [&workspace], Phase::Agent, Vec::new());
    let explained = serde_json::to_value(policy.explain()).unwrap();
    assert_eq!(explained["phase"], "agent");
    let server = &explained["lists"][0];
    assert_eq!(server["standing"], "server");
    assert_eq!(server["otherwise"], "default deny");
    assert_eq!(server["denied"][0]["rule"], r#"allowlist.deny.domains[0] "evil.example""#);
    assert_eq!(server["allowed"][1]["methods"], json!(["GET"]));
    assert_eq!(server["allowed"][2]["what"], "10.1.0.0/16");
    assert_eq!(server["allowed"][2]["private"], true);
    assert_eq!(explained["lists"][1]["allowed"][0]["rule"], r#"workspace allowlist.domains[0] "api.example""#);

    let verdicts = serde_json::to_value(policy.verdicts(&target("b.example"))).unwrap();
    assert_eq!(
        verdicts,
        json!([
            { "standing": "server", "allowed": true, "rule": r#"allowlist.domains[0] "*.example""# },
            { "standing": "workspace", "allowed": false, "rule": "workspace default deny" },
        ])
    );
}
