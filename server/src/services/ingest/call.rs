//! Tool calls: how they begin, change and end.

use octobot_wire::event::Change;
use octobot_wire::message::ToolCallStatus;
use octobot_wire::tool::{CallContent, ToolCallChange, ToolKind};
use octobot_wire::{MessageId, PartId, Timestamp, TurnId};

use super::batch::{Batch, storable};
use crate::domain::{CallItem, Part, PartContent, ToolCall};
use crate::render::{diff, markdown};
use crate::services::ServiceError;
use crate::services::transcript::{rendered, tail_of};

impl Batch<'_> {
    pub(super) async fn tool_call_started(
        &mut self,
        turn_id: TurnId,
        number: u32,
        (tool, title, input): (ToolKind, &str, &str),
        at: Timestamp,
    ) -> Result<(), ServiceError> {
        let call = ToolCall {
            tool,
            title: storable(title),
            input: storable(input),
            status: ToolCallStatus::Running,
            content: Vec::new(),
            locations: Vec::new(),
            tail: None,
        };
        self.put_part(turn_id, number, PartContent::ToolCall(Box::new(call)), at).await
    }

    pub(super) async fn tool_call_changed(
        &mut self,
        turn_id: TurnId,
        number: u32,
        change: &ToolCallChange,
    ) -> Result<(), ServiceError> {
        let (message, mut part) = self.tool_call(turn_id, number).await?;
        let ToolCallChange { title, kind, input, content, locations, status } = change;
        let shown = match content {
            Some(content) => Some(self.shown(part.id, content).await?),
            None => None,
        };
        let PartContent::ToolCall(call) = &mut part.content else { return Ok(()) };
        replace(&mut call.title, title.as_deref().map(storable));
        replace(&mut call.tool, *kind);
        replace(&mut call.input, input.as_deref().map(storable));
        replace(&mut call.content, shown);
        replace(&mut call.locations, locations.clone());
        // A change may come after the end, which it doesn't take back.
        if let Some(status) = status.filter(|_| !call.status.has_ended()) {
            call.status = status;
        }
        self.update_part(message, part).await
    }

    pub(super) async fn tool_call_ended(
        &mut self,
        turn_id: TurnId,
        number: u32,
        status: ToolCallStatus,
    ) -> Result<(), ServiceError> {
        let (_, mut part) = self.tool_call(turn_id, number).await?;
        let tail = tail_of(&rendered(&self.tx.chunks(part.id).await?));
        if let PartContent::ToolCall(call) = &mut part.content {
            call.status = status;
            call.tail = Some(tail);
        }
        self.tx.update_part(part.id, &part.content).await?;
        let (session_id, part_id) = (self.session.id, part.id);
        self.record(Change::ToolCallStatus { session_id, part_id, status });
        Ok(())
    }

    async fn tool_call(&mut self, turn_id: TurnId, number: u32) -> Result<(MessageId, Part), ServiceError> {
        let found = self.tx.part(turn_id, number).await?;
        found
            .filter(|(_, part)| matches!(part.content, PartContent::ToolCall(_)))
            .ok_or(ServiceError::NotFound("tool call"))
    }

    /// What a tool call shows, rendered; in place of all that it has shown until now.
    async fn shown(&mut self, part: PartId, content: &[CallContent]) -> Result<Vec<CallItem>, ServiceError> {
        self.tx.delete_files(part).await?;
        let mut items = Vec::with_capacity(content.len());
        for item in content {
            items.push(match item {
                CallContent::Text { text } => CallItem::Text { text: storable(text), blocks: markdown::markdown(text) },
                CallContent::Diff { path, old, new, truncated } => {
                    CallItem::Diff(diff::diff(path, old.as_deref(), new, *truncated))
                }
                CallContent::File(content) => {
                    let (file, data) = self.decoded(content);
                    self.tx.insert_file(part, &file, &data).await?;
                    CallItem::File(file)
                }
            });
        }
        Ok(items)
    }
}

/// Takes a new value where there is one.
fn replace<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}
