//! Calls about agents, with what the page shows before the answer is there, and after it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::AgentId;

use crate::calls;
use crate::components::frame::toasts::Toasts;
use crate::live::ProjectStore;

/// What can be done with an agent in the list.
#[derive(Clone, Copy)]
pub struct AgentActions {
    store: ProjectStore,
    toasts: Toasts,
}

impl AgentActions {
    /// The actions on the frame that this component stands in.
    #[expect(clippy::new_without_default, reason = "it reads contexts, so it isn't a value")]
    pub fn new() -> Self {
        Self { store: ProjectStore::expect(), toasts: Toasts::expect() }
    }

    /// Makes it the default, at once on the page; back again when the server refuses.
    pub fn make_default(self, id: AgentId) {
        let before = self.store.agents.get_untracked();
        self.store.agents.update(|list| {
            for agent in list {
                agent.is_default = agent.id == id;
            }
        });
        spawn_local(async move {
            match calls::make_agent_default(self.store.id(), id).await {
                Ok(agent) => self.store.put_agent(agent),
                Err(failure) => {
                    self.store.agents.set(before);
                    self.toasts.failure("The default couldn't be changed", &failure.0);
                }
            }
        });
    }

    /// Deletes it. Refused while sessions are bound to it, so it stays until the server agrees.
    pub fn delete(self, id: AgentId) {
        spawn_local(async move {
            match calls::delete_agent(self.store.id(), id).await {
                Ok(()) => {
                    self.store.agents.update(|list| list.retain(|agent| agent.id != id));
                    self.toasts.success("The agent was deleted");
                }
                Err(failure) => self.toasts.failure("The agent couldn't be deleted", &failure.0),
            }
        });
    }
}
