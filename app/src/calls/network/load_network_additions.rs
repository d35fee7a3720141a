//! The call `network/additions`.

use leptos::prelude::*;
use octobot_wire::network::NetworkAdditions;
use octobot_wire::{ProjectId, WorkspaceId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// What a workspace adds to its project's network policy.
#[server(name = LoadNetworkAdditionsCall, prefix = "/api/fn", endpoint = "network/additions", protocol = PostJson)]
pub async fn load_network_additions(project: ProjectId, workspace: WorkspaceId) -> Result<NetworkAdditions, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.network.additions(backend.caller, &project, workspace)).await
}
