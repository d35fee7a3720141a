//! The dialog that gives a session credentials.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::credential::{Credential, SessionCredentials};
use octobot_wire::{CredentialId, SessionId};

use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::form::dialog::Dialog;
use crate::components::frame::toasts::Toasts;
use crate::live::ProjectStore;
use crate::place::credentials_url;

/// What a session has, and what it could have.
#[derive(Clone, Copy)]
struct Given {
    session: SessionId,
    store: ProjectStore,
    toasts: Toasts,
    all: RwSignal<Option<Vec<Credential>>>,
    chosen: RwSignal<Vec<CredentialId>>,
}

impl Given {
    /// Loads both. The dialog is opened in the browser only.
    fn load(session: SessionId) -> Self {
        let (store, toasts) = (ProjectStore::expect(), Toasts::expect());
        let given = Self { session, store, toasts, all: RwSignal::new(None), chosen: RwSignal::new(Vec::new()) };
        spawn_local(async move {
            let chosen = calls::load_session_credentials(store.id(), session).await;
            let all = calls::load_credentials(store.id()).await;
            match (chosen, all) {
                (Ok(chosen), Ok(all)) => {
                    let _ = given.chosen.try_set(chosen.credentials);
                    let _ = given.all.try_set(Some(all.credentials));
                }
                (Err(failure), _) | (_, Err(failure)) => {
                    toasts.failure("The credentials couldn't be loaded", &failure.0);
                }
            }
        });
        given
    }

    /// Gives the session a credential or takes it away, at once on the page; back again when the server refuses.
    fn choose(self, id: CredentialId, is_chosen: bool) {
        let before = self.chosen.get_untracked();
        self.chosen.update(|chosen| {
            chosen.retain(|known| *known != id);
            if is_chosen {
                chosen.push(id);
            }
        });
        let request = SessionCredentials { credentials: self.chosen.get_untracked() };
        spawn_local(async move {
            if let Err(failure) = calls::give_credentials(self.store.id(), self.session, request).await {
                let _ = self.chosen.try_set(before);
                self.toasts.failure("The session's credentials couldn't be changed", &failure.0);
            }
        });
    }
}

/// The dialog.
#[component]
pub fn SessionCredentialsDialog(
    /// The session.
    id: SessionId,
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    view! {
        <Dialog open title="Credentials of the session".to_owned()>
            <Choices id/>
        </Dialog>
    }
}

#[component]
fn Choices(id: SessionId) -> impl IntoView {
    let given = Given::load(id);
    let url = credentials_url(&given.store.id());
    view! {
        <div class="form">
            <p class="form__intro">"A change counts from the next prompt on."</p>
            {dynamic(move || rows(given))}
            <p>
                <a href=url>"All credentials of the project"</a>
            </p>
        </div>
    }
}

fn rows(given: Given) -> AnyView {
    match given.all.get() {
        None => view! { <p class="form__intro">"Loading…"</p> }.into_any(),
        Some(all) if all.is_empty() => {
            view! { <p class="form__intro">"The project has no credentials yet."</p> }.into_any()
        }
        Some(all) => all.into_iter().map(|credential| row(given, credential)).collect::<Vec<_>>().into_any(),
    }
}

/// A credential that every session has can't be taken from one.
fn row(given: Given, Credential { id, name, variables, every_session, .. }: Credential) -> AnyView {
    let has_it = move || every_session || given.chosen.with(|chosen| chosen.contains(&id));
    let whose = every_session.then_some(" (all sessions have it)");
    view! {
        <label class="check">
            <input
                type="checkbox"
                disabled=every_session
                prop:checked=dynamic(has_it)
                on:change=move |event| given.choose(id, event_target_checked(&event))
            />
            <span>
                {name}
                {whose}
                <span class="check__detail">{variables.join(", ")}</span>
            </span>
        </label>
    }
    .into_any()
}
