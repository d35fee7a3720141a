//! The call `credentials/create`.

use leptos::prelude::*;
use octobot_wire::ProjectId;
use octobot_wire::credential::{Credential, SaveCredential};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Adds a credential and tries it.
#[server(name = CreateCredentialCall, prefix = "/api/fn", endpoint = "credentials/create", protocol = PostJson)]
pub async fn create_credential(project: ProjectId, request: SaveCredential) -> Result<Credential, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.credentials.create(backend.caller, &project, request)).await
}
