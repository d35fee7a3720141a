//! The call `network/check`.

use leptos::prelude::*;
use octobot_wire::ProjectId;
use octobot_wire::network::{HostVerdict, PolicyScope};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Whether a host would be reached.
#[server(name = CheckHostCall, prefix = "/api/fn", endpoint = "network/check", protocol = PostJson)]
pub async fn check_host(project: ProjectId, scope: PolicyScope, host: String) -> Result<HostVerdict, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.network.check(backend.caller, &project, scope, &host)).await
}
