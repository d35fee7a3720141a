//! A credential in the list.

use leptos::prelude::*;
use octobot_wire::credential::{Credential, CredentialTest, CredentialTestOutcome};

use super::list::CredentialList;
use crate::components::dynamic::dynamic;
use crate::components::form::badge::Badge;
use crate::components::form::confirm::Confirm;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::menu::{Menu, MenuItem};
use crate::components::form::since::Since;
use crate::words::Tone;

/// A row of the list.
#[component]
pub fn CredentialRow(
    /// The credential.
    credential: Credential,
    /// The list that it stands in.
    list: CredentialList,
) -> impl IntoView {
    let Credential { id, name, credential_type, base_url, variables, every_session, tested, last_used_at, .. } =
        credential;
    let revoking = RwSignal::new(false);
    let kind = list.type_of(credential_type);
    let type_name = kind.as_ref().map(|kind| kind.name.clone()).unwrap_or_default();
    let detail = [Some(type_name), base_url, Some(variables.join(", "))].into_iter().flatten().collect::<Vec<_>>();
    let test = kind
        .is_some_and(|kind| kind.can_be_tested)
        .then(|| view! { <MenuItem glyph=Glyph::Refresh label="Test" on_choose=move |()| list.test(id)/> }.into_any());
    let whose = (!every_session).then(|| view! { <span class="tag">"Chosen sessions"</span> }.into_any());
    let used = match last_used_at {
        Some(at) => view! { <span class="faint">"used " <Since at in_full=true/></span> }.into_any(),
        None => view! { <span class="faint">"never used"</span> }.into_any(),
    };
    let is_tried = move || list.trying.get() == Some(id);
    view! {
        <li class="row">
            <Icon glyph=Glyph::Key/>
            <span class="row__link">
                <span class="row__title">{name.clone()}</span>
                <span class="row__detail">{detail.join(" · ")}</span>
            </span>
            {dynamic(move || {
                if is_tried() {
                    view! { <Badge text="Testing".to_owned() tone=Tone::Busy/> }.into_any()
                } else {
                    tested.clone().map(test_badge).into_any()
                }
            })}
            {whose}
            {used}
            <Menu id=format!("credential-menu-{id}") label=format!("Actions for {name}")>
                <MenuItem glyph=Glyph::Pencil label="Change or rotate…" on_choose=move |()| list.edit(Some(id))/>
                {test}
                <MenuItem glyph=Glyph::Trash label="Revoke…" danger=true on_choose=move |()| revoking.set(true)/>
            </Menu>
            <Confirm
                open=revoking
                title=format!("Revoke “{name}”?")
                action="Revoke credential"
                on_confirm=move |()| list.revoke(id)
            >
                <p>
                    "Its stored values are deleted, and no agent is given it from the next prompt on. Where it was made, it stays \
                     valid: delete it there as well if somebody else may know it."
                </p>
            </Confirm>
        </li>
    }
}

/// What came of the last try. The reason stands beside the word, because a phone has no hovering.
fn test_badge(CredentialTest { outcome, .. }: CredentialTest) -> AnyView {
    let (word, tone, reason) = match outcome {
        CredentialTestOutcome::Accepted => ("Accepted", Tone::Good, None),
        CredentialTestOutcome::Refused { reason } => ("Refused", Tone::Bad, Some(reason)),
        CredentialTestOutcome::Unknown { reason } => ("Not tested", Tone::Warning, Some(reason)),
    };
    let reason = reason.map(|reason| view! { <span class="row__reason">{reason}</span> }.into_any());
    view! {
        <Badge text=word.to_owned() tone=tone/>
        {reason}
    }
    .into_any()
}
