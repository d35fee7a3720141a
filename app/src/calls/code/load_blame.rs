//! The call `code/blame`.

use leptos::prelude::*;
use octobot_wire::code::{Blame, BlameQuery};
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Which commits lines of a file of a session are from.
#[server(name = LoadBlameCall, prefix = "/api/fn", endpoint = "code/blame", protocol = PostJson)]
pub async fn load_blame(project: ProjectId, session: SessionId, query: BlameQuery) -> Result<Blame, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.blame(backend.caller, &project, session, query)).await
}
