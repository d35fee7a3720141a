//! What a policy comes to, for people: the rules in force with their names, and who says what about a host. Pure.

use serde::Serialize;

use super::config::Phase;
use super::path::PathPattern;
use super::pattern::Ports;
use super::rules::{RuleList, RuleName, Standing};
use super::target::Target;
use super::{Policy, admitting};

/// A policy in words. A target has to pass every list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// What the policy is for.
    pub phase: Phase,
    /// The server's list, then those of workspaces.
    pub lists: Vec<ListExplanation>,
}

/// One list in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListExplanation {
    /// Whose it is.
    pub standing: Standing,
    /// What may not be reached; this comes first.
    pub denied: Vec<RuleExplanation>,
    /// What may be reached.
    pub allowed: Vec<RuleExplanation>,
    /// What refuses all the rest.
    pub otherwise: RuleName,
}

/// One rule in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleExplanation {
    /// Its name.
    pub rule: RuleName,
    /// Which hosts or addresses it is about.
    pub what: String,
    /// On which ports; none means all.
    pub ports: Vec<Ports>,
    /// With which methods; none means all.
    pub methods: Vec<String>,
    /// With which paths; none means all.
    pub paths: Vec<PathPattern>,
    /// Whether private addresses may be reached by it. Always false for workspaces, whose rules don't decide that.
    pub private: bool,
    /// Whether TLS is intercepted. Always true for workspaces, whose rules don't decide that.
    pub intercept: bool,
}

/// What one list says about a target, as far as its name tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Whose list.
    pub standing: Standing,
    /// Whether the target passes.
    pub allowed: bool,
    /// By which rule.
    pub rule: RuleName,
}

impl Policy {
    /// The rules in force, with their names.
    pub fn explain(&self) -> Explanation {
        Explanation { phase: self.phase, lists: self.lists.iter().map(explain_list).collect() }
    }

    /// What each list says about a target, as far as its name tells.
    pub fn verdicts(&self, target: &Target) -> Vec<Verdict> {
        let verdict = |list: &RuleList| match admitting(list, target) {
            Ok(rules) => Verdict { standing: list.standing, allowed: true, rule: rules.name.clone() },
            Err(denial) => Verdict { standing: list.standing, allowed: false, rule: denial.rule },
        };
        self.lists.iter().map(verdict).collect()
    }
}

fn explain_list(list: &RuleList) -> ListExplanation {
    let is_server = list.standing == Standing::Server;
    let denied_hosts = list.denied_hosts.iter().map(|(host, rule)| RuleExplanation::of(rule, host.to_string()));
    let denied_ranges = list.denied_ranges.iter().map(|(range, rule)| RuleExplanation::of(rule, range.to_string()));
    let rules = list.rules.iter().map(|rule| RuleExplanation {
        ports: rule.ports.clone(),
        methods: rule.methods.iter().map(ToString::to_string).collect(),
        paths: rule.paths.clone(),
        private: is_server && rule.private,
        intercept: !is_server || rule.intercept && !list.exempt.contains(&rule.host),
        ..RuleExplanation::of(&rule.name, rule.host.to_string())
    });
    let ranges = list.ranges.iter().map(|range| RuleExplanation {
        ports: range.ports.clone(),
        private: is_server,
        ..RuleExplanation::of(&range.name, range.addresses.to_string())
    });
    ListExplanation {
        standing: list.standing,
        denied: denied_hosts.chain(denied_ranges).collect(),
        allowed: rules.chain(ranges).collect(),
        otherwise: list.otherwise.clone(),
    }
}

impl RuleExplanation {
    fn of(rule: &RuleName, what: String) -> Self {
        Self {
            rule: rule.clone(),
            what,
            ports: Vec::new(),
            methods: Vec::new(),
            paths: Vec::new(),
            private: false,
            intercept: true,
        }
    }
}
