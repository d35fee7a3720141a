//! The credentials of a project.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::credential::form::CredentialForm;
use crate::components::credential::list::CredentialList;
use crate::components::credential::row::CredentialRow;
use crate::components::dynamic::dynamic;
use crate::components::form::dialog::Dialog;
use crate::components::form::icon::{Glyph, Icon};

/// The list of credentials.
#[component]
pub fn CredentialsPage() -> impl IntoView {
    let list = CredentialList::load();
    let title = Signal::derive(move || {
        let title = if list.edited.get().is_some() { "Change a credential" } else { "Add a credential" };
        title.to_owned()
    });
    view! {
        <Title text="Credentials"/>
        <div class="page">
            <div class="page__head">
                <h1 class="page__title">"Credentials"</h1>
                <button
                    type="button"
                    class="button"
                    disabled=dynamic(move || list.view.with(Option::is_none))
                    on:click=move |_| list.edit(None)
                >
                    <Icon glyph=Glyph::Plus/>
                    "Add credential"
                </button>
            </div>
            <p class="page__intro">"Keys and tokens that agents work with. They are stored encrypted and never shown again."</p>
            {dynamic(move || rows(list))}
            <Dialog open=list.open title>
                <CredentialForm list/>
            </Dialog>
        </div>
    }
}

fn rows(list: CredentialList) -> AnyView {
    match list.view.get() {
        None => view! { <p class="page__intro">"Loading…"</p> }.into_any(),
        Some(view) if view.credentials.is_empty() => view! {
            <p class="page__intro">
                "None yet. Claude Code, Codex and Gemini CLI each need the key of their model’s API: add it here, and the next prompt \
                 uses it."
            </p>
        }
        .into_any(),
        Some(view) => {
            let row = |credential| view! { <CredentialRow credential list/> };
            view! { <ul class="rows">{view.credentials.into_iter().map(row).collect::<Vec<_>>()}</ul> }.into_any()
        }
    }
}
