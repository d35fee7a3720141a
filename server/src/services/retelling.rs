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

/// The end of what was said before a turn and is in force, as Markdown; empty before the first.
pub(crate) async fn retold(tx: &mut Tx, session: SessionId, before: TurnId) -> Result<String, ServiceError> {
    let mut said = Vec::new();
    let mut bytes = 0;
    for message in tx.messages_in_force(session, None, MESSAGES).await?.into_iter().rev() {
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
        let room = MAX_BYTES.saturating_sub(bytes);
        if text.len() > room {
            said.push(end_of(&text, room).to_owned());
            break;
        }
        bytes += text.len();
        said.push(text);
    }
    said.reverse();
    Ok(said.concat())
}

/// The last lines of a text that have room; of a line that is longer than that, its end.
fn end_of(text: &str, room: usize) -> &str {
    let end = &text[text.ceil_char_boundary(text.len() - room)..];
    match end.split_once('\n') {
        Some((_, lines)) if !lines.trim().is_empty() => lines,
        _ => end,
    }
}

#[cfg(test)]
mod tests {
    use octobot_wire::{MessageId, PartId};
    use uuid::Uuid;

    use super::*;
    use crate::services::bench::{Ground, NOW};

    #[tokio::test]
    async fn the_end_of_what_was_said_before_a_turn_is_retold() {
        let Ground { core, session, turn, folder: _folder } = Ground::new().await;
        let mut tx = core.store.begin().await.unwrap();
        let next = TurnId::new(Uuid::from_u128(2));
        tx.insert_turn(next, session, "And then?", None, NOW).await.unwrap();
        let long = format!("begins\n{}ends", "a line\n".repeat(20_000));
        let said = [(turn, "Look at this."), (turn, long.as_str()), (turn, "What is it?"), (next, "And then?")];
        for (number, (turn, text)) in (1..).zip(said) {
            let id = Uuid::from_u128(number);
            tx.insert_message(MessageId::new(id), session, turn, MessageRole::User, NOW).await.unwrap();
            let content = PartContent::Text { text: text.to_owned() };
            tx.insert_part(MessageId::new(id), PartId::new(id), None, &content).await.unwrap();
        }
        let retold = retold(&mut tx, session, next).await.unwrap();
        assert!(retold.starts_with("a line\n") && retold.ends_with("ends\n\n## User\n\nWhat is it?\n\n"));
        assert!((MAX_BYTES - 10..=MAX_BYTES).contains(&retold.len()), "{}", retold.len());
    }

    #[test]
    fn of_a_text_without_room_the_end_is_kept() {
        assert_eq!(end_of("one\ntwo\nthree\n", 12), "two\nthree\n");
        assert_eq!(end_of("one two", 3), "two");
        assert_eq!(end_of("ééé\n", 4), "é\n");
        assert_eq!(end_of("one", 0), "");
    }
}
