//! The form for an MCP server.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::mcp::{McpTransport, SaveMcpServer};
use octobot_wire::{McpServerId, Problem};
use web_sys::SubmitEvent;

use super::mcp_servers::ServerList;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::problem::OtherProblem;
use crate::components::form::text_field::TextField;
use crate::components::form::value_lines::{read_values, written_values};

/// What is typed into the form.
#[derive(Clone, Copy)]
struct Draft {
    id: Option<McpServerId>,
    name: RwSignal<String>,
    is_http: RwSignal<bool>,
    command: RwSignal<String>,
    url: RwSignal<String>,
    values: RwSignal<String>,
}

impl Draft {
    /// What a server has, values that are stored by their names only; of a new one, nothing yet.
    fn new(server: Option<SaveMcpServer>) -> Self {
        let id = server.as_ref().and_then(|server| server.id);
        let (name, transport, values) = match server {
            Some(SaveMcpServer { name, transport, values, .. }) => (name, transport, values),
            None => (String::new(), McpTransport::Stdio { command: Vec::new() }, Vec::new()),
        };
        let (is_http, command, url) = match transport {
            McpTransport::Stdio { command } => (false, command.join("\n"), String::new()),
            McpTransport::Http { url } => (true, String::new(), url),
        };
        Self {
            id,
            name: RwSignal::new(name),
            is_http: RwSignal::new(is_http),
            command: RwSignal::new(command),
            url: RwSignal::new(url),
            values: RwSignal::new(written_values(&values)),
        }
    }

    fn request(self) -> SaveMcpServer {
        let lines = |field: RwSignal<String>| {
            field.with_untracked(|typed| typed.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
        };
        let transport = if self.is_http.get_untracked() {
            McpTransport::Http { url: self.url.get_untracked().trim().to_owned() }
        } else {
            McpTransport::Stdio { command: lines(self.command) }
        };
        SaveMcpServer {
            id: self.id,
            name: self.name.get_untracked().trim().to_owned(),
            transport,
            values: self.values.with_untracked(|typed| read_values(typed)),
        }
    }
}

/// The form in the dialog.
#[component]
pub fn McpServerForm(
    /// The list that the server is for.
    list: ServerList,
) -> impl IntoView {
    let draft = Draft::new(list.edited_server());
    let label = if list.edited.get_untracked().is_some() { "Change server" } else { "Add server" };
    let (busy, problem, place) = (RwSignal::new(false), RwSignal::new(None::<Problem>), RwSignal::new(0));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        spawn_local(async move {
            let saved = list.put(draft.request()).await;
            let _ = busy.try_set(false);
            match saved {
                Ok(()) => list.open.set(false),
                Err((refused, why)) => {
                    let _ = place.try_set(refused);
                    let _ = problem.try_set(Some(why));
                }
            }
        });
    };
    let about = move |field: &'static str| {
        Signal::derive(move || {
            let field = format!("servers.{}.{field}", place.get());
            problem.with(|problem| problem.as_ref()?.about(&field).map(str::to_owned))
        })
    };
    view! {
        <form class="form" on:submit=submit>
            <TextField id="mcp-name" label="Name" text=draft.name error=about("name") required=true/>
            <TransportPicker is_http=draft.is_http/>
            <When when=move || !draft.is_http.get()>
                <TextField
                    id="mcp-command"
                    label="Command"
                    hint="The program and its arguments: one a line. It runs in the sandbox"
                    text=draft.command
                    rows=3
                    error=about("command")
                />
            </When>
            <When when=move || draft.is_http.get()>
                <TextField
                    id="mcp-url"
                    label="Address"
                    hint="As it is reached from the sandbox"
                    text=draft.url
                    rows=1
                    error=about("url")
                />
            </When>
            <TextField
                id="mcp-values"
                label="Variables or headers (optional)"
                hint="One a line: NAME=value. A name alone keeps the value that is stored. Values are stored encrypted and never \
                      shown again, but they are visible inside the sandbox: to the agent, and to all code that runs there"
                text=draft.values
                rows=3
                error=about("values")
            />
            <OtherProblem problem/>
            <div class="dialog__actions">
                <button type="submit" class="button button--primary" disabled=dynamic(move || busy.get())>
                    {dynamic(move || if busy.get() { "Saving…" } else { label })}
                </button>
            </div>
        </form>
    }
}

/// How the server is reached.
#[component]
fn TransportPicker(is_http: RwSignal<bool>) -> impl IntoView {
    let card = move |title: &'static str, about: &'static str, stands_for: bool| {
        view! {
            <label class="card">
                <input
                    type="radio"
                    name="mcp-transport"
                    checked=is_http.get_untracked() == stands_for
                    prop:checked=dynamic(move || is_http.get() == stands_for)
                    on:change=move |_| is_http.set(stands_for)
                />
                <span class="card__text">
                    <span class="card__title">{title}</span>
                    <span class="card__about">{about}</span>
                </span>
            </label>
        }
    };
    view! {
        <fieldset class="cards">
            <legend class="field__label">"How it is reached"</legend>
            {card("Program", "The agent runs it in the sandbox", false)}
            {card("HTTP", "It runs elsewhere", true)}
        </fieldset>
    }
}
