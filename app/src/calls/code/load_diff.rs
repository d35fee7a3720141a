//! The call `code/diff`.

use leptos::prelude::*;
use octobot_wire::code::{CodeView, DiffQuery};
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Rows of the difference of a file.
#[server(name = LoadDiffCall, prefix = "/api/fn", endpoint = "code/diff", protocol = PostJson)]
pub async fn load_diff(project: ProjectId, session: SessionId, query: DiffQuery) -> Result<CodeView, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.code.diff(backend.caller, &project, session, query)).await
}
