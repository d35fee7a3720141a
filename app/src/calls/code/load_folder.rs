//! The call `code/folder`.

use leptos::prelude::*;
use octobot_wire::code::Folder;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// What is in a folder.
#[server(name = LoadFolderCall, prefix = "/api/fn", endpoint = "code/folder", protocol = PostJson)]
pub async fn load_folder(project: ProjectId, session: SessionId, path: String) -> Result<Folder, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.code.folder(backend.caller, &project, session, &path)).await
}
