//! The call `network/effective`.

use leptos::prelude::*;
use octobot_wire::ProjectId;
use octobot_wire::network::{EffectivePolicy, PolicyScope};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// All rules in force, and where they come from.
#[server(name = LoadEffectivePolicyCall, prefix = "/api/fn", endpoint = "network/effective", protocol = PostJson)]
pub async fn load_effective_policy(project: ProjectId, scope: PolicyScope) -> Result<EffectivePolicy, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.network.effective(backend.caller, &project, scope)).await
}
