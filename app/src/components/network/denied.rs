//! The hosts that may not be reached, whatever else is listed.

use leptos::prelude::*;

use super::added::{AddHost, Into};
use super::policy::Policy;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::icon::Glyph;
use crate::components::form::icon_button::IconButton;

/// The list, and the form that adds to it.
#[component]
pub fn DeniedHosts(
    /// The policy.
    policy: Policy,
) -> impl IntoView {
    view! {
        <h2 class="page__subtitle">"Denied hosts"</h2>
        {dynamic(move || rows(policy))}
        // Not made anew when the policy is loaded again: somebody may be typing in it.
        <When when=move || policy.may_edit()>
            <AddHost policy list=Into::Denied/>
        </When>
    }
}

fn rows(policy: Policy) -> AnyView {
    let denied = policy.lists.with(|lists| lists.as_ref().map(|lists| lists.denied.clone()).unwrap_or_default());
    if denied.is_empty() {
        return view! { <p class="network__none">"None. What is denied here stays so, whatever else is allowed."</p> }
            .into_any();
    }
    let may_edit = policy.may_edit();
    let row = |host: String| {
        let (shown, label) = (host.clone(), format!("Remove {host}"));
        let remove = may_edit
            .then(|| view! { <IconButton glyph=Glyph::Trash label on_press=move |()| policy.permit(host.clone())/> });
        view! {
            <li class="row">
                <span class="row__link">
                    <code>{shown}</code>
                </span>
                {remove}
            </li>
        }
        .into_any()
    };
    view! { <ul class="rows">{denied.into_iter().map(row).collect::<Vec<_>>()}</ul> }.into_any()
}
