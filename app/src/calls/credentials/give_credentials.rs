//! The call `credentials/give`.

use leptos::prelude::*;
use octobot_wire::credential::SessionCredentials;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Gives a session these credentials.
#[server(name = GiveCredentialsCall, prefix = "/api/fn", endpoint = "credentials/give", protocol = PostJson)]
pub async fn give_credentials(
    project: ProjectId,
    session: SessionId,
    request: SessionCredentials,
) -> Result<SessionCredentials, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.credentials.give_to_session(backend.caller, &project, session, request)).await
}
