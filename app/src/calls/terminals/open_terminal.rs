//! The call `terminals/open`.

use leptos::prelude::*;
use octobot_wire::terminal::{OpenTerminal, Terminal};
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Opens a terminal. A sandbox that doesn't run is started for it.
#[server(name = OpenTerminalCall, prefix = "/api/fn", endpoint = "terminals/open", protocol = PostJson)]
pub async fn open_terminal(project: ProjectId, session: SessionId, request: OpenTerminal) -> Result<Terminal, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.terminals.open(backend.caller, &project, session, request)).await
}
