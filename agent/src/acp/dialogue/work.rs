//! An agent's work on one prompt: what it is told, the answers that it waits for, and how it ends.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use agent_client_protocol_schema::v1::{self as acp, RawValue, RequestId};
use octobot_wire::daemon::DaemonEventBody;
use octobot_wire::form::Field;
use octobot_wire::launch::SystemPromptWay;
use octobot_wire::message::ToolCallStatus;
use octobot_wire::permission::AnswerPermission;
use octobot_wire::setting::ChangeSetting;

use crate::acp::dialogue::{Action, CANCEL_TIMEOUT, Deadline, Dialogue, Purpose, Stage, enclosed, read};
use crate::acp::narration::Narration;
use crate::acp::{form, message, translate};
use crate::turn::{Prompt, PromptEnd, Question};

/// The work on one prompt.
#[derive(Debug)]
pub struct Work {
    prompt: Prompt,
    narration: Narration,
    /// Settings to ask for before the prompt is given.
    wishes: VecDeque<ChangeSetting>,
    is_prompted: bool,
    is_cancelled: bool,
    /// The requests that wait for an answer, by their parts.
    asked: HashMap<u32, Asked>,
}

/// A request of the agent's that waits for its user's answer.
#[derive(Debug)]
enum Asked {
    Permission(RequestId),
    Form(RequestId, Vec<Field>),
}

impl Asked {
    /// What the agent is told; without an answer, that there will be none.
    fn settle(self, answer: Option<AnswerPermission>) -> Action {
        Action::Send(match self {
            Self::Permission(id) => permission_answer(&id, answer.map(|answer| answer.option)),
            Self::Form(id, fields) => {
                let action = match answer {
                    Some(AnswerPermission { option, values }) if option == form::SEND => {
                        let content = form::content(&fields, &values);
                        acp::ElicitationAction::Accept(acp::ElicitationAcceptAction::new().content(content))
                    }
                    Some(_) => acp::ElicitationAction::Decline,
                    None => acp::ElicitationAction::Cancel,
                };
                form_answer(&id, action)
            }
        })
    }
}

impl Work {
    /// Whether the agent has the prompt.
    pub fn is_prompted(&self) -> bool {
        self.is_prompted
    }

    pub(super) fn narration(&mut self) -> &mut Narration {
        &mut self.narration
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.narration.due()
    }

    pub(super) fn tick(&mut self, now: Instant) -> Vec<Action> {
        self.narration.tick(now).into_iter().map(Action::Tell).collect()
    }

    pub(super) fn notice(&mut self, text: String, now: Instant) -> Vec<Action> {
        self.narration.notice(text, now).into_iter().map(Action::Tell).collect()
    }

    pub(super) fn permission_requested(
        &mut self,
        id: RequestId,
        request: &acp::RequestPermissionRequest,
        now: Instant,
    ) -> Vec<Action> {
        let options = translate::permission_options(&request.options);
        if self.is_cancelled || options.is_empty() {
            return vec![Action::Send(permission_answer(&id, None))];
        }
        let (part, call, title, events) = self.narration.permission(&request.tool_call, now);
        self.asked.insert(part, Asked::Permission(id));
        let mut actions: Vec<_> = events.into_iter().map(Action::Tell).collect();
        actions.push(Action::Ask(Question { part, call: Some(call), title, options, fields: Vec::new() }));
        actions
    }

    pub(super) fn form_requested(
        &mut self,
        id: RequestId,
        message: &str,
        form: &acp::ElicitationFormMode,
        now: Instant,
    ) -> Vec<Action> {
        if self.is_cancelled {
            return vec![Action::Send(form_answer(&id, acp::ElicitationAction::Cancel))];
        }
        let Some(fields) = form::fields(&form.requested_schema) else {
            return vec![Action::Send(form_answer(&id, acp::ElicitationAction::Decline))];
        };
        let call = match &form.scope {
            acp::ElicitationScope::Session(scope) => scope.tool_call_id.as_ref(),
            _ => None,
        };
        let (part, call, events) = self.narration.question(call, now);
        self.asked.insert(part, Asked::Form(id, fields.clone()));
        let mut actions: Vec<_> = events.into_iter().map(Action::Tell).collect();
        let title = translate::cut(message, 2_000).0.to_owned();
        actions.push(Action::Ask(Question { part, call, title, options: form::options(), fields }));
        actions
    }
}

/// The answer to a request for permission: an option, or that nobody will answer.
pub(super) fn permission_answer(id: &RequestId, option: Option<String>) -> Vec<u8> {
    let outcome = match option {
        Some(option) => acp::RequestPermissionOutcome::Selected(acp::SelectedPermissionOutcome::new(option)),
        None => acp::RequestPermissionOutcome::Cancelled,
    };
    message::response(id, Ok(&acp::RequestPermissionResponse::new(outcome)))
}

/// The answer to a form.
pub(super) fn form_answer(id: &RequestId, action: acp::ElicitationAction) -> Vec<u8> {
    message::response(id, Ok(&acp::CreateElicitationResponse::new(action)))
}

impl Dialogue {
    /// Takes a prompt. There is none that is worked on.
    pub fn prompt(&mut self, prompt: Prompt, now: Instant) -> Vec<Action> {
        let is_new = |wish: &&ChangeSetting| self.applied.get(&wish.setting) != Some(&wish.value);
        let wishes: VecDeque<_> = prompt.launch.settings.iter().filter(is_new).cloned().collect();
        self.applied.extend(wishes.iter().map(|wish| (wish.setting.clone(), wish.value.clone())));
        self.meter.begin();
        self.work = Some(Work {
            narration: Narration::new(prompt.turn_id, self.workspace.clone(), prompt.first_part),
            prompt,
            wishes,
            is_prompted: false,
            is_cancelled: false,
            asked: HashMap::new(),
        });
        if self.stage == Stage::Open { self.proceed(now) } else { Vec::new() }
    }

    /// Asks for the next setting, or gives the prompt when there is none left.
    pub(super) fn proceed(&mut self, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        let Some(thread) = self.thread.clone() else { return actions };
        while let Some(wish) = self.work.as_mut().and_then(|work| work.wishes.pop_front()) {
            match self.settings.request(&thread, &wish) {
                Ok(Some(request)) => {
                    let purpose = Purpose::Set { change: request.change, ticket: None };
                    actions.push(self.ask(purpose, request.method, &request.params));
                    return actions;
                }
                Ok(None) => {}
                Err(error) => actions.extend(self.notice(&format!("A setting couldn't be applied: {error}."), now)),
            }
        }
        let Some(work) = self.work.as_mut().filter(|work| !work.is_prompted) else { return actions };
        work.is_prompted = true;
        let blocks = self.blocks();
        self.is_fresh = false;
        actions.push(Action::RememberProcesses);
        actions.push(self.ask(Purpose::Prompt, "session/prompt", &acp::PromptRequest::new(thread, blocks)));
        actions
    }

    /// What the agent is told.
    fn blocks(&self) -> Vec<acp::ContentBlock> {
        let Some(Work { prompt, .. }) = &self.work else { return Vec::new() };
        let mut texts = Vec::new();
        let launch = &self.launch;
        if self.is_fresh {
            let by_file = launch.system_prompt_way != SystemPromptWay::Protocol;
            if !launch.system_prompt.is_empty() && !by_file && !self.tells_system_prompt_by_protocol() {
                texts.push(format!("<instructions>\n{}\n</instructions>", launch.system_prompt));
            }
            if !prompt.launch.transcript.is_empty() {
                texts.push(format!("{BEFORE}\n\n{}\n</transcript>", prompt.launch.transcript));
            }
        }
        texts.push(prompt.text.clone());
        let texts = texts.into_iter().map(|text| acp::ContentBlock::Text(acp::TextContent::new(text)));
        texts.chain(enclosed::blocks(&prompt.enclosed, &self.capabilities.prompt_capabilities)).collect()
    }

    /// A user's answer to what the agent asked.
    pub fn answer(&mut self, part: u32, answer: AnswerPermission) -> Vec<Action> {
        let asked = self.work.as_mut().and_then(|work| work.asked.remove(&part));
        asked.map(|asked| asked.settle(Some(answer))).into_iter().collect()
    }

    /// A user stops the work.
    pub fn cancel(&mut self, now: Instant) -> Vec<Action> {
        let Some(work) = self.work.as_mut().filter(|work| !work.is_cancelled) else { return Vec::new() };
        work.is_cancelled = true;
        if !work.is_prompted {
            return self.end_work(PromptEnd::Cancelled { left: 0 }, now);
        }
        self.deadline = Some(Deadline::Cancel(now + CANCEL_TIMEOUT));
        let mut actions: Vec<_> = work.asked.drain().map(|(_, asked)| asked.settle(None)).collect();
        if let Some(thread) = &self.thread {
            let line = message::notification("session/cancel", &acp::CancelNotification::new(thread.clone()));
            actions.insert(0, Action::Send(line));
        }
        actions
    }

    pub(super) fn prompt_answered(&mut self, result: Result<Box<RawValue>, acp::Error>, now: Instant) -> Vec<Action> {
        if matches!(self.deadline, Some(Deadline::Cancel(_))) {
            self.deadline = None;
        }
        let is_cancelled = self.work.as_ref().is_some_and(|work| work.is_cancelled);
        let answer = match result {
            Ok(answer) => read::<acp::PromptResponse>(&answer),
            Err(_) if is_cancelled => None,
            Err(error) => {
                let (reason, credential) = self.refusal(&error);
                return self.end_work(PromptEnd::Failed { reason, credential }, now);
            }
        };
        let mut actions = Vec::new();
        let stop = answer.as_ref().map(|answer| answer.stop_reason);
        if let Some(text) = stop.and_then(why_stopped) {
            actions.extend(self.notice(text, now));
        }
        let usage = self.meter.turn(answer.as_ref().and_then(|answer| answer.usage.as_ref()));
        let turn_id = self.work.as_ref().map(|work| work.prompt.turn_id);
        let usage = turn_id.zip(usage).map(|(turn_id, usage)| DaemonEventBody::TurnUsage { turn_id, usage });
        actions.extend(usage.map(Action::Tell));
        let is_cancelled = is_cancelled || stop == Some(acp::StopReason::Cancelled);
        let end = if is_cancelled { PromptEnd::Cancelled { left: 0 } } else { PromptEnd::Completed };
        actions.extend(self.end_work(end, now));
        actions
    }

    /// Ends the work, if there is any: tells all that is left, and how it ended.
    pub fn end_work(&mut self, end: PromptEnd, now: Instant) -> Vec<Action> {
        let Some(work) = self.work.take() else { return Vec::new() };
        let status: fn(u64) -> ToolCallStatus = match end {
            // What an agent leaves open when it says that it is done it didn't mean to leave open.
            PromptEnd::Completed => |duration_ms| ToolCallStatus::Completed { duration_ms },
            PromptEnd::Cancelled { .. } => |duration_ms| ToolCallStatus::Cancelled { duration_ms },
            PromptEnd::Failed { .. } => |_| ToolCallStatus::Interrupted,
        };
        let mut events = work.narration.finish(status, now);
        events.extend(self.meter.tell(now).map(|context| DaemonEventBody::Context { context }));
        events.into_iter().map(Action::Tell).chain([Action::End(end)]).collect()
    }

    /// A terminal printed something.
    pub fn terminal_output(&mut self, terminal: &str, text: String) -> Vec<Action> {
        let event = self.work.as_mut().and_then(|work| work.narration.terminal_output(terminal, text));
        event.map(Action::Tell).into_iter().collect()
    }
}

/// What comes before a transcript that a new thread is given.
const BEFORE: &str = "<transcript>\nThis is what you and the user said before; go on from there.";

/// What the user should know about why the agent stopped, if anything.
fn why_stopped(reason: acp::StopReason) -> Option<&'static str> {
    match reason {
        acp::StopReason::MaxTokens => Some("The model stopped because its answer reached the largest length."),
        acp::StopReason::MaxTurnRequests => Some("The agent stopped because it had asked the model too many times."),
        acp::StopReason::Refusal => Some("The model refused to go on. The agent forgets this turn."),
        _ => None,
    }
}
