//! The call `code/hunks`.

use leptos::prelude::*;
use octobot_wire::code::{FileHunks, HunksQuery};
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// The changes of a file of a session between its last commit, what is staged, and what it is.
#[server(name = LoadHunksCall, prefix = "/api/fn", endpoint = "code/hunks", protocol = PostJson)]
pub async fn load_hunks(project: ProjectId, session: SessionId, query: HunksQuery) -> Result<FileHunks, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.hunks(backend.caller, &project, session, &query)).await
}
