//! The call `credentials/revoke`.

use leptos::prelude::*;
use octobot_wire::{CredentialId, ProjectId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Revokes a credential.
#[server(name = RevokeCredentialCall, prefix = "/api/fn", endpoint = "credentials/revoke", protocol = PostJson)]
pub async fn revoke_credential(project: ProjectId, id: CredentialId) -> Result<(), Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.credentials.revoke(backend.caller, &project, id)).await
}
