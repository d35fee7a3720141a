//! The form that adds a host to a list.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::network::{AllowedHost, NetworkMode, NetworkPolicy};
use web_sys::SubmitEvent;

use super::policy::Policy;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;

/// Into which list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Into {
    /// That of allowed hosts.
    Allowed,
    /// That of denied hosts.
    Denied,
}

impl Into {
    /// The id of the field, the label of the form, and of its button.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Allowed => ("network-allow", "Host to allow", "Allow"),
            Self::Denied => ("network-deny", "Host to deny", "Deny"),
        }
    }
}

/// What is typed.
#[derive(Clone, Copy)]
struct Draft {
    host: RwSignal<String>,
    ports: RwSignal<String>,
    private: RwSignal<bool>,
    offline: RwSignal<bool>,
}

impl Draft {
    fn new() -> Self {
        let [host, ports] = [(); 2].map(|()| RwSignal::new(String::new()));
        let [private, offline] = [(); 2].map(|()| RwSignal::new(false));
        Self { host, ports, private, offline }
    }

    fn entry(self) -> AllowedHost {
        let ports = self.ports.get_untracked();
        let ports = ports.split([',', ' ']).filter(|port| !port.is_empty()).map(str::to_owned).collect();
        let host = self.host.get_untracked().trim().to_owned();
        AllowedHost { host, ports, private: self.private.get_untracked(), offline: self.offline.get_untracked() }
    }

    fn clear(self) {
        self.host.set(String::new());
        self.ports.set(String::new());
        self.private.set(false);
        self.offline.set(false);
    }
}

/// The form.
#[component]
pub fn AddHost(
    /// The policy.
    policy: Policy,
    /// Into which list.
    list: Into,
) -> impl IntoView {
    let draft = Draft::new();
    let (busy, error) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let (id, label, action) = list.words();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let entry = draft.entry();
        spawn_local(async move {
            let added = policy.add(move |lists| put(lists, list, entry)).await;
            let _ = busy.try_set(false);
            let refused = added.err().map(|problem| problem.detail);
            if refused.is_none() {
                draft.clear();
            }
            let _ = error.try_set(refused);
        });
    };
    let description = format!("{id}-description");
    let describedby = description.clone();
    view! {
        <form class="network__add" on:submit=submit>
            <div class="network__line">
                <input
                    id=id
                    class="input input--code"
                    aria-label=label
                    aria-describedby=describedby
                    placeholder="github.com, *.github.com or 10.1.0.0/16"
                    required=true
                    maxlength="300"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    prop:value=dynamic(move || draft.host.get())
                    on:input=move |event| draft.host.set(event_target_value(&event))
                />
                {(list == Into::Allowed).then(|| view! { <PortsField typed=draft.ports/> }.into_any())}
                <button type="submit" class="button" aria-disabled=dynamic(move || busy.get().to_string())>
                    {dynamic(move || if busy.get() { "Saving…" } else { action })}
                </button>
            </div>
            <div id=description>
                {dynamic(move || {
                    let error = error.get()?;
                    Some(view! { <p class="field__error" role="alert">{error}</p> }.into_any())
                })}
            </div>
            {(list == Into::Allowed).then(|| view! { <Options policy draft/> }.into_any())}
        </form>
    }
}

#[component]
fn PortsField(typed: RwSignal<String>) -> impl IntoView {
    view! {
        <input
            class="input input--code network__ports"
            aria-label="Ports"
            placeholder="80, 443"
            autocomplete="off"
            prop:value=dynamic(move || typed.get())
            on:input=move |event| typed.set(event_target_value(&event))
        />
    }
}

/// What else may be said of an allowed host, once one is being typed.
#[component]
fn Options(policy: Policy, draft: Draft) -> impl IntoView {
    let is_offline =
        move || policy.lists.with(|lists| lists.as_ref().is_some_and(|lists| lists.mode == NetworkMode::OfflineAgent));
    let check = |signal: RwSignal<bool>, text: &'static str| {
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=dynamic(move || signal.get())
                    on:change=move |event| signal.set(event_target_checked(&event))
                />
                <span>{text}</span>
            </label>
        }
        .into_any()
    };
    view! {
        <When when=move || !draft.host.with(String::is_empty)>
            {check(draft.private, "May lead to private addresses and to this machine")}
            <When when=is_offline>{check(draft.offline, "Also while the agent is offline")}</When>
        </When>
    }
}

fn put(lists: &mut NetworkPolicy, list: Into, entry: AllowedHost) {
    match list {
        Into::Allowed => lists.allowed.push(entry),
        Into::Denied => lists.denied.push(entry.host),
    }
}
