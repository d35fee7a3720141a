//! The call `network`.

use leptos::prelude::*;
use octobot_wire::ProjectId;
use octobot_wire::network::NetworkView;

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// A project's network policy.
#[server(name = LoadNetworkCall, prefix = "/api/fn", endpoint = "network", protocol = PostJson)]
pub async fn load_network(project: ProjectId) -> Result<NetworkView, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.network.view(backend.caller, &project)).await
}
