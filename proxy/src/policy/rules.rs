//! The rules of one list, made ready for being asked at each request. Pure.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::Method;
use serde::{Serialize, Serializer};

use super::config::{Allowlist, DomainRule, Mode, Phase, RangeRule};
use super::host::{DomainName, Host};
use super::path::{PathPattern, ReadPath};
use super::pattern::{HostPattern, IpRange, Ports};

/// What a rule is called in logs, in refusals and in the UI: `allowlist.domains[2] "*.github.com"`, `preset github`,
/// `default deny`, `private address` … Stable for as long as the configuration is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RuleName(Arc<str>);

/// Whose list it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The server's: it alone allows.
    Server,
    /// A workspace's: it takes away from what the server's allows.
    Workspace,
}

/// One list for one phase.
#[derive(Debug)]
pub(super) struct RuleList {
    pub standing: Standing,
    pub rules: Vec<Rule>,
    pub ranges: Vec<Range>,
    pub denied_hosts: Vec<(HostPattern, RuleName)>,
    pub denied_ranges: Vec<(IpRange, RuleName)>,
    pub exempt: Vec<HostPattern>,
    /// What refuses that no rule fits.
    pub otherwise: RuleName,
    /// The rules by the name that they are about, in their order.
    exactly: HashMap<DomainName, Vec<usize>>,
    beneath: HashMap<DomainName, Vec<usize>>,
    every: Vec<usize>,
}

/// A rule about names.
#[derive(Debug)]
pub(super) struct Rule {
    pub name: RuleName,
    pub host: HostPattern,
    pub ports: Vec<Ports>,
    pub methods: Vec<Method>,
    pub paths: Vec<PathPattern>,
    pub private: bool,
    pub intercept: bool,
}

/// A rule about addresses.
#[derive(Debug)]
pub(super) struct Range {
    pub name: RuleName,
    pub addresses: IpRange,
    pub ports: Vec<Ports>,
}

impl RuleName {
    /// A name for what refuses outside of the policy, so that logs have one kind of it.
    pub fn new(text: impl fmt::Display) -> Self {
        Self(text.to_string().into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for RuleName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Standing {
    /// What the names of its rules begin with.
    fn prefix(self) -> &'static str {
        match self {
            Self::Server => "",
            Self::Workspace => "workspace ",
        }
    }
}

impl RuleList {
    pub fn new(list: &Allowlist, standing: Standing, phase: Phase) -> Self {
        let prefix = standing.prefix();
        let offline = list.mode == Mode::OfflineAgent && phase == Phase::Agent;
        let (rules, ranges) = in_force(list, prefix, offline);
        let (exactly, beneath, every) = index(&rules);
        let deny = |index: usize, kind, shown: &dyn fmt::Display| {
            RuleName::new(format_args!("{prefix}allowlist.deny.{kind}[{index}] \"{shown}\""))
        };
        let hosts = list.deny.domains.iter().enumerate();
        let addresses = list.deny.ips.iter().enumerate();
        let while_offline = if offline { " while the agent runs" } else { "" };
        Self {
            standing,
            denied_hosts: hosts.map(|(at, host)| (host.clone(), deny(at, "domains", host))).collect(),
            denied_ranges: addresses.map(|(at, range)| (*range, deny(at, "ips", range))).collect(),
            exempt: list.exempt.clone(),
            otherwise: RuleName::new(format_args!("{prefix}default deny{while_offline}")),
            rules,
            ranges,
            exactly,
            beneath,
            every,
        }
    }

    /// The rules about the host, whatever the port, in the order of the list.
    pub fn about<'a>(&'a self, host: &Host) -> Vec<&'a Rule> {
        let mut found = self.every.clone();
        if let Host::Name(name) = host {
            found.extend(self.exactly.get(name).into_iter().flatten());
            found.extend(name.parents().filter_map(|parent| self.beneath.get(parent)).flatten());
            found.sort_unstable();
        }
        found.into_iter().map(|at| &self.rules[at]).collect()
    }

    /// The ranges that the address is in, whatever the port.
    pub fn around(&self, address: IpAddr) -> impl Iterator<Item = &Range> {
        self.ranges.iter().filter(move |range| range.addresses.contains(address))
    }

    /// What denies the host by its name, or by the address that it is.
    pub fn denial_of(&self, host: &Host) -> Option<&RuleName> {
        let by_name = self.denied_hosts.iter().find(|(pattern, _)| pattern.fits(host)).map(|(_, rule)| rule);
        by_name.or_else(|| match host {
            Host::Address(address) => self.denial_of_address(*address),
            Host::Name(_) => None,
        })
    }

    /// What denies the address.
    pub fn denial_of_address(&self, address: IpAddr) -> Option<&RuleName> {
        self.denied_ranges.iter().find(|(range, _)| range.contains(address)).map(|(_, rule)| rule)
    }

    /// Whether the host's TLS is left alone.
    pub fn exempts(&self, host: &Host) -> bool {
        self.exempt.iter().any(|pattern| pattern.fits(host))
    }
}

impl Rule {
    /// The rule that allows every public host on every port.
    fn whole(name: RuleName) -> Self {
        let ports = vec![Ports::ALL];
        let host = HostPattern::Every;
        Self { name, host, ports, methods: Vec::new(), paths: Vec::new(), private: false, intercept: true }
    }

    /// Whether it allows some requests and others not.
    pub fn is_limited(&self) -> bool {
        !(self.methods.is_empty() && self.paths.is_empty())
    }

    /// Whether it allows the request. `path` is `None` when the path could be read in two ways.
    pub fn allows(&self, method: &Method, path: Option<&ReadPath>) -> bool {
        (self.methods.is_empty() || self.methods.contains(method))
            && (self.paths.is_empty() || path.is_some_and(|path| self.paths.iter().any(|glob| path.fits(glob))))
    }
}

/// What of a list is in force: `offline`, that is what it has for agents.
fn in_force(list: &Allowlist, prefix: &str, offline: bool) -> (Vec<Rule>, Vec<Range>) {
    let (mut rules, mut ranges) = (Vec::new(), Vec::new());
    if offline {
        let path = format!("{prefix}allowlist.agent");
        list_rules(&path, &list.agent.domains, &list.agent.ips, &list.ports, &mut rules, &mut ranges);
        preset_rules(prefix, &list.agent.presets, &list.ports, &mut rules);
        return (rules, ranges);
    }
    let path = format!("{prefix}allowlist");
    // While the list is disabled, it still tells which private addresses may be reached, and whose TLS is left alone.
    list_rules(&path, &list.domains, &list.ips, &list.ports, &mut rules, &mut ranges);
    if list.enabled {
        preset_rules(prefix, &list.presets, &list.ports, &mut rules);
    } else {
        rules.push(Rule::whole(RuleName::new(format_args!("{prefix}allowlist disabled"))));
    }
    (rules, ranges)
}

fn list_rules(
    list: &str,
    domains: &[DomainRule],
    ips: &[RangeRule],
    ports: &[Ports],
    rules: &mut Vec<Rule>,
    ranges: &mut Vec<Range>,
) {
    let or_default = |own: &[Ports]| if own.is_empty() { ports.to_vec() } else { own.to_vec() };
    rules.extend(domains.iter().enumerate().map(|(at, rule)| Rule {
        name: RuleName::new(format_args!("{list}.domains[{at}] \"{}\"", rule.host)),
        host: rule.host.clone(),
        ports: or_default(&rule.ports),
        methods: rule.methods.clone(),
        paths: rule.paths.clone(),
        private: rule.private,
        intercept: rule.intercept,
    }));
    ranges.extend(ips.iter().enumerate().map(|(at, rule)| Range {
        name: RuleName::new(format_args!("{list}.ips[{at}] \"{}\"", rule.range)),
        addresses: rule.range,
        ports: or_default(&rule.ports),
    }));
}

fn preset_rules(prefix: &str, presets: &[super::Preset], ports: &[Ports], rules: &mut Vec<Rule>) {
    for preset in presets {
        let name = RuleName::new(format_args!("{prefix}preset {}", preset.name()));
        rules.extend(preset.hosts().into_iter().map(|host| Rule {
            host: host.parse().expect("the hosts of presets are patterns"),
            ports: ports.to_vec(),
            ..Rule::whole(name.clone())
        }));
    }
}

type ByName = HashMap<DomainName, Vec<usize>>;

fn index(rules: &[Rule]) -> (ByName, ByName, Vec<usize>) {
    let (mut exactly, mut beneath, mut every) = (ByName::new(), ByName::new(), Vec::new());
    for (at, rule) in rules.iter().enumerate() {
        match &rule.host {
            HostPattern::Every => every.push(at),
            HostPattern::Exactly(name) => exactly.entry(name.clone()).or_default().push(at),
            HostPattern::Beneath(name) => beneath.entry(name.clone()).or_default().push(at),
        }
    }
    (exactly, beneath, every)
}
