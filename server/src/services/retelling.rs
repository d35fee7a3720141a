//! A session's transcript as text, for an agent that has lost its own.

use octobot_wire::message::MessageRole;
use octobot_wire::{SessionId, TurnId};

use super::ServiceError;
use crate::domain::PartContent;
use crate::store::Tx;

/// How many of the last messages are retold.
const MESSAGES: u32 = 50;

/// How many bytes are retold: what an agent's context has room for beside its work.
const MAX_BYTES: usize = 96 * 1024;

/// The end of what was said before a turn, as Markdown; empty before the first.
pub(crate) async fn retold(tx: &mut Tx, session: SessionId, before: TurnId) -> Result<String, ServiceError> {
    let mut said = Vec::new();
    let mut bytes = 0;
    for message in tx.messages(session, None, MESSAGES).await?.into_iter().rev() {
        if message.turn_id == before {
            continue;
        }
        let mut text = match message.role {
            MessageRole::User => "## User\n\n".to_owned(),
            MessageRole::Agent => "## Agent\n\n".to_owned(),
        };
        if message.role == MessageRole::User {
            for file in tx.attachments_of(message.turn_id).await? {
                text.extend(["[Attached: ", file.name.as_str(), "]\n\n"]);
            }
        }
        for part in message.parts {
            match part.content {
                PartContent::Text { text: prompt } => text += &prompt,
                PartContent::Answer { .. } => text += &tx.chunks(part.id).await?,
                PartContent::ToolCall(call) => text.extend(["[", call.title.as_str(), "]"]),
                PartContent::Error { text: error, .. } => text.extend(["[The turn failed: ", error.as_str(), "]"]),
                PartContent::Reasoning { .. }
                | PartContent::Plan { .. }
                | PartContent::Permission(_)
                | PartContent::File(_)
                | PartContent::Notice { .. } => continue,
            }
            text += "\n\n";
        }
        bytes += text.len();
        if bytes > MAX_BYTES {
            break;
        }
        said.push(text);
    }
    said.reverse();
    Ok(said.concat())
}
