//! What is left open when a turn ends: nothing more comes of it.

use octobot_wire::TurnId;
use octobot_wire::event::Change;
use octobot_wire::message::ToolCallStatus;
use octobot_wire::permission::PermissionState;

use crate::domain::{Part, PartContent, Session};
use crate::render::markdown::markdown;
use crate::services::ServiceError;
use crate::services::transcript::{part_to_wire, rendered, tail_of};
use crate::store::Tx;

/// Ends the open parts of a turn: texts are rendered for good, tool calls were interrupted, and nobody can answer a
/// request for permission any more.
pub(crate) async fn close_parts(tx: &mut Tx, session: &Session, turn: TurnId) -> Result<(), ServiceError> {
    for (message_id, mut part) in tx.parts(turn).await? {
        if !part.content.is_open() {
            continue;
        }
        let is_told = close(tx, &mut part).await?;
        tx.update_part(part.id, &part.content).await?;
        if is_told {
            let part = part_to_wire(tx, &session.project_id, session.id, part).await?;
            tx.record(&session.project_id, Change::Part { session_id: session.id, message_id, part });
        }
    }
    Ok(())
}

/// Ends a part. A text has long been told as it is.
async fn close(tx: &mut Tx, part: &mut Part) -> Result<bool, ServiceError> {
    match &mut part.content {
        PartContent::Answer { blocks } | PartContent::Reasoning { blocks } => {
            *blocks = Some(markdown(&tx.chunks(part.id).await?));
            Ok(false)
        }
        PartContent::ToolCall(call) => {
            call.status = ToolCallStatus::Interrupted;
            call.tail = Some(tail_of(&rendered(&tx.chunks(part.id).await?)));
            Ok(true)
        }
        PartContent::Permission(permission) => {
            permission.state = PermissionState::Cancelled;
            Ok(true)
        }
        PartContent::Text { .. }
        | PartContent::Plan { .. }
        | PartContent::File(_)
        | PartContent::Notice { .. }
        | PartContent::Error { .. } => Ok(false),
    }
}
