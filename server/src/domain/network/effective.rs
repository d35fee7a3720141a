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
    /// How many entries of each part of the list are the project's; the others are the workspace's.
    share: Share,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Share {
    domains: usize,
    ips: usize,
    agent_domains: usize,
    agent_ips: usize,
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
    /// Merges what a project says and what a workspace adds. An agent that is offline keeps the APIs of models that the
    /// project has turned on; all of them where the policy is off.
    pub fn new(policy: &NetworkPolicy, additions: &NetworkAdditions) -> Self {
        let mut list = Allowlist {
            enabled: policy.enabled,
            mode: policy.mode,
            presets: policy.presets.clone(),
            agent: AgentRules { domains: Vec::new(), ips: Vec::new(), presets: offline_presets(policy) },
            ..Allowlist::default()
        };
        add(&mut list, &policy.allowed, &policy.denied);
        let share = Share {
            domains: list.domains.len(),
            ips: list.ips.len(),
            agent_domains: list.agent.domains.len(),
            agent_ips: list.agent.ips.len(),
            denied_domains: list.deny.domains.len(),
            denied_ips: list.deny.ips.len(),
        };
        add(&mut list, &additions.allowed, &additions.denied);
        Self { list, share }
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
        whose(domains.len(), self.share.denied_domains).chain(whose(ips.len(), self.share.denied_ips))
    }

    /// In the order of the explanation: names, presets, or what stands for them while the policy is off, then addresses.
    fn origins_of_allowed(&self, phase: Phase) -> impl Iterator<Item = wire::RuleOrigin> {
        let Self { list, share } = self;
        let is_offline = list.mode == Mode::OfflineAgent && phase == Phase::Agent;
        let (domains, presets, ips) = if is_offline {
            let AgentRules { domains, ips, presets } = &list.agent;
            (whose(domains.len(), share.agent_domains), presets, whose(ips.len(), share.agent_ips))
        } else {
            (whose(list.domains.len(), share.domains), &list.presets, whose(list.ips.len(), share.ips))
        };
        let is_off = !is_offline && !list.enabled;
        let of_presets = presets.iter().filter(move |_| !is_off).flat_map(|preset| {
            repeat_n(wire::RuleOrigin::Preset { name: preset.name().to_owned() }, preset.hosts().len())
        });
        domains.chain(is_off.then_some(wire::RuleOrigin::PolicyOff)).chain(of_presets).chain(ips)
    }
}

/// The origins of a part of a list of which the first entries are the project's.
fn whose(count: usize, of_project: usize) -> impl Iterator<Item = wire::RuleOrigin> {
    (0..count).map(move |at| if at < of_project { wire::RuleOrigin::Project } else { wire::RuleOrigin::Workspace })
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
        let effective = Effective::new(&policy, &additions);
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
        let effective = Effective::new(&policy, &additions);
        let allowed = told(&effective.explain(Phase::Agent).allowed);
        assert_eq!(allowed.first().unwrap(), "project llm.example");
        assert_eq!(allowed[1], "workspace w.example");
        assert!(allowed[2..allowed.len() - 1].iter().all(|rule| rule.starts_with("anthropic ")), "{allowed:?}");
        assert_eq!(allowed.last().unwrap(), "project 10.1.0.0/16");
        assert!(told(&effective.explain(Phase::Setup).allowed).contains(&"github github.com".to_owned()));
    }

    #[test]
    fn a_policy_that_is_off_says_so() {
        let (policy, additions) = full();
        let off = Effective::new(&NetworkPolicy { enabled: false, ..policy }, &additions);
        let explained = off.explain(Phase::Agent);
        assert!(told(&explained.allowed).contains(&"off *".to_owned()));
        assert_eq!(explained.allowed.len(), 6);
        assert_eq!(off.verdict(&target("any.example:8080"), Phase::Agent).origin, Some(RuleOrigin::PolicyOff));
        assert_eq!(off.verdict(&target("evil.example"), Phase::Agent).refusal, Some(RefusalKind::Denied));
    }

    #[test]
    fn a_verdict_names_the_rule_and_its_origin() {
        let (policy, additions) = full();
        let effective = Effective::new(&policy, &additions);
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
                let entry = Effective::new(&policy, &additions).entry_for(&target, private).unwrap();
                policy.allowed.push(entry);
                let after = Effective::new(&policy, &additions);
                after.check_reached(&target).unwrap();
                assert_eq!(after.entry_for(&target, private), None, "{authority}");
            }
        }
    }

    #[test]
    fn a_denied_host_stays_denied_when_it_is_listed() {
        let (policy, additions) = full();
        let denied = Effective::new(&policy, &additions).check_reached(&target("bad.example")).unwrap_err();
        assert!(denied.rule.contains("deny"), "{denied}");
    }
}
