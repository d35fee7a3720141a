//! Configurations, as text and as they change.

use serde_json::json;

use super::*;

const EXAMPLE: &str = r#"
allowlist:
  domains: ["*.anthropic.com", github.com]
  ips: ["10.1.0.0/16"]
headers:
  api.anthropic.com:
    set: { x-api-key: canary }
    remove: [authorization]
  "*.github.com":
    - { set: { authorization: "Basic canary" }, when: { paths: ["/**/info/refs"] } }
logging: { level: info }
"#;

fn live() -> Live {
    Live::new(Config::from_yaml(EXAMPLE).unwrap(), |_| ()).unwrap()
}

#[test]
fn the_documented_example_is_read() {
    let config = Config::from_yaml(EXAMPLE).unwrap();
    assert_eq!(config.allowlist.domains.len(), 2);
    assert_eq!(config.headers["*.github.com"].rules().len(), 1);
    assert!(Settings::new(config, None).is_ok());
    assert_eq!(Config::from_yaml("# nothing\n"), Ok(Config::default()));
}

#[test]
fn the_documented_defaults_are_the_defaults() {
    let readme = include_str!("../../../README.md");
    let (_, section) = readme.split_once("## The proxy alone").unwrap();
    let (_, defaults) = section.split_once("```yaml\n").unwrap();
    let (defaults, _) = defaults.split_once("```").unwrap();
    let config = Config::from_yaml(defaults).unwrap();
    assert_eq!(config, Config::default());
    // Every key stands there.
    let shown = serde_json::to_value(&config).unwrap();
    for (name, section) in shown.as_object().unwrap() {
        assert!(defaults.contains(&format!("\n{name}:")) || defaults.starts_with(&format!("{name}:")), "{name}");
        for name in section.as_object().into_iter().flat_map(|section| section.keys()) {
            assert!(defaults.contains(&format!("{name}:")), "{name}");
        }
    }
}

#[test]
fn a_broken_text_is_refused_with_its_line_and_without_its_values() {
    for (text, line, part) in [
        ("allowlist:\n  domain: []\n", 2, "domain"),
        ("limits:\n  connections: many\n", 2, ""),
        ("headers:\n  a.example:\n    set: canary\n", 3, ""),
        ("headers:\n  a.example: canary\n", 2, ""),
        ("allowlist: [\n", 0, ""),
    ] {
        let error = Config::from_yaml(text).unwrap_err();
        assert!(line == 0 || error.line == line, "{error}");
        assert!(error.reason.contains(part) && !error.reason.contains("canary"), "{error}");
        assert!(!error.reason.contains('\n'), "{error}");
    }
}

#[test]
fn secrets_are_not_shown_and_survive_being_sent_back() {
    let live = live();
    let shown = live.shown();
    assert!(!shown.to_string().contains("canary"));
    assert!(!format!("{:?}", live.now()).contains("canary"));
    live.replace(shown).unwrap();
    live.patch(json!({ "logging": { "level": "debug" } })).unwrap();
    let config = &live.now().config;
    assert_eq!(config.logging.level, "debug");
    assert_eq!(config.headers, Config::from_yaml(EXAMPLE).unwrap().headers);
}

#[test]
fn a_broken_change_changes_nothing() {
    let live = live();
    let before = live.shown();
    for broken in [
        json!({ "nonsense": 1 }),
        json!({ "limits": { "connections": 0 } }),
        json!({ "headers": { "new.example": { "set": { "a": "(secret)" } } } }),
        json!({ "allowlist": { "domains": ["*.*"] } }),
    ] {
        assert!(live.patch(broken.clone()).is_err(), "{broken}");
        assert_eq!(live.shown(), before);
    }
    assert!(live.replace_from_yaml("allowlist: 5").is_err());
    assert_eq!(live.shown(), before);
}

#[test]
fn numbers_that_nothing_could_work_with_are_refused() {
    let live = live();
    for (section, key, number) in [
        ("limits", "head_timeout", u64::MAX),
        ("limits", "idle_timeout", u64::MAX),
        ("limits", "tunnel_timeout", u64::MAX / 1000),
        ("limits", "head_bytes", u64::from(u32::MAX)),
        ("limits", "connections", 0),
        ("upstream", "connect_timeout", 0),
        ("upstream", "connect_timeout", u64::MAX),
        ("upstream", "answer_timeout", u64::MAX),
        ("logging", "file_mib", 0),
        ("logging", "total_mib", 0),
        ("logging", "total_mib", 16),
        ("logging", "file_mib", u64::MAX),
    ] {
        let error = live.patch(json!({ (section): { (key): number } })).unwrap_err().to_string();
        assert!(error.contains(section), "{section}.{key}: {error}");
    }
    for fine in [
        json!({ "limits": { "head_timeout": 1, "tunnel_timeout": 31_536_000 } }),
        json!({ "logging": { "file_mib": 1, "total_mib": 2 } }),
        json!({ "upstream": { "answer_timeout": 86_400 } }),
    ] {
        live.patch(fine).unwrap();
    }
}

#[test]
fn a_level_that_makes_no_sense_is_refused() {
    let live = live();
    for level in ["=][garbage", "info,octobot_proxy=loud"] {
        assert!(live.patch(json!({ "logging": { "level": level } })).is_err(), "{level}");
    }
    for level in ["warn", "info,octobot_proxy=debug", "off"] {
        live.patch(json!({ "logging": { "level": level } })).unwrap();
    }
}

#[test]
fn what_is_refused_isnt_told_whatever_its_type() {
    let live = live();
    for broken in [
        json!({ "headers": { "a.example": { "set": { "x": 987_654_321 } } } }),
        json!({ "headers": { "a.example": { "set": { "x": 98_765.432_1 } } } }),
        json!({ "headers": { "a.example": { "set": "987654321\", expected 987654321" } } }),
        json!({ "headers": { "a.example": { "authorization: Bearer 987654321": "y" } } }),
        json!({ "headers": { "a.example": { "set": { "authorization: Bearer 987654321": "y" } } } }),
        json!({ "phase": "987654321" }),
        json!({ "upstream": { "proxy": { "address": "http://u:987654321@p:1" } } }),
    ] {
        let error = live.patch(broken.clone()).unwrap_err().to_string();
        assert!(!error.contains("98765") && !error.is_empty(), "{broken}: {error}");
    }
    let error = live.patch(json!({ "allowlist": { "nonsense": 1 } })).unwrap_err().to_string();
    assert!(error.contains("unknown field `nonsense`, expected one of"), "{error}");
    let error = live.patch(json!({ "limits": { "connections": "canary" } })).unwrap_err().to_string();
    assert_eq!(error, "invalid type: string, expected usize");
}

#[test]
fn connections_are_kept_unless_the_way_to_hosts_changes() {
    let live = live();
    let dials_alike = |one: &Settings, other: &Settings| one.pool.is_same(&other.pool);
    let before = live.now();
    live.patch(json!({ "logging": { "level": "debug" } })).unwrap();
    assert!(dials_alike(&before, &live.now()));
    live.patch(json!({ "upstream": { "roots": "mozilla" } })).unwrap();
    assert!(!dials_alike(&before, &live.now()));
}

#[test]
fn a_configuration_with_its_secrets_comes_back_as_it_was() {
    let text = "
allowlist: { domains: [api.example, { host: git.example, ports: [443], private: true }], presets: [npm] }
headers:
  api.example:
    - { set: { x-api-key: canary-1 }, when: { headers: { x-api-key: canary-2, x-other: null } } }
    - { append: { x-more: canary-1 }, remove: [x-less], ports: [8443], plain: true }
upstream: { proxy: { address: 'proxy.example:3128', username: u, password: canary-3 } }
";
    let config = Config::from_yaml(text).unwrap();
    let written = config.to_text_with_secrets();
    assert_eq!(Config::from_yaml(&written).unwrap(), config);
    assert!(!serde_json::to_string(&config).unwrap().contains("canary"));
}
