//! What kind of agent it is.

use leptos::prelude::*;
use octobot_wire::agent::{AgentType, AgentTypeId};

use crate::components::dynamic::dynamic;
use crate::live::ProjectStore;

/// A card for each agent type that the server knows. The type of an agent that exists can't be changed, so it is only
/// said.
#[component]
pub fn TypePicker(
    /// The chosen type.
    chosen: RwSignal<AgentTypeId>,
    /// Whether it can't be changed.
    is_fixed: bool,
) -> impl IntoView {
    let store = ProjectStore::expect();
    if is_fixed {
        let own = store.agent_type(chosen.get_untracked());
        return own
            .map(|own| view! { <p class="form__intro">{own.name} ": " {own.description}</p> }.into_any())
            .into_any();
    }
    let types = store.agent_types.get_value();
    if types.iter().all(|known| known.id != chosen.get_untracked())
        && let Some(first) = types.first()
    {
        chosen.set(first.id);
    }
    let cards: Vec<_> = types.into_iter().map(|agent_type| card(agent_type, chosen)).collect();
    view! {
        <fieldset class="cards">
            <legend class="field__label">"Type"</legend>
            {cards}
        </fieldset>
    }
    .into_any()
}

fn card(AgentType { id, name, description }: AgentType, chosen: RwSignal<AgentTypeId>) -> AnyView {
    let is_chosen = move || chosen.get() == id;
    view! {
        <label class="card">
            <input
                type="radio"
                name="agent-type"
                checked=chosen.get_untracked() == id
                prop:checked=dynamic(is_chosen)
                on:change=move |_| chosen.set(id)
            />
            <span class="card__text">
                <span class="card__title">{name}</span>
                <span class="card__about">{description}</span>
            </span>
        </label>
    }
    .into_any()
}
