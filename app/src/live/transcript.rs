//! One session's transcript, queue and log as signals, fine enough that a line of output redraws only its own card.

use leptos::prelude::*;
use octobot_wire::event::Change;
use octobot_wire::message::{Message, MessagePage, MessageRole, Output, Part, PartBody, ToolCall};
use octobot_wire::permission::PermissionState;
use octobot_wire::session::{SessionLogLine, SessionView};
use octobot_wire::setting::AgentState;
use octobot_wire::turn::Turn;
use octobot_wire::usage::Usage;
use octobot_wire::{MessageId, PartId, SessionId, Timestamp, TurnId};
use uuid::Uuid;

use super::apply;

/// What a session's page shows, next to the session itself, which is in the project's store.
#[derive(Clone, Copy)]
pub struct SessionStore {
    /// The session.
    pub id: SessionId,
    /// The messages that are loaded, oldest first.
    pub messages: RwSignal<Vec<LiveMessage>>,
    /// How many messages there are before them.
    pub earlier_messages: RwSignal<u64>,
    /// Whether what was set aside by rewinding is shown.
    pub unfolded: RwSignal<bool>,
    /// Whether the page has taken over what the server rendered.
    pub is_alive: RwSignal<bool>,
    /// The turns that haven't ended, in the order in which they run.
    pub turns: RwSignal<Vec<Turn>>,
    /// Prompts on their way to the server.
    pub sending: RwSignal<Vec<SendingPrompt>>,
    /// What building the sandbox printed.
    pub log: RwSignal<Vec<SessionLogLine>>,
    /// What is known about the agent.
    pub agent: RwSignal<AgentState>,
}

/// A message. What it is never changes; what it says grows.
#[derive(Clone)]
pub struct LiveMessage {
    /// Its id.
    pub id: MessageId,
    /// The turn that left it.
    pub turn_id: TurnId,
    /// 1, 2, 3 … within the session.
    pub number: u64,
    /// Who speaks.
    pub role: MessageRole,
    /// When it began.
    pub created_at: Timestamp,
    /// What it says, in order.
    pub parts: ArcRwSignal<Vec<LivePart>>,
    /// What its turn cost: of an agent's message, once the turn has ended.
    pub usage: ArcRwSignal<Usage>,
    /// Whether it was set aside by rewinding.
    pub rewound: bool,
}

/// A part of a message.
#[derive(Clone)]
pub struct LivePart {
    /// Its id.
    pub id: PartId,
    /// What it holds.
    pub body: ArcRwSignal<PartBody>,
}

/// A prompt that was sent and not yet confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendingPrompt {
    /// The idempotency key of the request.
    pub key: Uuid,
    /// The prompt.
    pub prompt: String,
}

impl From<Message> for LiveMessage {
    fn from(message: Message) -> Self {
        let Message { id, session_id: _, turn_id, number, role, created_at, parts, usage, rewound } = message;
        let parts = parts.into_iter().map(LivePart::from).collect();
        Self {
            id,
            turn_id,
            number,
            role,
            created_at,
            parts: ArcRwSignal::new(parts),
            usage: ArcRwSignal::new(usage),
            rewound,
        }
    }
}

impl From<Part> for LivePart {
    fn from(part: Part) -> Self {
        Self { id: part.id, body: ArcRwSignal::new(part.body) }
    }
}

impl SessionStore {
    /// Makes the signals of a view.
    pub fn new(view: SessionView) -> Self {
        Self {
            id: view.session.id,
            messages: RwSignal::new(view.messages.into_iter().map(LiveMessage::from).collect()),
            earlier_messages: RwSignal::new(view.earlier_messages),
            unfolded: RwSignal::new(false),
            is_alive: RwSignal::new(false),
            turns: RwSignal::new(view.turns),
            sending: RwSignal::new(Vec::new()),
            log: RwSignal::new(view.log),
            agent: RwSignal::new(view.agent_state),
        }
    }

    /// The store of the session that this component stands in.
    pub fn expect() -> Self {
        expect_context()
    }

    /// Takes over a view that was loaded again.
    pub fn replace(self, view: SessionView) {
        self.messages.set(view.messages.into_iter().map(LiveMessage::from).collect());
        self.earlier_messages.set(view.earlier_messages);
        self.turns.set(view.turns);
        self.log.set(view.log);
        self.agent.set(view.agent_state);
    }

    /// Applies a change to this session's transcript; others aren't for it.
    pub fn apply(self, change: Change) {
        if change.transcript_of() != Some(self.id) {
            return;
        }
        match change {
            Change::SessionLog { line, .. } => self.log.update(|list| apply::put_log_line(list, line)),
            Change::Turn { turn } => self.put_turn(turn),
            Change::TurnRemoved { turn_id, .. } => self.drop_turn(turn_id),
            Change::Message { message } => self.put_message(message),
            Change::Part { message_id, part, .. } => self.put_part(message_id, part),
            Change::Output { part_id, from, lines, .. } => {
                self.update_part(part_id, |body| apply::splice_output(body, from, &lines));
            }
            Change::ToolCallStatus { part_id, status, .. } => {
                self.update_call(part_id, |call| call.status = status);
            }
            Change::AgentState { agent_state, .. } => self.agent.set(agent_state),
            Change::Workspace { .. }
            | Change::WorkspaceRemoved { .. }
            | Change::Agent { .. }
            | Change::AgentRemoved { .. }
            | Change::Session { .. }
            | Change::SessionRemoved { .. }
            | Change::CodeChanged { .. }
            | Change::Rewound { .. }
            | Change::TerminalsChanged { .. }
            | Change::NetworkPolicy
            | Change::Reset => {}
        }
    }

    /// A turn is new or changed. One that was just sent from this tab takes the place of its sending prompt.
    pub fn put_turn(self, turn: Turn) {
        let is_new = self.turns.with_untracked(|list| list.iter().all(|known| known.id != turn.id));
        if is_new && self.sending.with_untracked(|list| list.iter().any(|sent| sent.prompt == turn.prompt)) {
            self.sending.update(|list| {
                if let Some(place) = list.iter().position(|sent| sent.prompt == turn.prompt) {
                    list.remove(place);
                }
            });
        }
        if turn.state.has_ended() && turn.usage != Usage::default() {
            self.note_usage(turn.id, turn.usage);
        }
        self.turns.update(|list| apply::put_turn(list, turn));
    }

    /// A turn has ended: what it cost stands at what the agent said in it.
    fn note_usage(self, turn: TurnId, usage: Usage) {
        self.messages.with_untracked(|list| {
            let said = list.iter().rfind(|message| message.turn_id == turn && message.role == MessageRole::Agent);
            if let Some(message) = said {
                message.usage.set(usage);
            }
        });
    }

    /// A prompt was confirmed by the answer to its request. When the stream was faster it is there already, and may
    /// even have run.
    pub fn confirm_prompt(self, key: Uuid, turn: Turn) {
        let waits = self.sending.with_untracked(|list| list.iter().any(|sent| sent.key == key));
        if waits {
            self.sending.update(|list| list.retain(|sent| sent.key != key));
            self.turns.update(|list| apply::put_turn(list, turn));
        }
    }

    /// A queued turn is gone.
    pub fn drop_turn(self, id: TurnId) {
        self.turns.update(|list| list.retain(|known| known.id != id));
    }

    /// Puts a page of earlier messages before those that are loaded.
    pub fn prepend_messages(self, page: MessagePage) {
        let first = self.messages.with_untracked(|list| list.first().map(|known| known.number));
        self.messages.update(|list| {
            let earlier = page.messages.into_iter().filter(|m| first.is_none_or(|first| m.number < first));
            list.splice(0..0, earlier.map(LiveMessage::from));
        });
        self.earlier_messages.set(page.earlier_messages);
    }

    /// Puts earlier lines before those that are held of a tool call's output.
    pub fn prepend_output(self, part: PartId, page: Output) {
        self.update_call(part, |call| apply::prepend_output(&mut call.output, page));
    }

    /// Whether a message was set aside, and is the last of those. Before it others may be folded away.
    pub fn ends_rewound(self, number: u64) -> bool {
        self.messages.with(|list| {
            let place = list.partition_point(|message| message.number < number);
            list.get(place).is_some_and(|message| message.rewound) && !list.get(place + 1).is_some_and(|m| m.rewound)
        })
    }

    /// The message with the prompt of a turn, if it is loaded.
    pub fn prompt_message(self, turn: TurnId) -> Option<LiveMessage> {
        self.messages.with(|list| {
            list.iter().find(|message| message.turn_id == turn && message.role == MessageRole::User).cloned()
        })
    }

    /// The prompt of a turn, if it is loaded.
    pub fn prompt_of(self, turn: TurnId) -> Option<String> {
        let parts = untrack(|| self.prompt_message(turn))?.parts;
        parts.with_untracked(|parts| {
            parts.iter().find_map(|part| match part.body.get_untracked() {
                PartBody::Text(prose) => Some(prose.text),
                _ => None,
            })
        })
    }

    /// Follows the turn that the agent has now.
    pub fn current_turn(self) -> Memo<Option<Turn>> {
        use octobot_wire::turn::TurnState::{Delivered, Running, Waiting};
        Memo::new(move |_| {
            self.turns
                .with(|list| list.iter().find(|turn| matches!(turn.state, Delivered | Running | Waiting)).cloned())
        })
    }

    fn put_message(self, message: Message) {
        let known = self.messages.with_untracked(|list| list.iter().find(|known| known.id == message.id).cloned());
        if let Some(known) = known {
            for part in message.parts {
                put_part(&known, part);
            }
        } else {
            self.messages.update(|list| {
                let place = list.partition_point(|known| known.number < message.number);
                list.insert(place, message.into());
            });
        }
    }

    fn put_part(self, message: MessageId, part: Part) {
        let known = self.messages.with_untracked(|list| list.iter().rfind(|known| known.id == message).cloned());
        if let Some(known) = known {
            put_part(&known, part);
        }
    }

    /// Puts a request for permission into another state, and says in which it was.
    pub fn put_permission_state(self, part: PartId, state: PermissionState) -> Option<PermissionState> {
        let mut before = None;
        self.update_part(part, |body| {
            if let PartBody::Permission(permission) = body {
                before = Some(std::mem::replace(&mut permission.state, state));
            }
        });
        before
    }

    /// The request for permission that waits the longest.
    pub fn open_permission(self) -> Option<PartId> {
        self.messages.with_untracked(|list| {
            // Only the last message can belong to a turn that still runs.
            let parts = &list.last()?.parts;
            parts
                .with_untracked(|parts| parts.iter().find(|part| part.body.with_untracked(is_open)).map(|part| part.id))
        })
    }

    fn update_call(self, id: PartId, change: impl FnOnce(&mut ToolCall)) {
        self.update_part(id, |body| {
            if let PartBody::ToolCall(call) = body {
                change(call);
            }
        });
    }

    /// Changes a part in its place. Searched from the end, where what changes stands.
    fn update_part(self, id: PartId, change: impl FnOnce(&mut PartBody)) {
        // An answer may come when the page shows another session already.
        let part = self.messages.try_with_untracked(|list| {
            list.iter().rev().find_map(|message| {
                message.parts.with_untracked(|parts| parts.iter().rfind(|part| part.id == id).cloned())
            })
        });
        if let Some(Some(part)) = part {
            part.body.update(change);
        }
    }
}

fn is_open(body: &PartBody) -> bool {
    matches!(body, PartBody::Permission(permission) if permission.state == PermissionState::Open)
}

fn put_part(message: &LiveMessage, part: Part) {
    let known = message.parts.with_untracked(|parts| parts.iter().find(|known| known.id == part.id).cloned());
    match known {
        Some(known) => known.body.update(|body| apply::put_body(body, part.body)),
        None => message.parts.update(|parts| parts.push(part.into())),
    }
}

#[cfg(test)]
mod tests;
