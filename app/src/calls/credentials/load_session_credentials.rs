//! The call `credentials/of-session`.

use leptos::prelude::*;
use octobot_wire::credential::SessionCredentials;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// The credentials that a session was given.
#[server(name = LoadSessionCredentialsCall, prefix = "/api/fn", endpoint = "credentials/of-session", protocol = PostJson)]
pub async fn load_session_credentials(project: ProjectId, session: SessionId) -> Result<SessionCredentials, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.credentials.of_session(backend.caller, &project, session)).await
}
