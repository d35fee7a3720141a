//! The MCP servers of an agent: a list that is saved whenever something in it changes, or together with a new agent.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::mcp::{McpServer, SaveMcpServer, SaveMcpServers};
use octobot_wire::value::SaveValue;
use octobot_wire::{AgentId, Problem};

use super::mcp_server_form::McpServerForm;
use super::mcp_server_row::McpServerRow;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::form::dialog::Dialog;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::frame::toasts::Toasts;
use crate::live::ProjectStore;

/// The servers of one agent, and what can be done with them.
#[derive(Clone, Copy)]
pub struct ServerList {
    /// None while the agent is yet to be created.
    agent: Option<AgentId>,
    store: ProjectStore,
    toasts: Toasts,
    /// The servers; without those of their values that are stored. None until they have been loaded.
    pub servers: RwSignal<Option<Vec<SaveMcpServer>>>,
    /// The place of the server in the dialog; none for a new one.
    pub edited: RwSignal<Option<usize>>,
    /// Whether the dialog is open.
    pub open: RwSignal<bool>,
    /// Why the new agent wasn't created with them.
    pub problem: RwSignal<Option<Problem>>,
}

impl ServerList {
    /// Those of an agent that is yet to be created: none so far.
    #[expect(clippy::new_without_default, reason = "it reads contexts, so it isn't a value")]
    pub fn new() -> Self {
        Self {
            agent: None,
            store: ProjectStore::expect(),
            toasts: Toasts::expect(),
            servers: RwSignal::new(Some(Vec::new())),
            edited: RwSignal::new(None),
            open: RwSignal::new(false),
            problem: RwSignal::new(None),
        }
    }

    /// Loads those of an agent.
    pub fn of(agent: AgentId) -> Self {
        let list = Self { agent: Some(agent), servers: RwSignal::new(None), ..Self::new() };
        // Only in the browser: nobody waits for it.
        Effect::new(move |_| {
            spawn_local(async move {
                match calls::load_mcp_servers(list.store.id(), agent).await {
                    Ok(servers) => list.put_stored(servers),
                    Err(failure) => list.toasts.failure("The MCP servers couldn't be loaded", &failure.0),
                }
            });
        });
        list
    }

    /// Whether the servers are stored, rather than to be created with their agent.
    pub fn is_stored(self) -> bool {
        self.agent.is_some()
    }

    /// Opens the dialog, for a new server or for the one at a place.
    pub fn edit(self, place: Option<usize>) {
        self.edited.set(place);
        self.open.set(true);
    }

    /// The server in the dialog.
    pub fn edited_server(self) -> Option<SaveMcpServer> {
        let place = self.edited.get_untracked()?;
        self.servers.with_untracked(|servers| servers.as_ref()?.get(place).cloned())
    }

    /// Removes the server at a place.
    pub fn remove(self, place: usize) {
        let mut servers = self.servers.get_untracked().unwrap_or_default();
        if place < servers.len() {
            servers.remove(place);
        }
        spawn_local(async move {
            if let Err(problem) = self.save(servers).await {
                self.toasts.failure("The MCP server couldn't be removed", &problem);
            }
        });
    }

    /// Puts a server in the place of the one in the dialog, or at the end. The answer is its place when it is refused.
    pub async fn put(self, server: SaveMcpServer) -> Result<(), (usize, Problem)> {
        let mut servers = self.servers.get_untracked().unwrap_or_default();
        let place = self.edited.get_untracked().filter(|place| *place < servers.len()).unwrap_or(servers.len());
        servers.splice(place..servers.len().min(place + 1), [server]);
        self.save(servers).await.map_err(|problem| (place, problem))
    }

    /// What is wrong with the server at a place, as far as that was found out when the agent was to be created.
    pub fn refusal(self, place: usize) -> Option<String> {
        let prefix = format!("mcpServers.{place}.");
        self.problem.with(|problem| {
            let about = problem.as_ref()?.errors.iter().find(|error| error.field.starts_with(&prefix))?;
            Some(about.detail.clone())
        })
    }

    async fn save(self, servers: Vec<SaveMcpServer>) -> Result<(), Problem> {
        let Some(agent) = self.agent else {
            self.problem.set(None);
            self.servers.set(Some(servers));
            return Ok(());
        };
        let saved = calls::save_mcp_servers(self.store.id(), agent, SaveMcpServers { servers }).await;
        self.put_stored(saved.map_err(|failure| failure.0)?);
        self.toasts.success("The MCP servers were saved");
        Ok(())
    }

    /// Takes the servers as they are stored: their values are kept as long as only their names are sent.
    fn put_stored(self, servers: Vec<McpServer>) {
        let kept = |name: String| SaveValue { name, value: None };
        let stored = |server: McpServer| SaveMcpServer {
            id: Some(server.id),
            name: server.name,
            transport: server.transport,
            values: server.value_names.into_iter().map(kept).collect(),
        };
        let _ = self.servers.try_set(Some(servers.into_iter().map(stored).collect()));
    }
}

/// The section of an agent's page.
#[component]
pub fn McpServers(
    /// The servers.
    list: ServerList,
) -> impl IntoView {
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
            let row = |(place, server)| view! { <McpServerRow place server list/> };
            let rows: Vec<_> = servers.into_iter().enumerate().map(row).collect();
            view! { <ul class="rows">{rows}</ul> }.into_any()
        }
    }
}
