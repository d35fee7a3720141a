//! The call `code/file`.

use leptos::prelude::*;
use octobot_wire::code::{CodeView, FileQuery};
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Lines of a file.
#[server(name = LoadFileCall, prefix = "/api/fn", endpoint = "code/file", protocol = PostJson)]
pub async fn load_file(project: ProjectId, session: SessionId, query: FileQuery) -> Result<CodeView, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.code.file(backend.caller, &project, session, query)).await
}
