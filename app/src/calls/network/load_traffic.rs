//! The call `network/traffic`.

use leptos::prelude::*;
use octobot_wire::traffic::TrafficSummary;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// What was counted by host, and what the cache did; nothing where no sandbox runs.
#[server(name = LoadTrafficCall, prefix = "/api/fn", endpoint = "network/traffic", protocol = PostJson)]
pub async fn load_traffic(project: ProjectId, session: SessionId) -> Result<Option<TrafficSummary>, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.traffic.summary(backend.caller, &project, session)).await
}
