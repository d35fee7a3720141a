//! An agent in the list.

use leptos::prelude::*;
use octobot_wire::AgentId;
use octobot_wire::agent::AgentTypeId;

use super::actions::AgentActions;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::confirm::Confirm;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::menu::{Menu, MenuItem};
use crate::live::ProjectStore;
use crate::place::agent_url;

/// A row of the list.
#[component]
pub fn AgentRow(
    /// The agent.
    id: AgentId,
) -> impl IntoView {
    let store = ProjectStore::expect();
    let actions = AgentActions::new();
    let agent = store.agent(id);
    let deleting = RwSignal::new(false);
    let name = Signal::derive(move || agent.with(|a| a.as_ref().map(|a| a.name.clone()).unwrap_or_default()));
    let is_default = Memo::new(move |_| agent.with(|a| a.as_ref().is_some_and(|a| a.is_default)));
    let agent_type = move || {
        let kind = agent.with(|a| a.as_ref().map(|a| a.agent_type))?;
        store.agent_type(kind).map(|kind| kind.name)
    };
    let is_shell = agent.with_untracked(|a| a.as_ref().is_none_or(|a| a.agent_type == AgentTypeId::Shell));
    let glyph = if is_shell { Glyph::Terminal } else { Glyph::Agent };
    let title = Signal::derive(move || format!("Delete “{}”?", name.get()));
    view! {
        <li class="row">
            <Icon glyph/>
            <a class="row__link" href=agent_url(&store.id(), id)>
                <span class="row__title">{dynamic(move || name.get())}</span>
                <span class="row__detail">{dynamic(agent_type)}</span>
            </a>
            <When when=move || is_default.get()>
                <span class="tag">"Default"</span>
            </When>
            <Menu id=format!("agent-menu-{id}") label=format!("Actions for {}", name.get_untracked())>
                <When when=move || !is_default.get()>
                    <MenuItem glyph=Glyph::Star label="Make default" on_choose=move |()| actions.make_default(id)/>
                </When>
                <MenuItem glyph=Glyph::Trash label="Delete…" danger=true on_choose=move |()| deleting.set(true)/>
            </Menu>
            <Confirm open=deleting title action="Delete agent" on_confirm=move |()| actions.delete(id)>
                <p>"Sessions that are bound to it keep it from being deleted."</p>
            </Confirm>
        </li>
    }
}
