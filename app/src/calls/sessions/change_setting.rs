//! The call `sessions/setting`.

use leptos::prelude::*;
use octobot_wire::setting::Setting;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Changes a setting of the running agent, and answers with all settings as they are then.
#[server(name = ChangeSettingCall, prefix = "/api/fn", endpoint = "sessions/setting", protocol = PostJson)]
pub async fn change_setting(
    project: ProjectId,
    session: SessionId,
    setting: String,
    value: String,
) -> Result<Vec<Setting>, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    let request = octobot_wire::setting::ChangeSetting { setting, value };
    crate::calls::answer(backend.sessions.change_setting(backend.caller, &project, session, request)).await
}
