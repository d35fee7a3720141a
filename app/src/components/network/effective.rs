//! All rules in force, and why.

use leptos::prelude::*;
use octobot_wire::network::{EffectivePolicy, EffectiveRule, NetworkMode, NetworkPhase, RuleOrigin};

use super::check::origin_words;
use super::policy::Policy;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::fold::FoldHead;

/// The rules, by where they come from.
#[component]
pub fn EffectiveRules(
    /// The policy.
    policy: Policy,
) -> impl IntoView {
    let is_offline =
        move || policy.lists.with(|lists| lists.as_ref().is_some_and(|lists| lists.mode == NetworkMode::OfflineAgent));
    view! {
        <h2 class="page__subtitle">"In force"</h2>
        <When when=is_offline>
            <PhaseChoice policy/>
        </When>
        {dynamic(move || match policy.effective.get() {
            None => view! { <p class="network__none">"Loading…"</p> }.into_any(),
            Some(effective) => shown(effective),
        })}
    }
}

#[component]
fn PhaseChoice(policy: Policy) -> impl IntoView {
    const ID: &str = "network-phase";
    let choose = move |event| {
        let phase = if event_target_value(&event) == "setup" { NetworkPhase::Setup } else { NetworkPhase::Agent };
        policy.phase.set(phase);
    };
    view! {
        <div class="network__scope">
            <label class="field__label" for=ID>
                "While"
            </label>
            <select id=ID class="select" on:change=choose>
                <option value="agent">"the agent works"</option>
                <option value="setup">"the setup script runs"</option>
            </select>
        </div>
    }
}

fn shown(effective: EffectivePolicy) -> AnyView {
    let EffectivePolicy { denied, allowed, .. } = effective;
    let denied = by_origin(denied).into_iter().map(|(origin, rules)| group("Denied", &origin, rules));
    let allowed = by_origin(allowed).into_iter().map(|(origin, rules)| group("Allowed", &origin, rules));
    let groups: Vec<_> = denied.chain(allowed).collect();
    view! {
        <div class="rows network__effective">{groups}</div>
        <p class="network__none">"All the rest is refused, and so are private addresses that no rule names."</p>
    }
    .into_any()
}

/// The rules of each origin, in the order in which origins come up.
fn by_origin(rules: Vec<EffectiveRule>) -> Vec<(RuleOrigin, Vec<EffectiveRule>)> {
    let mut groups: Vec<(RuleOrigin, Vec<EffectiveRule>)> = Vec::new();
    for rule in rules {
        match groups.iter_mut().find(|(origin, _)| *origin == rule.origin) {
            Some((_, group)) => group.push(rule),
            None => groups.push((rule.origin.clone(), vec![rule])),
        }
    }
    groups
}

fn group(verb: &str, origin: &RuleOrigin, rules: Vec<EffectiveRule>) -> AnyView {
    let unfolded = RwSignal::new(false);
    let head = format!("{verb} by {}: {}", origin_words(origin), rules.len());
    let rules = StoredValue::new(rules);
    let rows = move || rules.with_value(|rules| rules.iter().map(row).collect::<Vec<_>>());
    view! {
        <div class="network__group">
            <FoldHead unfolded>
                <span>{head}</span>
            </FoldHead>
            <When when=move || unfolded.get()>
                <ul class="network__rules">{rows()}</ul>
            </When>
        </div>
    }
    .into_any()
}

fn row(rule: &EffectiveRule) -> AnyView {
    let ports = if rule.ports.is_empty() { "all ports".to_owned() } else { format!("ports {}", rule.ports.join(", ")) };
    let private = rule.private.then_some(", private addresses too");
    view! {
        <li>
            <code>{rule.what.clone()}</code>
            <span class="faint">
                {ports}
                {private}
            </span>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(what: &str, origin: RuleOrigin) -> EffectiveRule {
        EffectiveRule { rule: String::new(), what: what.to_owned(), ports: Vec::new(), private: false, origin }
    }

    #[test]
    fn rules_stand_together_by_where_they_come_from() {
        let rules = vec![
            rule("a", RuleOrigin::Project),
            rule("b", RuleOrigin::Preset { name: "github".to_owned() }),
            rule("c", RuleOrigin::Project),
        ];
        let groups: Vec<_> = by_origin(rules).into_iter().map(|(_, rules)| rules.len()).collect();
        assert_eq!(groups, [2, 1]);
    }
}
