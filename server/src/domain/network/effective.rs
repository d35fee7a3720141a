//! What a project's policy and a workspace's additions come to: the list that a sandbox's proxy is given, where each of its
//! rules comes from, and what it says about a host.

use std::iter::repeat_n;
use std::net::IpAddr;

use octobot_proxy::policy::{
    AgentRules, Allowlist, Denial, DenialKind, Deny, DomainRule, Host, Mode, Phase, Policy, Ports, Preset, RangeRule,
    RuleExplanation, Target,
};
use octobot_wire::network as wire;

use super::preset::is_of_models;
use super::{AllowedHost, Destination, NetworkAdditions, NetworkPolicy};

/// A policy in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    list: Allowlist,
    /// How long the list was with what the operator says alone, and with what the project says as well.
    operator: Lengths,
    project: Lengths,
}

/// How long each part of a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lengths {
    domains: usize,
    ips: usize,
    presets: usize,
    agent_domains: usize,
    agent_ips: usize,
    agent_presets: usize,
    denied_domains: usize,
    denied_ips: usize,
}

/// A host that stays denied even when it is listed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The host would still be refused by the rule {rule}. Change that one first.")]
pub struct StillDenied {
    /// The rule that denies it.
    pub rule: String,
}

impl Effective {
    /// Merges what the operator says of every sandbox, what a project says, and what a workspace adds. Whether only what is
    /// listed may be reached, the project says, and whether the agent is offline. One that is keeps the APIs of models that
    /// the project has turned on; all of them where the policy is off.
    pub fn new(operator: &Allowlist, policy: &NetworkPolicy, additions: &NetworkAdditions) -> Self {
        let mut list = Allowlist { enabled: policy.enabled, mode: policy.mode, ..operator.clone() };
        if list.agent == AgentRules::default() {
            // The operator says nothing about agents.
            list.agent.presets.clear();
        }
        let of_operator = Lengths::of(&list);
        list.presets.extend(&policy.presets);
        list.agent.presets.extend(offline_presets(policy));
        add(&mut list, &policy.allowed, &policy.denied);
        let of_project = Lengths::of(&list);
        add(&mut list, &additions.allowed, &additions.denied);
        Self { list, operator: of_operator, project: of_project }
    }

    /// The list for the proxy.
    pub fn into_list(self) -> Allowlist {
        self.list
    }

    /// All rules in force, and where they come from.
    pub fn explain(&self, phase: Phase) -> wire::EffectivePolicy {
        let explained = self.policy(phase).explain().lists.swap_remove(0);
        let denied = explained.denied.iter().zip(self.origins_of_denied());
        let allowed = explained.allowed.iter().zip(self.origins_of_allowed(phase));
        wire::EffectivePolicy {
            phase: match phase {
                Phase::Setup => wire::NetworkPhase::Setup,
                Phase::Agent => wire::NetworkPhase::Agent,
            },
            denied: denied.map(|(rule, origin)| effective_rule(rule, origin)).collect(),
            allowed: allowed.map(|(rule, origin)| effective_rule(rule, origin)).collect(),
        }
    }

    /// What it says about a target, as far as its name tells.
    pub fn verdict(&self, target: &Target, phase: Phase) -> wire::HostVerdict {
        let (rule, refusal) = match self.policy(phase).admit(target) {
            Ok(grant) => (grant.rule, None),
            Err(Denial { rule, kind }) => (rule, Some(refusal(kind))),
        };
        let explained = self.explain(phase);
        let name = rule.as_str().strip_prefix("ports of ").unwrap_or(rule.as_str());
        let known = explained.denied.into_iter().chain(explained.allowed).find(|known| known.rule == name);
        wire::HostVerdict {
            host: target.host.to_string(),
            port: target.port,
            refusal,
            rule: rule.as_str().to_owned(),
            origin: known.map(|known| known.origin),
        }
    }

    /// The entry that would let a target be reached; none if it is reached already.
    pub fn entry_for(&self, target: &Target, private: bool) -> Option<AllowedHost> {
        let policy = self.policy(Phase::Agent);
        let private = private && matches!(target.host, Host::Name(_));
        // Any private address stands for all: whether they are allowed is a matter of the rule, not of the address.
        let sample: IpAddr = [10, 0, 0, 1].into();
        let is_reached = policy.admit(target).is_ok() && (!private || policy.permit(target, &[sample]).is_ok());
        let default_ports = &self.list.ports;
        let is_web = default_ports.iter().any(|ports| ports.contains(target.port));
        (!is_reached).then(|| AllowedHost {
            destination: destination(&target.host),
            ports: if is_web { Vec::new() } else { vec![Ports::one(target.port)] },
            private,
            offline: self.list.mode == Mode::OfflineAgent,
        })
    }

    /// Makes sure that nothing else denies a target.
    pub fn check_reached(&self, target: &Target) -> Result<(), StillDenied> {
        let denied = |denial: Denial| StillDenied { rule: denial.rule.as_str().to_owned() };
        self.policy(Phase::Agent).admit(target).map(drop).map_err(denied)
    }

    fn policy(&self, phase: Phase) -> Policy {
        Policy::new(&self.list, [], phase, Vec::new())
    }

    fn origins_of_denied(&self) -> impl Iterator<Item = wire::RuleOrigin> {
        let Deny { domains, ips } = &self.list.deny;
        let domains = self.whose(domains.len(), |lengths| lengths.denied_domains);
        domains.chain(self.whose(ips.len(), |lengths| lengths.denied_ips))
    }

    /// In the order of the explanation: names, presets, or what stands for them while the policy is off, then addresses.
    fn origins_of_allowed(&self, phase: Phase) -> Vec<wire::RuleOrigin> {
        let list = &self.list;
        let is_offline = list.mode == Mode::OfflineAgent && phase == Phase::Agent;
        if is_offline {
            let AgentRules { domains, ips, presets } = &list.agent;
            let domains = self.whose(domains.len(), |lengths| lengths.agent_domains);
            let presets = of_presets(presets, self.operator.agent_presets);
            return domains.chain(presets).chain(self.whose(ips.len(), |lengths| lengths.agent_ips)).collect();
        }
        let mut origins: Vec<_> = self.whose(list.domains.len(), |lengths| lengths.domains).collect();
        if list.enabled {
            origins.extend(of_presets(&list.presets, self.operator.presets));
        } else {
            origins.push(wire::RuleOrigin::PolicyOff);
        }
        origins.extend(self.whose(list.ips.len(), |lengths| lengths.ips));
        origins
    }

    /// Whose the entries of a part of the list are: the operator's come first, then the project's.
    fn whose(&self, count: usize, part: fn(&Lengths) -> usize) -> impl Iterator<Item = wire::RuleOrigin> + use<> {
        let (operator, project) = (part(&self.operator), part(&self.project));
        (0..count).map(move |at| match at {
            _ if at < operator => wire::RuleOrigin::Operator,
            _ if at < project => wire::RuleOrigin::Project,
            _ => wire::RuleOrigin::Workspace,
        })
    }
}

impl Lengths {
    fn of(list: &Allowlist) -> Self {
        Self {
            domains: list.domains.len(),
            ips: list.ips.len(),
            presets: list.presets.len(),
            agent_domains: list.agent.domains.len(),
            agent_ips: list.agent.ips.len(),
            agent_presets: list.agent.presets.len(),
            denied_domains: list.deny.domains.len(),
            denied_ips: list.deny.ips.len(),
        }
    }
}

/// An origin for each host of each preset.
fn of_presets(presets: &[Preset], of_operator: usize) -> impl Iterator<Item = wire::RuleOrigin> {
    presets.iter().enumerate().flat_map(move |(at, preset)| {
        let of_project = || wire::RuleOrigin::Preset { name: preset.name().to_owned() };
        let origin = if at < of_operator { wire::RuleOrigin::Operator } else { of_project() };
        repeat_n(origin, preset.hosts().len())
    })
}

fn offline_presets(policy: &NetworkPolicy) -> Vec<Preset> {
    if policy.enabled {
        policy.presets.iter().copied().filter(|preset| is_of_models(*preset)).collect()
    } else {
        vec![Preset::ModelApis]
    }
}

fn add(list: &mut Allowlist, allowed: &[AllowedHost], denied: &[Destination]) {
    for AllowedHost { destination, ports, private, offline } in allowed {
        match destination {
            Destination::Names(host) => {
                let rule = DomainRule { ports: ports.clone(), private: *private, ..host.clone().into() };
                list.agent.domains.extend(offline.then(|| rule.clone()));
                list.domains.push(rule);
            }
            Destination::Addresses(range) => {
                let rule = RangeRule { range: *range, ports: ports.clone() };
                list.agent.ips.extend(offline.then(|| rule.clone()));
                list.ips.push(rule);
            }
        }
    }
    for destination in denied {
        match destination {
            Destination::Names(host) => list.deny.domains.push(host.clone()),
            Destination::Addresses(range) => list.deny.ips.push(*range),
        }
    }
}

fn destination(host: &Host) -> Destination {
    host.to_string().trim_matches(['[', ']']).parse().expect("a host that was read is a pattern or a range")
}

fn effective_rule(rule: &RuleExplanation, origin: wire::RuleOrigin) -> wire::EffectiveRule {
    let is_every = rule.ports == [Ports::ALL];
    wire::EffectiveRule {
        rule: rule.rule.as_str().to_owned(),
        what: rule.what.clone(),
        ports: if is_every { Vec::new() } else { rule.ports.iter().map(ToString::to_string).collect() },
        private: rule.private,
        origin,
    }
}

fn refusal(kind: DenialKind) -> wire::RefusalKind {
    match kind {
        DenialKind::Unlisted => wire::RefusalKind::Unlisted,
        // No rule here is about methods and paths; were it so, the host would be listed.
        DenialKind::Port | DenialKind::Request => wire::RefusalKind::Port,
        DenialKind::Denied => wire::RefusalKind::Denied,
        DenialKind::Address(_) | DenialKind::NoAddress => wire::RefusalKind::Address,
    }
}

#[cfg(test)]
mod tests {
    use octobot_proxy::policy::Scheme;
    use octobot_wire::network::{RefusalKind, RuleOrigin};

    use super::*;

    fn entry(host: &str, offline: bool) -> AllowedHost {
        AllowedHost { destination: host.parse().unwrap(), ports: Vec::new(), private: false, offline }
    }

    fn target(authority: &str) -> Target {
        Target::parse(authority, Scheme::Https).unwrap()
    }

    /// A policy and additions with something in every list.
    fn full() -> (NetworkPolicy, NetworkAdditions) {
        let policy = NetworkPolicy {
            allowed: vec![entry("p.example", false), entry("10.1.0.0/16", true), entry("llm.example", true)],
            denied: vec!["evil.example".parse().unwrap(), "10.1.9.0/24".parse().unwrap()],
            presets: vec![Preset::Anthropic, Preset::Github],
            ..NetworkPolicy::default()
        };
        let additions = NetworkAdditions {
            allowed: vec![entry("w.example", true), entry("10.2.0.0/16", false)],
            denied: vec!["bad.example".parse().unwrap()],
            ..NetworkAdditions::default()
        };
        (policy, additions)
    }

    /// Each rule with where it comes from.
    fn told(rules: &[wire::EffectiveRule]) -> Vec<String> {
        let origin = |origin: &RuleOrigin| match origin {
            RuleOrigin::Operator => "operator".to_owned(),
            RuleOrigin::Project => "project".to_owned(),
            RuleOrigin::Workspace => "workspace".to_owned(),
            RuleOrigin::Preset { name } => name.clone(),
            RuleOrigin::PolicyOff => "off".to_owned(),
        };
        rules.iter().map(|rule| format!("{} {}", origin(&rule.origin), rule.what)).collect()
    }

    #[test]
    fn every_rule_is_told_with_where_it_comes_from() {
        let (policy, additions) = full();
        let effective = Effective::new(&Allowlist::default(), &policy, &additions);
        let explained = effective.explain(Phase::Agent);
        assert_eq!(told(&explained.denied), ["project evil.example", "workspace bad.example", "project 10.1.9.0/24"]);
        let allowed = told(&explained.allowed);
        assert_eq!(
            allowed[..4],
            ["project p.example", "project llm.example", "workspace w.example", "anthropic api.anthropic.com"]
        );
        assert_eq!(allowed[allowed.len() - 2..], ["project 10.1.0.0/16", "workspace 10.2.0.0/16"]);
        for rule in &explained.allowed {
            if let RuleOrigin::Preset { name } = &rule.origin {
                assert_eq!(rule.rule, format!("preset {name}"));
            }
        }
        assert_eq!(explained.allowed.len(), effective.policy(Phase::Agent).explain().lists[0].allowed.len());
    }

    #[test]
    fn an_offline_agent_keeps_model_apis_and_what_is_marked() {
        let (policy, additions) = full();
        let policy = NetworkPolicy { mode: Mode::OfflineAgent, ..policy };
        let effective = Effective::new(&Allowlist::default(), &policy, &additions);
        let allowed = told(&effective.explain(Phase::Agent).allowed);
        assert_eq!(allowed.first().unwrap(), "project llm.example");
        assert_eq!(allowed[1], "workspace w.example");
        assert!(allowed[2..allowed.len() - 1].iter().all(|rule| rule.starts_with("anthropic ")), "{allowed:?}");
        assert_eq!(allowed.last().unwrap(), "project 10.1.0.0/16");
        assert!(told(&effective.explain(Phase::Setup).allowed).contains(&"github github.com".to_owned()));
    }

    #[test]
    fn what_the_operator_says_comes_first_and_is_told_apart() {
        let operator: Allowlist = serde_json::from_value(serde_json::json!({
            "domains": ["o.example"], "ips": ["10.9.0.0/16"], "presets": ["gitlab"], "deny": { "domains": ["no.example"] },
            "agent": { "domains": ["o.example"], "presets": [] },
        }))
        .unwrap();
        let (policy, additions) = full();
        let policy = NetworkPolicy { mode: Mode::OfflineAgent, ..policy };
        let effective = Effective::new(&operator, &policy, &additions);
        let setup = effective.explain(Phase::Setup);
        assert_eq!(told(&setup.denied)[..2], ["operator no.example", "project evil.example"]);
        let allowed = told(&setup.allowed);
        assert_eq!(allowed[..2], ["operator o.example", "project p.example"]);
        assert!(allowed.contains(&"operator gitlab.com".to_owned()), "{allowed:?}");
        assert_eq!(allowed[allowed.len() - 3..][0], "operator 10.9.0.0/16");
        assert_eq!(setup.allowed.len(), effective.policy(Phase::Setup).explain().lists[0].allowed.len());
        let offline = told(&effective.explain(Phase::Agent).allowed);
        assert_eq!(offline[..2], ["operator o.example", "project llm.example"]);
        assert_eq!(effective.verdict(&target("o.example"), Phase::Agent).origin, Some(RuleOrigin::Operator));
    }

    #[test]
    fn a_policy_that_is_off_says_so() {
        let (policy, additions) = full();
        let off = Effective::new(&Allowlist::default(), &NetworkPolicy { enabled: false, ..policy }, &additions);
        let explained = off.explain(Phase::Agent);
        assert!(told(&explained.allowed).contains(&"off *".to_owned()));
        assert_eq!(explained.allowed.len(), 6);
        assert_eq!(off.verdict(&target("any.example:8080"), Phase::Agent).origin, Some(RuleOrigin::PolicyOff));
        assert_eq!(off.verdict(&target("evil.example"), Phase::Agent).refusal, Some(RefusalKind::Denied));
    }

    #[test]
    fn a_verdict_names_the_rule_and_its_origin() {
        let (policy, additions) = full();
        let effective = Effective::new(&Allowlist::default(), &policy, &additions);
        for (host, refusal, origin) in [
            ("github.com", None, Some(RuleOrigin::Preset { name: "github".to_owned() })),
            ("p.example", None, Some(RuleOrigin::Project)),
            ("w.example", None, Some(RuleOrigin::Workspace)),
            ("w.example:22", Some(RefusalKind::Port), Some(RuleOrigin::Workspace)),
            ("bad.example", Some(RefusalKind::Denied), Some(RuleOrigin::Workspace)),
            ("other.example", Some(RefusalKind::Unlisted), None),
            ("10.1.2.3", None, Some(RuleOrigin::Project)),
            ("10.1.9.3", Some(RefusalKind::Denied), Some(RuleOrigin::Project)),
        ] {
            let verdict = effective.verdict(&target(host), Phase::Agent);
            assert_eq!((verdict.refusal, verdict.origin), (refusal, origin), "{host}: {}", verdict.rule);
        }
    }

    #[test]
    fn an_entry_for_a_host_lets_it_be_reached() {
        for mode in [Mode::Online, Mode::OfflineAgent] {
            for (authority, private) in [
                ("new.example", false),
                ("new.example:8443", false),
                ("git.example", true),
                ("192.0.2.1", false),
                ("[2001:db8::1]:8080", false),
                ("10.9.9.9", true),
            ] {
                let mut policy = NetworkPolicy { mode, ..NetworkPolicy::default() };
                let additions = NetworkAdditions::default();
                let target = target(authority);
                let entry =
                    Effective::new(&Allowlist::default(), &policy, &additions).entry_for(&target, private).unwrap();
                policy.allowed.push(entry);
                let after = Effective::new(&Allowlist::default(), &policy, &additions);
                after.check_reached(&target).unwrap();
                assert_eq!(after.entry_for(&target, private), None, "{authority}");
            }
        }
    }

    #[test]
    fn a_denied_host_stays_denied_when_it_is_listed() {
        let (policy, additions) = full();
        let denied = Effective::new(&Allowlist::default(), &policy, &additions)
            .check_reached(&target("bad.example"))
            .unwrap_err();
        assert!(denied.rule.contains("deny"), "{denied}");
    }
}
