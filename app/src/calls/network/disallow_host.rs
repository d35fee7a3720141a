//! The call `network/disallow`.

use leptos::prelude::*;
use octobot_wire::ProjectId;
use octobot_wire::network::DisallowHost;

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Takes an allowed host from a list.
#[server(name = DisallowHostCall, prefix = "/api/fn", endpoint = "network/disallow", protocol = PostJson)]
pub async fn disallow_host(project: ProjectId, request: DisallowHost) -> Result<(), Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.network.disallow(backend.caller, &project, request)).await
}
