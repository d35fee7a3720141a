//! The call `credentials/update`.

use leptos::prelude::*;
use octobot_wire::credential::{Credential, SaveCredential};
use octobot_wire::{CredentialId, ProjectId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Changes a credential.
#[server(name = UpdateCredentialCall, prefix = "/api/fn", endpoint = "credentials/update", protocol = PostJson)]
pub async fn update_credential(
    project: ProjectId,
    id: CredentialId,
    request: SaveCredential,
) -> Result<Credential, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.credentials.update(backend.caller, &project, id, request)).await
}
