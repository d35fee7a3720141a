//! The call `credentials/test`.

use leptos::prelude::*;
use octobot_wire::credential::Credential;
use octobot_wire::{CredentialId, ProjectId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Tries a credential.
#[server(name = TestCredentialCall, prefix = "/api/fn", endpoint = "credentials/test", protocol = PostJson)]
pub async fn test_credential(project: ProjectId, id: CredentialId) -> Result<Credential, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.credentials.test(backend.caller, &project, id)).await
}
