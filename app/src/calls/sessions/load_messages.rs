//! The call `sessions/messages`.

use leptos::prelude::*;
use octobot_wire::message::MessagePage;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Messages before the one with number `before`.
#[server(name = LoadMessagesCall, prefix = "/api/fn", endpoint = "sessions/messages", protocol = PostJson)]
pub async fn load_messages(project: ProjectId, id: SessionId, before: u64) -> Result<MessagePage, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.sessions.messages(backend.caller, &project, id, before)).await
}
