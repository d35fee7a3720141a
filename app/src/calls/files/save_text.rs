//! The call `files/save-text`.

use leptos::prelude::*;
use octobot_wire::code::{SaveText, TextSaved};
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Saves a text, unless somebody else has changed the file since.
#[server(name = SaveTextCall, prefix = "/api/fn", endpoint = "files/save-text", protocol = PostJson)]
pub async fn save_text(project: ProjectId, session: SessionId, request: SaveText) -> Result<TextSaved, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.files.save_text(backend.caller, &project, session, request)).await
}
