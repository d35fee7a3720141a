//! What a session's page shows: turns that haven't ended, messages with their parts, and output by the line.

use octobot_app::ports::Caller;
use octobot_wire::message::{self as wire, MessagePage, Output, PartBody, ToolCall};
use octobot_wire::session::SessionView;
use octobot_wire::{PartId, ProjectId, SessionId};

use super::{ServiceError, SessionService};
use crate::domain::{Message, Part, PartContent, Turn};
use crate::render::AnsiRenderer;
use crate::store::Tx;

/// How many messages a page holds.
const PAGE_MESSAGES: u32 = 50;

/// How many lines of build log a session's page holds.
const LOG_LINES: u32 = 200;

/// How many lines of a tool call's output come with a message; the rest is asked for.
const TAIL_LINES: usize = 40;

/// How many lines of output are answered at once.
const OUTPUT_LINES: usize = 2_000;

impl SessionService {
    /// Everything that a session's page shows, as of one moment.
    pub async fn view(&self, caller: Caller, project: &ProjectId, id: SessionId) -> Result<SessionView, ServiceError> {
        let mut tx = self.core.store.read().await?;
        let session = self.find(&mut tx, caller, project, id).await?;
        let page = page(&mut tx, id, None).await?;
        Ok(SessionView {
            as_of: tx.last_event(project).await?,
            session: session.to_wire(),
            turns: tx.open_turns(id).await?.iter().map(Turn::to_wire).collect(),
            messages: page.messages,
            earlier_messages: page.earlier_messages,
            log: tx.session_log(id, LOG_LINES).await?,
        })
    }

    /// The messages before number `before`, as many as a page holds.
    pub async fn messages(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        before: u64,
    ) -> Result<MessagePage, ServiceError> {
        let mut tx = self.core.store.read().await?;
        self.find(&mut tx, caller, project, id).await?;
        page(&mut tx, id, Some(before)).await
    }

    /// Lines of a tool call's output from line `from` on.
    pub async fn output(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        part: PartId,
        from: u64,
    ) -> Result<Output, ServiceError> {
        let mut tx = self.core.store.read().await?;
        self.find(&mut tx, caller, project, id).await?;
        if tx.part_session(part).await? != Some(id) {
            return Err(ServiceError::NotFound("tool call"));
        }
        let lines = rendered(&tx.output_text(part).await?);
        let total_lines = lines.len() as u64;
        let first_line = from.min(total_lines);
        let skip = usize::try_from(first_line).unwrap_or(usize::MAX);
        Ok(Output { total_lines, first_line, lines: lines.into_iter().skip(skip).take(OUTPUT_LINES).collect() })
    }
}

async fn page(tx: &mut Tx, id: SessionId, before: Option<u64>) -> Result<MessagePage, ServiceError> {
    let messages = tx.messages(id, before, PAGE_MESSAGES).await?;
    let earlier_messages = match (messages.first(), before) {
        (Some(first), _) => tx.messages_before(id, first.number).await?,
        (None, _) => 0,
    };
    let mut shown = Vec::with_capacity(messages.len());
    for message in messages {
        shown.push(to_wire(tx, message).await?);
    }
    Ok(MessagePage { messages: shown, earlier_messages })
}

async fn to_wire(tx: &mut Tx, message: Message) -> Result<wire::Message, ServiceError> {
    let mut parts = Vec::with_capacity(message.parts.len());
    for part in message.parts {
        parts.push(part_to_wire(tx, part).await?);
    }
    Ok(wire::Message {
        id: message.id,
        session_id: message.session_id,
        turn_id: message.turn_id,
        number: message.number,
        role: message.role,
        created_at: message.created_at,
        parts,
    })
}

async fn part_to_wire(tx: &mut Tx, part: Part) -> Result<wire::Part, ServiceError> {
    let body = match part.content {
        PartContent::Text { text } => PartBody::Text { text },
        PartContent::Error { text } => PartBody::Error { text },
        PartContent::ToolCall { call: _, title, input, status, tail } => {
            let output = match tail {
                Some(tail) => tail,
                // Only a call that still runs has no tail yet.
                None => tail_of(&rendered(&tx.output_text(part.id).await?)),
            };
            PartBody::ToolCall(ToolCall { title, input, status, output })
        }
    };
    Ok(wire::Part { id: part.id, body })
}

/// All lines of a text, as the stream would have left them.
pub(crate) fn rendered(text: &str) -> Vec<String> {
    AnsiRenderer::new().push(text).map(|splice| splice.lines).unwrap_or_default()
}

/// The last lines, as they come with a message.
pub(crate) fn tail_of(lines: &[String]) -> Output {
    let first = lines.len().saturating_sub(TAIL_LINES);
    Output { total_lines: lines.len() as u64, first_line: first as u64, lines: lines[first..].to_vec() }
}
