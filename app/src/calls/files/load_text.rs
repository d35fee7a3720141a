//! The call `files/text`.

use leptos::prelude::*;
use octobot_wire::code::FileText;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// A file to be edited.
#[server(name = LoadTextCall, prefix = "/api/fn", endpoint = "files/text", protocol = PostJson)]
pub async fn load_text(project: ProjectId, session: SessionId, path: String) -> Result<FileText, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.files.text(backend.caller, &project, session, &path)).await
}
