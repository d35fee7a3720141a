//! Who may be reached from a project's sandboxes: what a project says, what its workspaces add. What the two come to stands
//! in `effective`, what a repository takes away from that in `repository`.
//!
//! Patterns are the proxy's own types, so nothing is kept that the proxy wouldn't take.

mod effective;
mod preset;
mod repository;

use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use octobot_proxy::policy::{HostError, HostPattern, IpRange, Mode, PatternError, Ports, Preset, Scheme, Target};
use octobot_wire::network as wire;

pub use self::effective::{Effective, StillDenied};
pub use self::preset::{catalogue, find as preset};
pub use self::repository::{REPOSITORY_POLICY_PATH, RepositoryPolicy};

/// How many entries a list may have.
const MOST_ENTRIES: usize = 500;

/// How many ports, or ranges of them, an entry may have.
const MOST_PORTS: usize = 32;

/// The policy of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkPolicy {
    /// Counts the changes; 0 for what a project begins with.
    pub revision: u64,
    /// Whether only what is listed may be reached.
    pub enabled: bool,
    /// Whether an agent may reach what the setup before it may.
    pub mode: Mode,
    /// The lists that are turned on.
    pub presets: Vec<Preset>,
    /// What else may be reached.
    pub allowed: Vec<AllowedHost>,
    /// What may not be reached.
    pub denied: Vec<Destination>,
}

/// What a workspace adds to its project's policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkAdditions {
    /// Counts the changes; 0 for what a workspace begins with.
    pub revision: u64,
    /// What else may be reached.
    pub allowed: Vec<AllowedHost>,
    /// What may not be reached.
    pub denied: Vec<Destination>,
}

/// A host that may be reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AllowedHost {
    /// Which.
    pub destination: Destination,
    /// On which ports; none for those of the web.
    pub ports: Vec<Ports>,
    /// Whether a name may lead to private addresses.
    pub private: bool,
    /// Whether the agent may reach it while it is offline otherwise.
    pub offline: bool,
}

/// Where something goes: a pattern of names, or a range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Destination {
    /// Names.
    Names(HostPattern),
    /// Addresses.
    Addresses(IpRange),
}

/// A policy that can't be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}.")]
pub struct InvalidPolicy {
    /// The field of the request, for instance `allowed.3.host`.
    pub field: String,
    /// What is wrong with it.
    pub reason: InvalidEntry,
}

/// What is wrong with an entry of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEntry {
    /// Text that is no pattern.
    #[error("“{text}” can't be used: {reason}")]
    Pattern {
        /// The text.
        text: String,
        /// Why not.
        reason: PatternError,
    },
    /// A preset that there isn't.
    #[error("There is no preset “{0}”")]
    Preset(String),
    /// Too long a list.
    #[error("A list has at most {most} entries")]
    TooMany {
        /// How many it may have.
        most: usize,
    },
}

impl Default for NetworkPolicy {
    fn default() -> Self {
        Self {
            revision: 0,
            enabled: true,
            mode: Mode::Online,
            presets: vec![Preset::ModelApis, Preset::PackageRegistries, Preset::Github],
            allowed: Vec::new(),
            denied: Vec::new(),
        }
    }
}

impl NetworkPolicy {
    /// Reads a policy. What stands in a list twice is kept once.
    pub fn parse(policy: &wire::NetworkPolicy) -> Result<Self, InvalidPolicy> {
        Ok(Self {
            revision: policy.revision,
            enabled: policy.enabled,
            mode: match policy.mode {
                wire::NetworkMode::Online => Mode::Online,
                wire::NetworkMode::OfflineAgent => Mode::OfflineAgent,
            },
            presets: parse_list("presets", &policy.presets, |field, name| {
                preset(name).ok_or_else(|| invalid(field.to_owned(), InvalidEntry::Preset(name.clone())))
            })?,
            allowed: parse_list("allowed", &policy.allowed, AllowedHost::parse)?,
            denied: parse_list("denied", &policy.denied, |field, text| pattern(field.to_owned(), text))?,
        })
    }

    /// The policy as clients see it.
    pub fn to_wire(&self) -> wire::NetworkPolicy {
        wire::NetworkPolicy {
            revision: self.revision,
            enabled: self.enabled,
            mode: match self.mode {
                Mode::Online => wire::NetworkMode::Online,
                Mode::OfflineAgent => wire::NetworkMode::OfflineAgent,
            },
            presets: self.presets.iter().map(|preset| preset.name().to_owned()).collect(),
            allowed: self.allowed.iter().map(AllowedHost::to_wire).collect(),
            denied: texts(&self.denied),
        }
    }
}

impl NetworkAdditions {
    /// Reads what a workspace adds. What stands in a list twice is kept once.
    pub fn parse(additions: &wire::NetworkAdditions) -> Result<Self, InvalidPolicy> {
        Ok(Self {
            revision: additions.revision,
            allowed: parse_list("allowed", &additions.allowed, AllowedHost::parse)?,
            denied: parse_list("denied", &additions.denied, |field, text| pattern(field.to_owned(), text))?,
        })
    }

    /// The additions as clients see them.
    pub fn to_wire(&self) -> wire::NetworkAdditions {
        wire::NetworkAdditions {
            revision: self.revision,
            allowed: self.allowed.iter().map(AllowedHost::to_wire).collect(),
            denied: texts(&self.denied),
        }
    }
}

impl AllowedHost {
    /// Reads an entry; `field` is where it stands.
    pub fn parse(field: &str, entry: &wire::AllowedHost) -> Result<Self, InvalidPolicy> {
        if entry.ports.len() > MOST_PORTS {
            return Err(invalid(format!("{field}.ports"), InvalidEntry::TooMany { most: MOST_PORTS }));
        }
        let ports = entry.ports.iter().enumerate().map(|(at, text)| pattern(format!("{field}.ports.{at}"), text));
        Ok(Self {
            destination: pattern(format!("{field}.host"), &entry.host)?,
            ports: ports.collect::<Result<_, _>>()?,
            private: entry.private,
            offline: entry.offline,
        })
    }

    /// The entry as clients see it.
    pub fn to_wire(&self) -> wire::AllowedHost {
        wire::AllowedHost {
            host: self.destination.to_string(),
            ports: texts(&self.ports),
            private: self.private,
            offline: self.offline,
        }
    }
}

impl FromStr for Destination {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        match text.parse() {
            Ok(range) => Ok(Self::Addresses(range)),
            // What has a slash or a colon and no range in it was meant to be one: no name has either.
            Err(error) if text.contains(['/', ':']) && !text.contains("://") => Err(error),
            Err(_) => text.parse().map(Self::Names),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Names(pattern) => pattern.fmt(f),
            Self::Addresses(range) => range.fmt(f),
        }
    }
}

/// Makes sure that a list can take one more entry.
pub fn check_room(list: &[AllowedHost]) -> Result<(), InvalidPolicy> {
    let is_full = list.len() >= MOST_ENTRIES;
    if is_full { Err(invalid("host".to_owned(), InvalidEntry::TooMany { most: MOST_ENTRIES })) } else { Ok(()) }
}

/// Reads what a person types to ask about a host: a name or an address, with a port or without, or a URL.
pub fn read_target(text: &str) -> Result<Target, InvalidPolicy> {
    let text = text.trim();
    let (scheme, rest) = match text.split_once("://") {
        Some(("http" | "ws", rest)) => (Scheme::Http, rest),
        Some((_, rest)) => (Scheme::Https, rest),
        None => (Scheme::Https, text),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // An IPv6 address without brackets has no port.
    let is_address = authority.parse::<IpAddr>().is_ok();
    let target = if is_address { Target::new(authority, 443, scheme) } else { Target::parse(authority, scheme) };
    target.map_err(|reason| unreadable(text, reason))
}

/// Reads a host and a port.
pub fn read_host(host: &str, port: u16) -> Result<Target, InvalidPolicy> {
    Target::new(host.trim(), port, Scheme::Https).map_err(|reason| unreadable(host, reason))
}

fn unreadable(text: &str, reason: HostError) -> InvalidPolicy {
    invalid("host".to_owned(), InvalidEntry::Pattern { text: text.to_owned(), reason: reason.into() })
}

fn parse_list<T, D: Clone + Eq + std::hash::Hash>(
    field: &str,
    entries: &[T],
    parse: impl Fn(&str, &T) -> Result<D, InvalidPolicy>,
) -> Result<Vec<D>, InvalidPolicy> {
    if entries.len() > MOST_ENTRIES {
        return Err(invalid(field.to_owned(), InvalidEntry::TooMany { most: MOST_ENTRIES }));
    }
    let mut known = HashSet::new();
    let mut parsed = Vec::with_capacity(entries.len());
    for (at, entry) in entries.iter().enumerate() {
        let entry = parse(&format!("{field}.{at}"), entry)?;
        if known.insert(entry.clone()) {
            parsed.push(entry);
        }
    }
    Ok(parsed)
}

fn pattern<T: FromStr<Err = PatternError>>(field: String, text: &str) -> Result<T, InvalidPolicy> {
    let text = text.trim();
    text.parse().map_err(|reason| invalid(field, InvalidEntry::Pattern { text: text.to_owned(), reason }))
}

fn invalid(field: String, reason: InvalidEntry) -> InvalidPolicy {
    InvalidPolicy { field, reason }
}

fn texts<T: fmt::Display>(entries: &[T]) -> Vec<String> {
    entries.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str, ports: &[&str]) -> wire::AllowedHost {
        wire::AllowedHost {
            host: text.to_owned(),
            ports: ports.iter().map(|&port| port.to_owned()).collect(),
            private: false,
            offline: false,
        }
    }

    fn with_allowed(allowed: Vec<wire::AllowedHost>) -> wire::NetworkPolicy {
        wire::NetworkPolicy { allowed, ..NetworkPolicy::default().to_wire() }
    }

    #[test]
    fn a_policy_is_kept_in_its_one_form_and_each_entry_once() {
        let allowed = vec![host(" GitHub.com. ", &["443"]), host("github.com", &["443"]), host("10.1.2.3/16", &[])];
        let policy = NetworkPolicy::parse(&with_allowed(allowed)).unwrap().to_wire();
        assert_eq!(policy.allowed, [host("github.com", &["443"]), host("10.1.0.0/16", &[])]);
        assert_eq!(policy.presets, ["model-apis", "package-registries", "github"]);
        assert_eq!(NetworkPolicy::parse(&policy).unwrap().to_wire(), policy);
    }

    #[test]
    fn what_the_proxy_would_not_take_is_refused_with_its_field() {
        let refused = |policy: wire::NetworkPolicy| NetworkPolicy::parse(&policy).unwrap_err();
        for (entry, field, word) in [
            (host("**.example", &[]), "allowed.1.host", "star"),
            (host("a.example", &["0"]), "allowed.1.ports.0", "ports"),
            (host("10.0.0.0/99", &[]), "allowed.1.host", "range"),
            (host("2130706433", &[]), "allowed.1.host", "four decimal numbers"),
            (host("https://a.example/", &[]), "allowed.1.host", "character"),
            (host("a.example", &["1"; 33]), "allowed.1.ports", "at most 32"),
            (host("", &[]), "allowed.1.host", "empty"),
        ] {
            let error = refused(with_allowed(vec![host("a.example", &[]), entry]));
            assert!(error.field == field && error.to_string().contains(word), "{error:?}: {error}");
        }
        let preset = wire::NetworkPolicy { presets: vec!["everything".to_owned()], ..with_allowed(Vec::new()) };
        assert_eq!(refused(preset).field, "presets.0");
        let denied = wire::NetworkPolicy { denied: vec!["a b".to_owned()], ..with_allowed(Vec::new()) };
        assert_eq!(refused(denied).field, "denied.0");
        assert_eq!(refused(with_allowed(vec![host("a.example", &[]); 501])).field, "allowed");
    }
}
