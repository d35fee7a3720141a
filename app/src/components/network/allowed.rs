//! The hosts that may be reached beside those of presets.

use leptos::prelude::*;
use octobot_wire::network::AllowedHost;

use super::added::{AddHost, Into};
use super::policy::Policy;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::icon::Glyph;
use crate::components::form::icon_button::IconButton;

/// The list, and the form that adds to it.
#[component]
pub fn AllowedHosts(
    /// The policy.
    policy: Policy,
) -> impl IntoView {
    view! {
        <h2 class="page__subtitle">"Allowed hosts"</h2>
        {dynamic(move || rows(policy))}
        // Not made anew when the policy is loaded again: somebody may be typing in it.
        <When when=move || policy.may_edit()>
            <AddHost policy list=Into::Allowed/>
        </When>
    }
}

fn rows(policy: Policy) -> AnyView {
    let allowed = policy.lists.with(|lists| lists.as_ref().map(|lists| lists.allowed.clone()).unwrap_or_default());
    if allowed.is_empty() {
        return view! { <p class="network__none">"None beside the lists above. Add those that your builds and tests need."</p> }
            .into_any();
    }
    let may_edit = policy.may_edit();
    let row = |entry: AllowedHost| row(policy, entry, may_edit);
    view! { <ul class="rows">{allowed.into_iter().map(row).collect::<Vec<_>>()}</ul> }.into_any()
}

fn row(policy: Policy, entry: AllowedHost, may_edit: bool) -> AnyView {
    let AllowedHost { host, ports, private, offline } = entry.clone();
    let ports = if ports.is_empty() { "Ports 80 and 443".to_owned() } else { format!("Ports {}", ports.join(", ")) };
    let label = format!("Remove {host}");
    let remove = may_edit
        .then(|| view! { <IconButton glyph=Glyph::Trash label on_press=move |()| policy.remove(entry.clone())/> });
    view! {
        <li class="row">
            <span class="row__link">
                <span class="row__title">
                    <code>{host}</code>
                </span>
                <span class="row__detail">{ports}</span>
            </span>
            {private.then(|| view! { <span class="tag">"Private addresses"</span> })}
            {offline.then(|| view! { <span class="tag">"Also offline"</span> })}
            {remove}
        </li>
    }
    .into_any()
}
