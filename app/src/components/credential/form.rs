//! The form for a credential.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::Problem;
use octobot_wire::credential::{Credential, CredentialType, CredentialTypeId, CredentialValues, SaveCredential};
use octobot_wire::value::SaveValue;
use web_sys::SubmitEvent;

use super::list::CredentialList;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::field::{Field, description_id};
use crate::components::form::problem::{OtherProblem, about};
use crate::components::form::text_field::TextField;
use crate::components::form::value_lines::read_values;

/// What is typed into the form.
#[derive(Clone, Copy)]
struct Draft {
    list: CredentialList,
    is_new: bool,
    credential_type: RwSignal<CredentialTypeId>,
    name: RwSignal<String>,
    base_url: RwSignal<String>,
    key: RwSignal<String>,
    variables: RwSignal<String>,
    every_session: RwSignal<bool>,
}

impl Draft {
    /// What a credential has, its values by their names only; of a new one, nothing yet.
    fn new(list: CredentialList, credential: Option<Credential>) -> Self {
        let names_values = |known: &&Credential| {
            list.type_of(known.credential_type).is_some_and(|kind| kind.values != CredentialValues::Key)
        };
        let own = credential.as_ref().filter(names_values);
        let variables = own.map(|credential| credential.variables.join("\n")).unwrap_or_default();
        let credential_type = credential.as_ref().map_or(CredentialTypeId::Anthropic, |known| known.credential_type);
        let (is_new, every_session) =
            (credential.is_none(), credential.as_ref().is_none_or(|known| known.every_session));
        let (name, base_url) =
            credential.map(|known| (known.name, known.base_url.unwrap_or_default())).unwrap_or_default();
        Self {
            list,
            is_new,
            credential_type: RwSignal::new(credential_type),
            name: RwSignal::new(name),
            base_url: RwSignal::new(base_url),
            key: RwSignal::new(String::new()),
            variables: RwSignal::new(variables),
            every_session: RwSignal::new(every_session),
        }
    }

    /// The chosen type.
    fn kind(self) -> Option<CredentialType> {
        self.list.type_of(self.credential_type.get())
    }

    /// What the values of the chosen type are.
    fn values(self) -> Option<CredentialValues> {
        self.kind().map(|kind| kind.values)
    }

    fn has_base_url(self) -> bool {
        self.kind().is_some_and(|kind| kind.has_base_url)
    }

    /// Whether its address may be left out.
    fn has_default_url(self) -> bool {
        self.kind().is_some_and(|kind| kind.default_base_url.is_some())
    }

    fn request(self) -> SaveCredential {
        let kind = self.list.type_of(self.credential_type.get_untracked());
        let values = match kind.as_ref().and_then(|kind| kind.variables.first()) {
            Some(name) => {
                let typed = self.key.get_untracked();
                let value = if typed.is_empty() && !self.is_new { None } else { Some(typed) };
                vec![SaveValue { name: name.clone(), value }]
            }
            None => self.variables.with_untracked(|typed| read_values(typed)),
        };
        SaveCredential {
            name: self.name.get_untracked(),
            credential_type: self.credential_type.get_untracked(),
            base_url: kind.filter(|kind| kind.has_base_url).map(|_| self.base_url.get_untracked()),
            values,
            every_session: self.every_session.get_untracked(),
        }
    }
}

/// The form in the dialog.
#[component]
pub fn CredentialForm(
    /// The list that the credential is for.
    list: CredentialList,
) -> impl IntoView {
    let draft = Draft::new(list, list.edited_credential());
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        spawn_local(async move {
            let saved = list.save(draft.request()).await;
            let _ = busy.try_set(false);
            match saved {
                Ok(()) => list.open.set(false),
                Err(why) => {
                    let _ = problem.try_set(Some(why));
                }
            }
        });
    };
    view! {
        <form class="form" on:submit=submit>
            {draft.is_new.then(|| view! { <TypeChoice draft problem/> }.into_any())}
            <TextField id="credential-name" label="Name" text=draft.name error=about(problem, "name") required=true/>
            <When when=move || draft.has_base_url() && !draft.has_default_url()>
                <TextField
                    id="credential-url"
                    label="Address"
                    hint="Where it begins, for instance https://llm.example.com/v1"
                    text=draft.base_url
                    rows=1
                    error=about(problem, "baseUrl")
                />
            </When>
            <When when=move || draft.has_default_url()>
                <TextField
                    id="credential-url"
                    label="Address"
                    hint="Only of a server of your own, for instance https://git.example.com"
                    text=draft.base_url
                    rows=1
                    error=about(problem, "baseUrl")
                />
            </When>
            <When when=move || draft.values() == Some(CredentialValues::Key)>
                <KeyField draft problem/>
            </When>
            <When when=move || draft.values() == Some(CredentialValues::Headers)>
                <TextField
                    id="credential-headers"
                    label="Headers"
                    hint="One a line: Name=value. +Name=value adds one beside what is sent, Name= takes it away, and a name alone keeps the \
                          value that is stored"
                    text=draft.variables
                    rows=5
                    error=about(problem, "values")
                />
            </When>
            <When when=move || draft.values() == Some(CredentialValues::Variables)>
                <TextField
                    id="credential-variables"
                    label="Variables"
                    hint="One a line: NAME=value. A name alone keeps the value that is stored"
                    text=draft.variables
                    rows=5
                    error=about(problem, "values")
                />
            </When>
            <label class="check">
                <input
                    type="checkbox"
                    checked=draft.every_session.get_untracked()
                    on:change=move |event| draft.every_session.set(event_target_checked(&event))
                />
                <span>"For all sessions of the project. Otherwise it is given to sessions one by one, in their menus"</span>
            </label>
            <p class="form__intro">
                {dynamic(move || {
                    match draft.values()? {
                        CredentialValues::Key => Some(
                            "The key is stored encrypted and never shown again. It stays outside of sandboxes: the agent’s program gets \
                             a placeholder, and the proxy puts the key in its place.",
                        ),
                        CredentialValues::Headers => Some(
                            "Values are stored encrypted and never shown again. They stay outside of sandboxes: the proxy puts them into \
                             requests to the address.",
                        ),
                        CredentialValues::Variables => Some(
                            "Values are stored encrypted and never shown again. They are given to the agent’s program as they are, so \
                             the agent, and all code that runs in the sandbox, can read them.",
                        ),
                    }
                })}
            </p>
            <OtherProblem problem/>
            <div class="dialog__actions">
                <button type="submit" class="button button--primary" disabled=dynamic(move || busy.get())>
                    {dynamic(move || if busy.get() { "Saving and testing…" } else { "Save credential" })}
                </button>
            </div>
        </form>
    }
}

/// What the credential is for.
#[component]
fn TypeChoice(draft: Draft, problem: RwSignal<Option<Problem>>) -> impl IntoView {
    const ID: &str = "credential-type";
    let types = StoredValue::new(draft.list.types());
    let options: Vec<_> = types.with_value(|types| {
        let option = |(place, known): (usize, &CredentialType)| {
            let is_chosen = known.id == draft.credential_type.get_untracked();
            view! {
                <option value=place.to_string() selected=is_chosen>
                    {known.name.clone()}
                </option>
            }
            .into_any()
        };
        types.iter().enumerate().map(option).collect()
    });
    let choose = move |event| {
        let place = event_target_value(&event).parse::<usize>().ok();
        if let Some(id) = types.with_value(|types| Some(types.get(place?)?.id)) {
            draft.credential_type.set(id);
        }
    };
    view! {
        <Field id=ID label="What it opens" error=about(problem, "credentialType")>
            <select id=ID class="select select--wide" aria-describedby=description_id(ID) on:change=choose>
                {options}
            </select>
        </Field>
        <p class="form__intro">{dynamic(move || draft.kind().map(|kind| kind.description))}</p>
    }
}

/// The key, which nobody reads over the shoulder.
#[component]
fn KeyField(draft: Draft, problem: RwSignal<Option<Problem>>) -> impl IntoView {
    const ID: &str = "credential-key";
    let hint = if draft.is_new { "" } else { "Leave it empty to keep the stored one" };
    view! {
        <Field id=ID label="Key" hint error=about(problem, "values")>
            <input
                id=ID
                class="input input--code"
                type="password"
                autocomplete="off"
                required=draft.is_new
                aria-describedby=description_id(ID)
                prop:value=dynamic(move || draft.key.get())
                on:input=move |event| draft.key.set(event_target_value(&event))
            />
        </Field>
    }
}
