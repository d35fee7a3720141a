//! The call `terminals/rename`.

use leptos::prelude::*;
use octobot_wire::terminal::{RenameTerminal, Terminal};
use octobot_wire::{ProjectId, SessionId, TerminalId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Renames a terminal.
#[server(name = RenameTerminalCall, prefix = "/api/fn", endpoint = "terminals/rename", protocol = PostJson)]
pub async fn rename_terminal(
    project: ProjectId,
    session: SessionId,
    terminal: TerminalId,
    request: RenameTerminal,
) -> Result<Terminal, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.terminals.rename(backend.caller, &project, session, terminal, request)).await
}
