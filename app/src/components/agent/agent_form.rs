//! The form that creates or changes an agent.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use octobot_wire::Problem;
use octobot_wire::agent::{Agent, AgentOptions, AgentTypeId, SaveAgent};
use web_sys::SubmitEvent;

use super::mcp_servers::{McpServers, ServerList};
use super::type_picker::TypePicker;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::problem::{OtherProblem, about};
use crate::components::form::text_field::TextField;
use crate::components::frame::toasts::Toasts;
use crate::live::ProjectStore;
use crate::place::agents_url;

/// The form's id, by which the buttons below it belong to it.
const FORM: &str = "agent-form";

/// What is typed into the form.
#[derive(Clone, Copy)]
struct Draft {
    agent_type: RwSignal<AgentTypeId>,
    name: RwSignal<String>,
    command: RwSignal<String>,
    system_prompt: RwSignal<String>,
    mode: RwSignal<String>,
    model: RwSignal<String>,
    script: RwSignal<String>,
}

impl Draft {
    /// What an agent has; of a new one, nothing yet.
    fn new(agent: Option<Agent>) -> Self {
        let agent_type = agent.as_ref().map_or(AgentTypeId::ClaudeCode, |agent| agent.agent_type);
        let (name, script, options) =
            agent.map(|agent| (agent.name, agent.setup_script, agent.options)).unwrap_or_default();
        Self {
            agent_type: RwSignal::new(agent_type),
            name: RwSignal::new(name),
            command: RwSignal::new(options.command.join("\n")),
            system_prompt: RwSignal::new(options.system_prompt),
            mode: RwSignal::new(options.mode.unwrap_or_default()),
            model: RwSignal::new(options.model.unwrap_or_default()),
            script: RwSignal::new(script),
        }
    }

    /// The request to save it. Fields that the agent's type doesn't have are left empty.
    fn request(self, servers: Option<ServerList>) -> SaveAgent {
        let agent_type = self.agent_type.get_untracked();
        let options = if agent_type == AgentTypeId::Shell {
            AgentOptions::default()
        } else {
            AgentOptions {
                system_prompt: self.system_prompt.get_untracked(),
                mode: chosen(self.mode),
                model: chosen(self.model),
                command: if agent_type == AgentTypeId::Custom { words(self.command) } else { Vec::new() },
            }
        };
        let servers = servers.filter(|_| agent_type != AgentTypeId::Shell);
        SaveAgent {
            name: self.name.get_untracked(),
            agent_type,
            setup_script: self.script.get_untracked(),
            options,
            mcp_servers: servers.and_then(|list| list.servers.get_untracked()),
        }
    }
}

fn chosen(field: RwSignal<String>) -> Option<String> {
    field.with_untracked(|typed| Some(typed.trim().to_owned()).filter(|typed| !typed.is_empty()))
}

fn words(field: RwSignal<String>) -> Vec<String> {
    field.with_untracked(|typed| typed.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

/// The form.
#[component]
pub fn AgentForm(
    /// The agent to change; without one, one is created.
    agent: Option<Agent>,
) -> impl IntoView {
    let store = ProjectStore::expect();
    let toasts = Toasts::expect();
    let navigate = use_navigate();
    let id = agent.as_ref().map(|agent| agent.id);
    let draft = Draft::new(agent);
    // Those of an agent that is there are saved by themselves.
    let servers = id.is_none().then(ServerList::new);
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        let request = draft.request(servers);
        let navigate = navigate.clone();
        spawn_local(async move {
            let answer = match id {
                Some(id) => calls::update_agent(store.id(), id, request).await,
                None => calls::create_agent(store.id(), request).await,
            };
            let _ = busy.try_set(false);
            match answer {
                Ok(agent) => {
                    toasts.success(format!("“{}” was saved", agent.name));
                    store.put_agent(agent);
                    navigate(&agents_url(&store.id()), NavigateOptions::default());
                }
                Err(failure) => {
                    if let Some(list) = servers {
                        let _ = list.problem.try_set(Some(failure.0.clone()));
                    }
                    let _ = problem.try_set(Some(failure.0));
                }
            }
        });
    };
    view! {
        <form class="form form--page" id=FORM on:submit=submit>
            <TypePicker chosen=draft.agent_type is_fixed=id.is_some()/>
            <TextField id="agent-name" label="Name" text=draft.name error=about(problem, "name") required=true/>
            <When when=move || draft.agent_type.get() != AgentTypeId::Shell>
                <ProgramFields draft problem/>
            </When>
            <TextField
                id="agent-script"
                label="Setup script (optional)"
                hint="Runs once in each new session, before the first prompt"
                text=draft.script
                rows=8
                error=about(problem, "setupScript")
            />
        </form>
        {servers.map(|list| new_servers(draft.agent_type, list))}
        <div class="form form--page">
            <OtherProblem problem/>
            <div class="form__actions">
                <a class="button" href=agents_url(&store.id())>
                    "Cancel"
                </a>
                <button type="submit" form=FORM class="button button--primary" disabled=dynamic(move || busy.get())>
                    {dynamic(move || if busy.get() { "Saving…" } else { "Save agent" })}
                </button>
            </div>
        </div>
    }
}

/// The MCP servers that a new agent is to have. Not within its form, because each has one of its own.
fn new_servers(agent_type: RwSignal<AgentTypeId>, list: ServerList) -> AnyView {
    view! {
        <When when=move || agent_type.get() != AgentTypeId::Shell>
            <McpServers list/>
        </When>
    }
    .into_any()
}

/// What is given to an agent's program.
#[component]
fn ProgramFields(draft: Draft, problem: RwSignal<Option<Problem>>) -> impl IntoView {
    view! {
        <When when=move || draft.agent_type.get() == AgentTypeId::Custom>
            <TextField
                id="agent-command"
                label="Command"
                hint="A program that speaks the Agent Client Protocol, and its arguments: one a line"
                text=draft.command
                rows=3
                error=about(problem, "options.command")
            />
        </When>
        <TextField
            id="agent-system-prompt"
            label="System prompt (optional)"
            hint="What the agent is told before anything else"
            text=draft.system_prompt
            rows=5
            error=about(problem, "options.systemPrompt")
        />
        <TextField
            id="agent-model"
            label="Model (optional)"
            hint="As the agent names it. It can be changed in each session"
            text=draft.model
            error=about(problem, "options")
        />
        <TextField
            id="agent-mode"
            label="Mode (optional)"
            hint="What the agent may do without asking, as it names it. It can be changed in each session"
            text=draft.mode
            error=about(problem, "options.mode")
        />
    }
}
