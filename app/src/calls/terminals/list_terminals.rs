//! The call `terminals/list`.

use leptos::prelude::*;
use octobot_wire::terminal::Terminal;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// The open terminals of a session whose sandbox runs.
#[server(name = ListTerminalsCall, prefix = "/api/fn", endpoint = "terminals/list", protocol = PostJson)]
pub async fn list_terminals(project: ProjectId, session: SessionId) -> Result<Vec<Terminal>, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.terminals.list(backend.caller, &project, session)).await
}
