//! An MCP server in an agent's list.

use leptos::prelude::*;
use octobot_wire::mcp::{McpTransport, SaveMcpServer};

use super::mcp_servers::ServerList;
use crate::components::dynamic::dynamic;
use crate::components::form::confirm::Confirm;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::icon_button::IconButton;

/// A row of the list.
#[component]
pub fn McpServerRow(
    /// Its place in the list.
    place: usize,
    /// The server.
    server: SaveMcpServer,
    /// The list that it stands in.
    list: ServerList,
) -> impl IntoView {
    let SaveMcpServer { name, transport, .. } = server;
    let removing = RwSignal::new(false);
    let (glyph, detail) = match transport {
        McpTransport::Stdio { command } => (Glyph::Terminal, command.join(" ")),
        McpTransport::Http { url } => (Glyph::Globe, url),
    };
    // What isn't stored anywhere yet is as quickly written again.
    let remove = move |()| if list.is_stored() { removing.set(true) } else { list.remove(place) };
    let refusal = move || list.refusal(place).map(|why| view! { <p class="row__reason" role="alert">{why}</p> });
    view! {
        <li class="row">
            <Icon glyph/>
            <span class="row__link">
                <span class="row__title">{name.clone()}</span>
                <span class="row__detail">{detail}</span>
            </span>
            <IconButton glyph=Glyph::Pencil label=format!("Change {name}") on_press=move |()| list.edit(Some(place))/>
            <IconButton glyph=Glyph::Trash label=format!("Remove {name}") on_press=remove/>
            {dynamic(refusal)}
            <Confirm
                open=removing
                title=format!("Remove “{name}”?")
                action="Remove server"
                on_confirm=move |()| list.remove(place)
            >
                <p>"The agent goes on without its tools from the next prompt on. Its stored values are deleted."</p>
            </Confirm>
        </li>
    }
}
