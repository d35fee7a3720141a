//! What an agent tells and asks of its own accord.

use std::time::Instant;

use agent_client_protocol_schema::MaybeUndefined;
use agent_client_protocol_schema::v1::{self as acp, RawValue, RequestId, SessionUpdate};
use octobot_wire::daemon::DaemonEventBody;

use crate::acp::dialogue::{Action, Dialogue, Stage, read};
use crate::acp::narration::Voice;
use crate::acp::{message, translate};

impl Dialogue {
    pub(super) fn updated(&mut self, params: &RawValue, now: Instant) -> Vec<Action> {
        let Some(acp::SessionNotification { update, .. }) = read(params) else { return Vec::new() };
        match update {
            SessionUpdate::AvailableCommandsUpdate(update) => self.take_commands(&update),
            SessionUpdate::CurrentModeUpdate(update) => {
                self.settings.set_mode(&update.current_mode_id);
                self.tell_settings_if_open()
            }
            SessionUpdate::ConfigOptionUpdate(update) => {
                self.settings.set_options(update.config_options);
                self.tell_settings_if_open()
            }
            SessionUpdate::SessionInfoUpdate(update) => match update.title {
                MaybeUndefined::Value(title) if self.stage == Stage::Open => {
                    vec![Action::Tell(DaemonEventBody::ThreadTitle { title: translate::one_line(&title) })]
                }
                _ => Vec::new(),
            },
            SessionUpdate::UsageUpdate(update) => {
                let context = self.meter.update(&update, now);
                context.map(|context| Action::Tell(DaemonEventBody::Context { context })).into_iter().collect()
            }
            update => self.narrate(update, now),
        }
    }

    /// What an agent tells while it loads a thread was told before; what it tells without a prompt belongs to no turn.
    fn narrate(&mut self, update: SessionUpdate, now: Instant) -> Vec<Action> {
        let Some(work) = self.work.as_mut().filter(|work| work.is_prompted()) else { return Vec::new() };
        let narration = work.narration();
        let events = match update {
            SessionUpdate::AgentMessageChunk(chunk) => {
                narration.chunk(Voice::Text, chunk.message_id, &chunk.content, now)
            }
            SessionUpdate::AgentThoughtChunk(chunk) => {
                narration.chunk(Voice::Reasoning, chunk.message_id, &chunk.content, now)
            }
            SessionUpdate::ToolCall(call) => narration.tool_call(&call.into(), now),
            SessionUpdate::ToolCallUpdate(update) => narration.tool_call(&update, now),
            SessionUpdate::Plan(plan) => narration.plan(translate::plan(&plan), now),
            SessionUpdate::Notice(notice) => {
                let text =
                    notice.description.map_or_else(|| notice.title.clone(), |more| format!("{}: {more}", notice.title));
                narration.notice(translate::cut(&text, 2_000).0.to_owned(), now)
            }
            // The user's own words are in the transcript, and later versions of the protocol may have more.
            _ => Vec::new(),
        };
        events.into_iter().map(Action::Tell).collect()
    }

    fn take_commands(&mut self, update: &acp::AvailableCommandsUpdate) -> Vec<Action> {
        let commands = translate::commands(&update.available_commands);
        if commands == self.told_commands {
            return Vec::new();
        }
        self.told_commands.clone_from(&commands);
        vec![Action::Tell(DaemonEventBody::Commands { commands })]
    }

    fn tell_settings_if_open(&mut self) -> Vec<Action> {
        if self.stage == Stage::Open { self.tell_settings() } else { Vec::new() }
    }

    pub(super) fn requested(
        &mut self,
        id: RequestId,
        method: &str,
        params: Box<RawValue>,
        now: Instant,
    ) -> Vec<Action> {
        match method {
            "session/request_permission" => self.permission_requested(id, &params, now),
            "elicitation/create" => self.elicited(id, &params, now),
            method if method.starts_with("fs/") || method.starts_with("terminal/") => {
                vec![Action::Serve { id, method: method.to_owned(), params }]
            }
            _ => vec![Action::Send(message::response::<()>(&id, Err(&acp::Error::method_not_found())))],
        }
    }

    fn permission_requested(&mut self, id: RequestId, params: &RawValue, now: Instant) -> Vec<Action> {
        let Some(request) = read::<acp::RequestPermissionRequest>(params) else {
            return vec![Action::Send(message::response::<()>(&id, Err(&acp::Error::invalid_params())))];
        };
        match self.work.as_mut().filter(|work| work.is_prompted()) {
            Some(work) => work.permission_requested(id, &request, now),
            // There is nobody to ask.
            None => vec![Action::Send(super::work::permission_answer(&id, None))],
        }
    }

    fn elicited(&mut self, id: RequestId, params: &RawValue, now: Instant) -> Vec<Action> {
        let Some(acp::CreateElicitationRequest { mode: acp::ElicitationMode::Form(form), message, .. }) = read(params)
        else {
            return vec![Action::Send(message::response::<()>(&id, Err(&acp::Error::invalid_params())))];
        };
        match self.work.as_mut().filter(|work| work.is_prompted()) {
            Some(work) => work.form_requested(id, &message, &form, now),
            // There is nobody to ask.
            None => vec![Action::Send(super::work::form_answer(&id, acp::ElicitationAction::Cancel))],
        }
    }
}
