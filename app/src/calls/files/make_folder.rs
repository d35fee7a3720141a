//! The call `files/make-folder`.

use leptos::prelude::*;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Makes a folder.
#[server(name = MakeFolderCall, prefix = "/api/fn", endpoint = "files/make-folder", protocol = PostJson)]
pub async fn make_folder(project: ProjectId, session: SessionId, path: String) -> Result<(), Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.files.make_folder(backend.caller, &project, session, &path)).await
}
