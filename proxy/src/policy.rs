//! Who may be reached: a pure function of the host, its addresses, the port, the method and the path.
//!
//! The driver asks in the order in which it learns: [`Policy::admit`] on the name, before it is resolved, so that no name
//! that isn't allowed gets into a DNS query; [`Policy::permit`] on the addresses that it has, of which only those that come
//! back may be dialled; [`Policy::judge`] on each request, however long the connection has been open. Each of them decides
//! from the beginning: a policy that changed meanwhile is in force at once.
//!
//! A policy is a stack of lists: the server's, which alone allows, and those of workspaces, which take away. A target has
//! to pass all of them, so no list can widen another. Private addresses are the server's matter: a workspace's rule about
//! `git.example` needs no `private: true` of its own, and has no effect by one. Neither does its `exempt`.
//!
//! Nothing here does I/O, keeps state or looks at the clock.

mod address;
mod config;
mod explain;
mod host;
mod path;
mod pattern;
mod presets;
mod rules;
mod target;

use std::net::IpAddr;

use http::Method;
use serde::Serialize;

pub use crate::policy::address::AddressClass;
pub use crate::policy::config::{AgentRules, Allowlist, Deny, DomainRule, Mode, Phase, RangeRule};
pub use crate::policy::explain::{Explanation, ListExplanation, RuleExplanation, Verdict};
pub use crate::policy::host::{DomainName, Host, HostError};
pub(crate) use crate::policy::path::ReadPath;
pub use crate::policy::path::{PathPattern, PathPatternError};
pub use crate::policy::pattern::{HostPattern, IpRange, PatternError, Ports};
pub use crate::policy::presets::Preset;
pub use crate::policy::rules::{RuleName, Standing};
pub use crate::policy::target::{Scheme, Target};

use crate::policy::address::classify;
use crate::policy::rules::{Rule, RuleList};

/// All that has been decided, ready to be asked.
#[derive(Debug)]
pub struct Policy {
    phase: Phase,
    /// The server's list, then those of workspaces. There is always the first.
    lists: Vec<RuleList>,
    hosts: Vec<IpAddr>,
}

/// A target may be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The server's rule that allows it.
    pub rule: RuleName,
    /// What happens to TLS.
    pub handling: Handling,
    /// Whether some requests are allowed and others aren't. What can't be seen as requests must then not pass.
    pub limited: bool,
}

/// What happens to TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Handling {
    /// It is intercepted, and each request in it is judged.
    Intercept,
    /// It passes as it is, to the permitted addresses.
    Tunnel,
}

/// A target or a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rule}")]
pub struct Denial {
    /// The rule that refuses it.
    pub rule: RuleName,
    /// What kind of rule that is.
    pub kind: DenialKind,
}

/// What kind of rule refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DenialKind {
    /// Nothing allows the host. Allowing it would help.
    Unlisted,
    /// The host is allowed, on other ports.
    Port,
    /// A list denies it.
    Denied,
    /// The address is of a kind that has to be named.
    Address(AddressClass),
    /// The host is allowed for requests with other methods or paths.
    Request,
    /// The name has no address.
    NoAddress,
}

impl Policy {
    /// Makes a policy of the server's list and of those of workspaces, for one phase. `hosts` are the addresses of the
    /// machine as a sandbox would reach it.
    pub fn new<'a>(
        server: &Allowlist,
        workspaces: impl IntoIterator<Item = &'a Allowlist>,
        phase: Phase,
        hosts: Vec<IpAddr>,
    ) -> Self {
        let mut lists = vec![RuleList::new(server, Standing::Server, phase)];
        lists.extend(workspaces.into_iter().map(|list| RuleList::new(list, Standing::Workspace, phase)));
        Self { phase, lists, hosts }
    }

    /// Whether a target may be reached, as far as its name tells. Ask before resolving it. A target that is an address is
    /// judged as one.
    pub fn admit(&self, target: &Target) -> Result<Grant, Denial> {
        let mut grant = self.admit_by_server(target)?;
        for list in self.narrowing() {
            let rules = admitting(list, target)?;
            grant.limited |= is_limited(&rules.domains);
        }
        if grant.limited {
            grant.handling = Handling::Intercept;
        }
        Ok(grant)
    }

    /// The addresses that may be dialled for a target, in the order that they came in, each once, IPv4 ones as such. The
    /// denial, when there is none, is that of the first.
    pub fn permit(&self, target: &Target, addresses: &[IpAddr]) -> Result<Vec<IpAddr>, Denial> {
        self.admit(target)?;
        let rules = admitting(self.server(), target)?;
        let mut permitted = Vec::with_capacity(addresses.len());
        let mut refused = None;
        for address in addresses.iter().map(IpAddr::to_canonical) {
            match self.check_address(address, target.port, &rules.domains) {
                Ok(()) if permitted.contains(&address) => {}
                Ok(()) => permitted.push(address),
                Err(denial) => refused = refused.or(Some(denial)),
            }
        }
        if permitted.is_empty() {
            return Err(refused.unwrap_or_else(|| Denial::new(RuleName::new("no address"), DenialKind::NoAddress)));
        }
        Ok(permitted)
    }

    /// Whether a request may be made. `path` is the path and query of the request.
    pub fn judge(&self, target: &Target, method: &Method, path: &str) -> Result<Grant, Denial> {
        let grant = self.admit(target)?;
        if grant.limited {
            let path = ReadPath::read(path);
            for list in &self.lists {
                let rules = admitting(list, target)?.domains;
                if is_limited(&rules) && !rules.iter().any(|rule| rule.allows(method, path.as_ref())) {
                    let rule = RuleName::new(format_args!("methods and paths of {}", rules[0].name));
                    return Err(Denial::new(rule, DenialKind::Request));
                }
            }
        }
        Ok(grant)
    }

    /// The phase that it is for.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    fn server(&self) -> &RuleList {
        &self.lists[0]
    }

    fn narrowing(&self) -> &[RuleList] {
        &self.lists[1..]
    }

    fn admit_by_server(&self, target: &Target) -> Result<Grant, Denial> {
        let list = self.server();
        let rules = admitting(list, target)?;
        if let Host::Address(address) = target.host {
            self.check_address(address, target.port, &rules.domains)?;
        }
        let exempt = list.exempts(&target.host) || rules.domains.iter().any(|rule| !rule.intercept);
        Ok(Grant {
            rule: rules.name.clone(),
            handling: if exempt { Handling::Tunnel } else { Handling::Intercept },
            limited: is_limited(&rules.domains),
        })
    }

    /// Whether an address of an admitted target may be dialled. `rules` are the server's that admit the target.
    fn check_address(&self, address: IpAddr, port: u16, rules: &[&Rule]) -> Result<(), Denial> {
        if let Some(rule) = self.lists.iter().find_map(|list| list.denial_of_address(address)) {
            return Err(Denial::new(rule.clone(), DenialKind::Denied));
        }
        let (class, Some(block)) = classify(address, &self.hosts) else { return Ok(()) };
        let mut ranges = self.server().around(address).filter(|range| has_port(&range.ports, port));
        let is_named = ranges.any(|range| range.addresses.is_within(&block))
            || class.opened_by_private() && rules.iter().any(|rule| rule.private);
        if is_named { Ok(()) } else { Err(Denial::new(RuleName::new(class), DenialKind::Address(class))) }
    }
}

impl Denial {
    fn new(rule: RuleName, kind: DenialKind) -> Self {
        Self { rule, kind }
    }
}

/// What of a list admits a target.
struct Admitting<'a> {
    /// The first of them.
    name: &'a RuleName,
    /// The rules about names, without those about addresses. None when a range alone admits an address.
    domains: Vec<&'a Rule>,
}

fn admitting<'a>(list: &'a RuleList, target: &Target) -> Result<Admitting<'a>, Denial> {
    if let Some(rule) = list.denial_of(&target.host) {
        return Err(Denial::new(rule.clone(), DenialKind::Denied));
    }
    let about = list.about(&target.host);
    let ranges: Vec<_> = match target.host {
        Host::Address(address) => list.around(address).collect(),
        Host::Name(_) => Vec::new(),
    };
    let range = ranges.iter().find(|range| has_port(&range.ports, target.port));
    let other_port = about.first().map(|rule| &rule.name).or(ranges.first().map(|range| &range.name));
    let domains: Vec<_> = about.iter().copied().filter(|rule| has_port(&rule.ports, target.port)).collect();
    match (range.map(|range| &range.name).or(domains.first().map(|rule| &rule.name)), other_port) {
        // What a range allows isn't limited by a rule about names.
        (Some(name), _) => Ok(Admitting { name, domains: if range.is_some() { Vec::new() } else { domains } }),
        (None, Some(rule)) => {
            let rule = RuleName::new(format_args!("ports of {rule}"));
            Err(Denial::new(rule, DenialKind::Port))
        }
        (None, None) => Err(Denial::new(list.otherwise.clone(), DenialKind::Unlisted)),
    }
}

fn has_port(ports: &[Ports], port: u16) -> bool {
    ports.iter().any(|ports| ports.contains(port))
}

/// Whether each of the rules allows some requests only.
fn is_limited(rules: &[&Rule]) -> bool {
    !rules.is_empty() && rules.iter().all(|rule| rule.is_limited())
}

#[cfg(test)]
mod tests;
