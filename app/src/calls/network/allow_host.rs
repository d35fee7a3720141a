//! The call `network/allow`.

use leptos::prelude::*;
use octobot_wire::ProjectId;
use octobot_wire::network::{AllowHost, HostAllowed};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Lets a host be reached.
#[server(name = AllowHostCall, prefix = "/api/fn", endpoint = "network/allow", protocol = PostJson)]
pub async fn allow_host(project: ProjectId, request: AllowHost) -> Result<HostAllowed, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.network.allow(backend.caller, &project, request)).await
}
