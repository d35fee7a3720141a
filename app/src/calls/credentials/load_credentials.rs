//! The call `credentials`.

use leptos::prelude::*;
use octobot_wire::ProjectId;
use octobot_wire::credential::CredentialsView;

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// A project's credentials.
#[server(name = LoadCredentialsCall, prefix = "/api/fn", endpoint = "credentials", protocol = PostJson)]
pub async fn load_credentials(project: ProjectId) -> Result<CredentialsView, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.credentials.view(backend.caller, &project)).await
}
