//! The switch, the mode, and the lists of hosts that come with Octobot.

use leptos::prelude::*;
use octobot_wire::network::{NetworkMode, NetworkPolicy, NetworkPreset};

use super::policy::Policy;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::fold::FoldLink;

/// What holds for the whole project.
#[component]
pub fn ProjectRules(
    /// The policy.
    policy: Policy,
    /// The presets that there are.
    presets: Vec<NetworkPreset>,
) -> impl IntoView {
    let is = move |test: fn(&NetworkPolicy) -> bool| policy.lists.with(|lists| lists.as_ref().is_some_and(test));
    let is_offline = |lists: &NetworkPolicy| lists.mode == NetworkMode::OfflineAgent;
    let rows: Vec<_> = presets.into_iter().map(|preset| view! { <PresetRow policy preset/> }.into_any()).collect();
    view! {
        <div class="form">
            <label class="check">
                <input
                    type="checkbox"
                    disabled=dynamic(move || !policy.may_edit())
                    prop:checked=dynamic(move || is(|lists| lists.enabled))
                    on:change=move |event| {
                        let enabled = event_target_checked(&event);
                        policy.edit(move |lists| lists.enabled = enabled);
                    }
                />
                <span>
                    "Only what is listed may be reached"
                    <span class="check__detail">
                        "Otherwise every public host may, and only denied hosts and private addresses are refused."
                    </span>
                </span>
            </label>
            <label class="check">
                <input
                    type="checkbox"
                    disabled=dynamic(move || !policy.may_edit())
                    prop:checked=dynamic(move || is(is_offline))
                    on:change=move |event| {
                        let offline = event_target_checked(&event);
                        let mode = if offline { NetworkMode::OfflineAgent } else { NetworkMode::Online };
                        policy.edit(move |lists| lists.mode = mode);
                    }
                />
                <span>
                    "Setup online, agent offline"
                    <span class="check__detail">
                        "Once the setup script has run, sandboxes reach only the model APIs that are turned on, and the hosts that are \
                         marked “also offline”."
                    </span>
                </span>
            </label>
            <fieldset class="network__presets">
                <legend class="field__label">"Lists that come with Octobot"</legend>
                {rows}
            </fieldset>
        </div>
    }
}

/// A preset. One that is part of another that is turned on is on as well.
#[component]
fn PresetRow(policy: Policy, preset: NetworkPreset) -> impl IntoView {
    let NetworkPreset { name, title, part_of, hosts } = preset;
    let is_part = part_of.is_some();
    let name = StoredValue::new(name);
    let part_of = StoredValue::new(part_of);
    let unfolded = RwSignal::new(false);
    let has = move |wanted: &str| {
        policy.lists.with(|lists| lists.as_ref().is_some_and(|lists| lists.presets.iter().any(|name| name == wanted)))
    };
    let is_held = move || part_of.with_value(|whole| whole.as_deref().is_some_and(has));
    let is_on = move || is_held() || name.with_value(|name| has(name));
    let count = match hosts.len() {
        1 => "1 host".to_owned(),
        count => format!("{count} hosts"),
    };
    let list = hosts.join(", ");
    let turn = move |event| {
        let on = event_target_checked(&event);
        let name = name.get_value();
        policy.edit(move |lists| {
            lists.presets.retain(|known| *known != name);
            if on {
                lists.presets.push(name);
            }
        });
    };
    view! {
        <div class="preset" class:preset--part=is_part>
            <label class="check">
                <input
                    type="checkbox"
                    disabled=dynamic(move || !policy.may_edit() || is_held())
                    prop:checked=dynamic(is_on)
                    on:change=turn
                />
                <span>{title}</span>
            </label>
            <FoldLink unfolded more=count/>
            <When when=move || unfolded.get()>
                <p class="preset__hosts">{list.clone()}</p>
            </When>
        </div>
    }
}
