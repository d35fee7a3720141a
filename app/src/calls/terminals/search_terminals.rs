//! The call `terminals/search`.

use leptos::prelude::*;
use octobot_wire::terminal::{TerminalMatches, TerminalQuery};
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Looks for a text in what the session's terminals have printed.
#[server(name = SearchTerminalsCall, prefix = "/api/fn", endpoint = "terminals/search", protocol = PostJson)]
pub async fn search_terminals(
    project: ProjectId,
    session: SessionId,
    query: TerminalQuery,
) -> Result<TerminalMatches, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.terminals.search(backend.caller, &project, session, query)).await
}
