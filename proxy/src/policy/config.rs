//! The policy as configuration has it. Patterns are parsed as they are read; what they come to is decided elsewhere.

use std::fmt;
use std::str::FromStr as _;

use http::Method;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::path::PathPattern;
use super::pattern::{HostPattern, IpRange, Ports};
use super::presets::Preset;

/// Who may be reached: the section `allowlist`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Allowlist {
    /// Whether only what is listed may be reached. Otherwise every public host may, on every port; `deny` and the refusal
    /// of private addresses hold all the same.
    pub enabled: bool,
    /// Whether the agent has the same rules as the setup before it.
    pub mode: Mode,
    /// The names that may be reached.
    pub domains: Vec<DomainRule>,
    /// The addresses that may be reached: by themselves, and, where they are private ones, as those of a listed name.
    pub ips: Vec<RangeRule>,
    /// Lists of names that come with the proxy.
    pub presets: Vec<Preset>,
    /// The ports of the rules that say none.
    pub ports: Vec<Ports>,
    /// What may not be reached, whatever else is listed.
    pub deny: Deny,
    /// Names whose TLS isn't intercepted, for clients that pin certificates. They still have to be listed.
    pub exempt: Vec<HostPattern>,
    /// What the agent may reach in the mode `offline-agent`.
    pub agent: AgentRules,
}

/// Whether the agent has the same rules as the setup before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// It has.
    #[default]
    Online,
    /// While the agent runs, only what [`Allowlist::agent`] lists may be reached.
    OfflineAgent,
}

/// Which part of a session's life the rules are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Code and tools are brought in; no agent runs.
    Setup,
    /// The agent runs.
    Agent,
}

/// What the agent may reach in the mode `offline-agent`: without more words, the model APIs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentRules {
    /// The names.
    pub domains: Vec<DomainRule>,
    /// The addresses.
    pub ips: Vec<RangeRule>,
    /// Lists of names that come with the proxy.
    pub presets: Vec<Preset>,
}

/// What may not be reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Deny {
    /// The names.
    pub domains: Vec<HostPattern>,
    /// The addresses, also as those of a listed name.
    pub ips: Vec<IpRange>,
}

/// A host that may be reached: its pattern alone, or a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainRule {
    /// Which hosts.
    pub host: HostPattern,
    /// On which ports; the list's where none is said.
    pub ports: Vec<Ports>,
    /// With which methods; all where none is said.
    pub methods: Vec<Method>,
    /// With which paths; all where none is said.
    pub paths: Vec<PathPattern>,
    /// Whether the name may have a private address, or one of the machine.
    pub private: bool,
    /// Whether its TLS is intercepted.
    pub intercept: bool,
}

/// Addresses that may be reached: a range alone, or a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeRule {
    /// Which addresses.
    pub range: IpRange,
    /// On which ports; the list's where none is said.
    pub ports: Vec<Ports>,
}

impl Default for Allowlist {
    fn default() -> Self {
        Self {
            enabled: true,
            mode: Mode::default(),
            domains: Vec::new(),
            ips: Vec::new(),
            presets: Vec::new(),
            ports: vec![Ports::one(80), Ports::one(443)],
            deny: Deny::default(),
            exempt: Vec::new(),
            agent: AgentRules::default(),
        }
    }
}

impl Default for AgentRules {
    fn default() -> Self {
        Self { domains: Vec::new(), ips: Vec::new(), presets: vec![Preset::ModelApis] }
    }
}

impl From<HostPattern> for DomainRule {
    fn from(host: HostPattern) -> Self {
        Self { host, ports: Vec::new(), methods: Vec::new(), paths: Vec::new(), private: false, intercept: true }
    }
}

impl From<IpRange> for RangeRule {
    fn from(range: IpRange) -> Self {
        Self { range, ports: Vec::new() }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DomainTable {
    host: HostPattern,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ports: Vec<Ports>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    methods: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    paths: Vec<PathPattern>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    private: bool,
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    intercept: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RangeTable {
    range: IpRange,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ports: Vec<Ports>,
}

fn yes() -> bool {
    true
}

impl DomainTable {
    fn into_rule<E: de::Error>(self) -> Result<DomainRule, E> {
        let Self { host, ports, methods, paths, private, intercept } = self;
        let is_limited = !methods.is_empty() || !paths.is_empty();
        if is_limited && !intercept {
            return Err(E::custom(
                "methods and paths can't be seen without interception: leave out `intercept: false`",
            ));
        }
        let methods = methods
            .into_iter()
            .map(|method| {
                Method::from_str(&method.to_ascii_uppercase())
                    .map_err(|_| E::custom(format_args!("`{}` is no method", method.escape_debug())))
            })
            .collect::<Result<_, _>>()?;
        Ok(DomainRule { host, ports, methods, paths, private, intercept })
    }
}

impl<'de> Deserialize<'de> for DomainRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;
        impl<'de> Visitor<'de> for TextOrTable {
            type Value = DomainRule;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a host or a table with `host`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<DomainRule, E> {
                let host = HostPattern::deserialize(de::value::StrDeserializer::new(text))?;
                Ok(host.into())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<DomainRule, A::Error> {
                DomainTable::deserialize(MapAccessDeserializer::new(map))?.into_rule()
            }
        }
        deserializer.deserialize_any(TextOrTable)
    }
}

impl<'de> Deserialize<'de> for RangeRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;
        impl<'de> Visitor<'de> for TextOrTable {
            type Value = RangeRule;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a range of addresses or a table with `range`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<RangeRule, E> {
                let range = IpRange::deserialize(de::value::StrDeserializer::new(text))?;
                Ok(range.into())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RangeRule, A::Error> {
                let RangeTable { range, ports } = RangeTable::deserialize(MapAccessDeserializer::new(map))?;
                Ok(RangeRule { range, ports })
            }
        }
        deserializer.deserialize_any(TextOrTable)
    }
}

/// As it was written: the pattern alone where nothing else is said.
impl Serialize for DomainRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if *self == Self::from(self.host.clone()) {
            return self.host.serialize(serializer);
        }
        let Self { host, ports, methods, paths, private, intercept } = self.clone();
        let methods = methods.iter().map(Method::to_string).collect();
        DomainTable { host, ports, methods, paths, private, intercept }.serialize(serializer)
    }
}

/// As it was written: the range alone where nothing else is said.
impl Serialize for RangeRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.ports.is_empty() {
            return self.range.serialize(serializer);
        }
        RangeTable { range: self.range, ports: self.ports.clone() }.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: Value) -> Result<Allowlist, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_written_comes_back_as_it_was_written() {
        let written = json!({
            "enabled": true,
            "mode": "offline-agent",
            "domains": [
                "*.anthropic.com",
                { "host": "git.example", "ports": ["443", "8000-8999"], "methods": ["GET"], "paths": ["/v2/**"], "private": true },
                { "host": "pinned.example", "intercept": false },
            ],
            "ips": ["10.1.0.0/16", { "range": "10.2.0.1", "ports": ["5432"] }],
            "presets": ["model-apis", "github"],
            "ports": ["80", "443"],
            "deny": { "domains": ["gist.github.com"], "ips": ["10.1.9.0/24"] },
            "exempt": ["*.pinned.example"],
            "agent": { "domains": [], "ips": [], "presets": ["anthropic"] },
        });
        let list = read(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(&list).unwrap(), written);
    }

    #[test]
    fn nothing_said_means_nothing_allowed_and_the_ports_of_the_web() {
        let list = read(json!({})).unwrap();
        assert_eq!(list, Allowlist::default());
        assert!(list.enabled && list.domains.is_empty());
        assert!(list.ports[0].contains(80) && list.ports[1].contains(443));
        assert_eq!(list.agent.presets, [Preset::ModelApis]);
    }

    #[test]
    fn a_mistake_is_told_in_words() {
        for (value, expected) in [
            (json!({ "domain": [] }), "unknown field `domain`"),
            (json!({ "domains": ["**.example"] }), "a star stands alone"),
            (json!({ "domains": [{ "host": "a.example", "port": [1] }] }), "unknown field `port`"),
            (json!({ "domains": [{ "ports": [1] }] }), "missing field `host`"),
            (json!({ "domains": [7] }), "a host or a table with `host`"),
            (json!({ "domains": [{ "host": "a.example", "methods": ["GE T"] }] }), "is no method"),
            (json!({ "domains": [{ "host": "a.example", "paths": ["x"] }] }), "a path begins with `/`"),
            (
                json!({ "domains": [{ "host": "a.example", "paths": ["/x"], "intercept": false }] }),
                "can't be seen without interception",
            ),
            (json!({ "ips": ["10.0.0"] }), "a range is an address"),
            (json!({ "ips": [{ "range": "10.0.0.1", "port": 1 }] }), "unknown field `port`"),
            (json!({ "presets": ["everything"] }), "unknown variant `everything`"),
            (json!({ "mode": "offline" }), "unknown variant `offline`"),
            (json!({ "deny": { "hosts": [] } }), "unknown field `hosts`"),
        ] {
            let error = read(value.clone()).unwrap_err();
            assert!(error.contains(expected), "{value}: {error}");
        }
    }
}
