//! The MCP servers of an agent: the list, which is saved whenever something in it changes.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::mcp::{McpServer, SaveMcpServer, SaveMcpServers};
use octobot_wire::value::SaveValue;
use octobot_wire::{AgentId, McpServerId, Problem};

use super::mcp_server_form::McpServerForm;
use super::mcp_server_row::McpServerRow;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::form::dialog::Dialog;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::frame::toasts::Toasts;
use crate::live::ProjectStore;

/// The servers of one agent as they are stored, and what can be done with them.
#[derive(Clone, Copy)]
pub struct ServerList {
    agent: AgentId,
    store: ProjectStore,
    toasts: Toasts,
    /// None until they have been loaded.
    pub servers: RwSignal<Option<Vec<McpServer>>>,
    /// The server in the dialog; none for a new one.
    pub edited: RwSignal<Option<McpServerId>>,
    /// Whether the dialog is open.
    pub open: RwSignal<bool>,
}

impl ServerList {
    /// Loads the list.
    fn load(agent: AgentId) -> Self {
        let list = Self {
            agent,
            store: ProjectStore::expect(),
            toasts: Toasts::expect(),
            servers: RwSignal::new(None),
            edited: RwSignal::new(None),
            open: RwSignal::new(false),
        };
        // Only in the browser: nobody waits for it.
        Effect::new(move |_| {
            spawn_local(async move {
                match calls::load_mcp_servers(list.store.id(), agent).await {
                    Ok(servers) => drop(list.servers.try_set(Some(servers))),
                    Err(failure) => list.toasts.failure("The MCP servers couldn't be loaded", &failure.0),
                }
            });
        });
        list
    }

    /// Opens the dialog, for a new server or for one that is there.
    pub fn edit(self, server: Option<McpServerId>) {
        self.edited.set(server);
        self.open.set(true);
    }

    /// The server in the dialog as it is stored.
    pub fn edited_server(self) -> Option<McpServer> {
        let edited = self.edited.get_untracked()?;
        self.servers.with_untracked(|servers| servers.as_ref()?.iter().find(|server| server.id == edited).cloned())
    }

    /// Removes a server.
    pub fn remove(self, id: McpServerId) {
        let mut servers = self.as_stored();
        servers.retain(|server| server.id != Some(id));
        spawn_local(async move {
            if let Err(problem) = self.save(servers).await {
                self.toasts.failure("The MCP server couldn't be removed", &problem);
            }
        });
    }

    /// Saves a server in the place of the one in the dialog, or at the end. The answer is its place when it is refused.
    pub async fn put(self, server: SaveMcpServer) -> Result<(), (usize, Problem)> {
        let mut servers = self.as_stored();
        let place = servers.iter().position(|stored| stored.id.is_some() && stored.id == server.id);
        let place = place.unwrap_or(servers.len());
        servers.splice(place..servers.len().min(place + 1), [server]);
        self.save(servers).await.map_err(|problem| (place, problem))
    }

    /// All servers as they are, with the values that are stored for them.
    fn as_stored(self) -> Vec<SaveMcpServer> {
        let kept = |name: String| SaveValue { name, value: None };
        let stored = |server: McpServer| SaveMcpServer {
            id: Some(server.id),
            name: server.name,
            transport: server.transport,
            values: server.value_names.into_iter().map(kept).collect(),
        };
        self.servers.get_untracked().unwrap_or_default().into_iter().map(stored).collect()
    }

    async fn save(self, servers: Vec<SaveMcpServer>) -> Result<(), Problem> {
        let saved = calls::save_mcp_servers(self.store.id(), self.agent, SaveMcpServers { servers }).await;
        let servers = saved.map_err(|failure| failure.0)?;
        let _ = self.servers.try_set(Some(servers));
        self.toasts.success("The MCP servers were saved");
        Ok(())
    }
}

/// The section of an agent's page.
#[component]
pub fn McpServers(
    /// The agent.
    agent: AgentId,
) -> impl IntoView {
    let list = ServerList::load(agent);
    let title = Signal::derive(move || {
        let title = if list.edited.get().is_some() { "Change an MCP server" } else { "Add an MCP server" };
        title.to_owned()
    });
    view! {
        <section class="page__narrow" aria-labelledby="mcp-servers">
            <div class="page__head">
                <h2 class="page__subtitle" id="mcp-servers">
                    "MCP servers"
                </h2>
                <button
                    type="button"
                    class="button"
                    disabled=dynamic(move || list.servers.with(Option::is_none))
                    on:click=move |_| list.edit(None)
                >
                    <Icon glyph=Glyph::Plus/>
                    "Add server"
                </button>
            </div>
            {dynamic(move || rows(list))}
            <Dialog open=list.open title>
                <McpServerForm list/>
            </Dialog>
        </section>
    }
}

fn rows(list: ServerList) -> AnyView {
    match list.servers.get() {
        None => view! { <p class="page__intro">"Loading…"</p> }.into_any(),
        Some(servers) if servers.is_empty() => view! {
            <p class="page__intro">
                "None yet. An MCP server gives the agent further tools: a program in the sandbox, or a server that is reached \
                 over HTTP."
            </p>
        }
        .into_any(),
        Some(servers) => {
            let rows: Vec<_> = servers.into_iter().map(|server| view! { <McpServerRow server list/> }).collect();
            view! { <ul class="rows">{rows}</ul> }.into_any()
        }
    }
}
