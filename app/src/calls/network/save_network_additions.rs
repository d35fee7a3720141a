//! The call `network/save-additions`.

use leptos::prelude::*;
use octobot_wire::network::NetworkAdditions;
use octobot_wire::{ProjectId, WorkspaceId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Replaces what a workspace adds to its project's network policy.
#[server(name = SaveNetworkAdditionsCall, prefix = "/api/fn", endpoint = "network/save-additions", protocol = PostJson)]
pub async fn save_network_additions(
    project: ProjectId,
    workspace: WorkspaceId,
    additions: NetworkAdditions,
) -> Result<NetworkAdditions, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.network.save_additions(backend.caller, &project, workspace, additions)).await
}
