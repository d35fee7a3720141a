//! The call `network/save`.

use leptos::prelude::*;
use octobot_wire::ProjectId;
use octobot_wire::network::NetworkPolicy;

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Replaces a project's network policy.
#[server(name = SaveNetworkCall, prefix = "/api/fn", endpoint = "network/save", protocol = PostJson)]
pub async fn save_network(project: ProjectId, policy: NetworkPolicy) -> Result<NetworkPolicy, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.network.save(backend.caller, &project, policy)).await
}
