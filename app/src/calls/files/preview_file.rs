//! The call `files/preview`.

use leptos::prelude::*;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// A file of Markdown as blocks of sanitised HTML.
#[server(name = PreviewFileCall, prefix = "/api/fn", endpoint = "files/preview", protocol = PostJson)]
pub async fn preview_file(project: ProjectId, session: SessionId, path: String) -> Result<Vec<String>, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.files.preview(backend.caller, &project, session, &path)).await
}
