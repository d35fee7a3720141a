//! What a session's page shows: turns that haven't ended, messages with their parts, and output by the line.

use octobot_app::ports::Caller;
use octobot_wire::message::{self as wire, MessagePage, MessageRole, Output, PartBody, Prose, ToolContent};
use octobot_wire::session::SessionView;
use octobot_wire::{PartId, ProjectId, SessionId};
use uuid::Uuid;

use super::{ServiceError, SessionService};
use crate::domain::{CallItem, Diff, File, Message, Part, PartContent, ToolCall, Turn};
use crate::render::AnsiRenderer;
use crate::render::markdown::markdown;
use crate::store::Tx;

/// How many messages a page holds.
const PAGE_MESSAGES: u32 = 50;

/// How many lines of build log a session's page holds.
const LOG_LINES: u32 = 200;

/// How many lines of a tool call's output come with a message; the rest is asked for.
const TAIL_LINES: usize = 40;

/// How many lines of output are answered at once.
const OUTPUT_LINES: usize = 2_000;

/// What of an agent's prose a view holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProseForm {
    /// HTML, for the page.
    Html,
    /// HTML and the Markdown that it was made from, for programs.
    HtmlAndText,
}

impl SessionService {
    /// Everything that a session's page shows, as of one moment.
    pub async fn view(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        form: ProseForm,
    ) -> Result<SessionView, ServiceError> {
        let mut tx = self.core.store.read().await?;
        let session = self.find(&mut tx, caller, project, id).await?;
        let page = page(&mut tx, Place { project, session: id, form }, None).await?;
        Ok(SessionView {
            as_of: tx.last_event(project).await?,
            session: session.to_wire(),
            turns: tx.open_turns(id).await?.iter().map(Turn::to_wire).collect(),
            messages: page.messages,
            earlier_messages: page.earlier_messages,
            log: tx.session_log(id, LOG_LINES).await?,
            agent_state: tx.agent_state(id).await?,
        })
    }

    /// The messages before number `before`, as many as a page holds.
    pub async fn messages(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        before: u64,
        form: ProseForm,
    ) -> Result<MessagePage, ServiceError> {
        let mut tx = self.core.store.read().await?;
        self.find(&mut tx, caller, project, id).await?;
        page(&mut tx, Place { project, session: id, form }, Some(before)).await
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
        let lines = rendered(&tx.chunks(part).await?);
        let total_lines = lines.len() as u64;
        let first_line = from.min(total_lines);
        let skip = usize::try_from(first_line).unwrap_or(usize::MAX);
        Ok(Output { total_lines, first_line, lines: lines.into_iter().skip(skip).take(OUTPUT_LINES).collect() })
    }
}

impl SessionService {
    /// A file of the transcript, or of a prompt that waits or is being written, with its bytes.
    pub async fn file(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        file: Uuid,
    ) -> Result<(File, Vec<u8>), ServiceError> {
        let mut tx = self.core.store.read().await?;
        self.find(&mut tx, caller, project, id).await?;
        match tx.file(id, file).await? {
            Some(found) => Ok(found),
            None => tx.attachment(id, file).await?.ok_or(ServiceError::NotFound("file")),
        }
    }
}

async fn page(tx: &mut Tx, place: Place<'_>, before: Option<u64>) -> Result<MessagePage, ServiceError> {
    let messages = tx.messages(place.session, before, PAGE_MESSAGES).await?;
    let earlier_messages = match (messages.first(), before) {
        (Some(first), _) => tx.messages_before(place.session, first.number).await?,
        (None, _) => 0,
    };
    let mut shown = Vec::with_capacity(messages.len());
    for message in messages {
        shown.push(place.message(tx, message).await?);
    }
    Ok(MessagePage { messages: shown, earlier_messages })
}

/// A file that goes with a prompt, as a part of its message.
pub(crate) fn attachment_part(project: &ProjectId, session: SessionId, file: File) -> wire::Part {
    let id = PartId::new(file.id);
    wire::Part { id, body: PartBody::File(Place { project, session, form: ProseForm::Html }.file(file)) }
}

/// A part as clients see it. What of it isn't rendered for good is rendered as far as it has grown.
pub(crate) async fn part_to_wire(
    tx: &mut Tx,
    project: &ProjectId,
    session: SessionId,
    part: Part,
) -> Result<wire::Part, ServiceError> {
    Place { project, session, form: ProseForm::Html }.part(tx, part).await
}

/// Where a file of a transcript is, on this server.
pub(crate) fn file_address(project: &ProjectId, session: SessionId, file: Uuid) -> String {
    format!("/api/projects/{project}/sessions/{session}/files/{file}")
}

/// Where a transcript is, which addresses in it depend on, and what of it is wanted.
#[derive(Clone, Copy)]
struct Place<'a> {
    project: &'a ProjectId,
    session: SessionId,
    form: ProseForm,
}

impl Place<'_> {
    async fn message(self, tx: &mut Tx, message: Message) -> Result<wire::Message, ServiceError> {
        let mut parts = Vec::with_capacity(message.parts.len());
        for part in message.parts {
            parts.push(self.part(tx, part).await?);
        }
        if message.role == MessageRole::User {
            let files = tx.attachments_of(message.turn_id).await?;
            parts.extend(files.into_iter().map(|file| attachment_part(self.project, self.session, file)));
        }
        Ok(wire::Message {
            id: message.id,
            session_id: message.session_id,
            turn_id: message.turn_id,
            number: message.number,
            role: message.role,
            created_at: message.created_at,
            parts,
            usage: message.usage,
            rewound: message.rewound,
        })
    }

    async fn part(self, tx: &mut Tx, part: Part) -> Result<wire::Part, ServiceError> {
        let body = match part.content {
            PartContent::Text { text } => PartBody::Text(Prose::plain(text)),
            PartContent::Answer { blocks } => PartBody::Text(self.prose(tx, part.id, blocks).await?),
            PartContent::Reasoning { blocks } => PartBody::Reasoning(self.prose(tx, part.id, blocks).await?),
            PartContent::ToolCall(call) => {
                let output = match &call.tail {
                    Some(tail) => tail.clone(),
                    // Only a call that still runs has no tail yet.
                    None => tail_of(&rendered(&tx.chunks(part.id).await?)),
                };
                PartBody::ToolCall(Box::new(self.call(*call, output)))
            }
            PartContent::Plan { entries } => PartBody::Plan { entries },
            PartContent::Permission(permission) => PartBody::Permission(wire::Permission {
                number: part.number.ok_or(ServiceError::NotFound("request for permission"))?,
                call: permission.call,
                title: permission.title,
                options: permission.options,
                fields: permission.fields,
                values: permission.values,
                state: permission.state,
            }),
            PartContent::File(file) => PartBody::File(self.file(file)),
            PartContent::Notice { text } => PartBody::Notice { text },
            PartContent::Error { text, credential } => PartBody::Error { text, credential },
        };
        Ok(wire::Part { id: part.id, body })
    }

    async fn prose(self, tx: &mut Tx, part: PartId, blocks: Option<Vec<String>>) -> Result<Prose, ServiceError> {
        let text = match (&blocks, self.form) {
            (Some(_), ProseForm::Html) => String::new(),
            (None, _) | (Some(_), ProseForm::HtmlAndText) => tx.chunks(part).await?,
        };
        let html = blocks.unwrap_or_else(|| markdown(&text));
        Ok(self.both(text, html))
    }

    fn both(self, text: String, html: Vec<String>) -> Prose {
        match self.form {
            ProseForm::Html => Prose { text: String::new(), html },
            ProseForm::HtmlAndText => Prose { text, html },
        }
    }

    fn call(self, call: ToolCall, output: Output) -> wire::ToolCall {
        wire::ToolCall {
            tool: call.tool,
            title: call.title,
            input: call.input,
            status: call.status,
            content: call.content.into_iter().map(|item| self.item(item)).collect(),
            locations: call.locations,
            output,
        }
    }

    fn item(self, item: CallItem) -> ToolContent {
        match item {
            CallItem::Text { text, blocks } => ToolContent::Text(self.both(text, blocks)),
            CallItem::Diff(Diff { path, added, removed, lines, truncated }) => {
                ToolContent::Diff { path, added, removed, lines, truncated }
            }
            CallItem::File(file) => ToolContent::File(self.file(file)),
        }
    }

    fn file(self, File { id, name, media_type, bytes }: File) -> wire::File {
        let href = file_address(self.project, self.session, id);
        wire::File { name, media_type, bytes, href }
    }
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
