//! The call `terminals/close`.

use leptos::prelude::*;
use octobot_wire::{ProjectId, SessionId, TerminalId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Closes a terminal, with all that runs in it.
#[server(name = CloseTerminalCall, prefix = "/api/fn", endpoint = "terminals/close", protocol = PostJson)]
pub async fn close_terminal(project: ProjectId, session: SessionId, terminal: TerminalId) -> Result<(), Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.terminals.close(backend.caller, &project, session, terminal)).await
}
