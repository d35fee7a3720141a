//! Copying a transcript.

use octobot_server::domain::{PartContent, Session};
use octobot_server::store::StoreError;
use octobot_wire::message::MessageRole;
use octobot_wire::turn::TurnState;
use octobot_wire::usage::Usage;

use crate::database::Database;
use crate::samples::{NOW, begin, message_id, part_id, session, session_id, turn_id, with_session, with_turn};

pub async fn a_turn_that_has_ended_is_copied_with_what_its_parts_say(database: &Database) {
    with_session(&database.store).await;
    let turn = with_turn(&database.store, 1, "go").await;
    let mut tx = begin(&database.store).await;
    let fork = Session { forked_from: Some(session_id(1)), ..session(2) };
    tx.insert_session(&fork, None).await.unwrap();
    assert_eq!(tx.session_by_id(session_id(2)).await.unwrap(), Some(fork));
    // One that runs isn't copied.
    let open = tx.copy_turn(turn_id(1), turn_id(2), session_id(2)).await;
    assert!(matches!(open, Err(StoreError::Missing { .. })), "{open:?}");
    drop(tx);

    let mut tx = begin(&database.store).await;
    tx.insert_session(&session(2), None).await.unwrap();
    let usage = Usage { input_tokens: 7, ..Usage::default() };
    let turn =
        turn.delivered().started(NOW).unwrap().ended(TurnState::Failed { reason: "Broke.".to_owned() }, NOW).unwrap();
    tx.update_turn(&octobot_server::domain::Turn { usage, ..turn.clone() }).await.unwrap();
    for number in 1..=2 {
        tx.insert_message(message_id(number), session_id(1), turn_id(1), MessageRole::Agent, NOW).await.unwrap();
        let answer = PartContent::Answer { blocks: Some(vec!["<p>a</p>".to_owned()]) };
        tx.insert_part(message_id(number), part_id(number), u32::try_from(number).ok(), &answer).await.unwrap();
    }
    tx.append_chunk(part_id(1), "one ").await.unwrap();
    tx.append_chunk(part_id(1), "two").await.unwrap();
    assert_eq!(tx.messages_of_turn(turn_id(1)).await.unwrap(), Some((1, 2)));
    assert_eq!(tx.messages_of_turn(turn_id(9)).await.unwrap(), None);

    tx.copy_turn(turn_id(1), turn_id(2), session_id(2)).await.unwrap();
    let copied = tx.turn(session_id(2), turn_id(2)).await.unwrap().unwrap();
    assert_eq!((copied.number, copied.prompt.as_str(), &copied.state), (1, "go", &turn.state));
    assert_eq!((copied.ended_at, copied.usage.input_tokens), (Some(NOW), 7));
    assert_eq!(tx.open_turns(session_id(2)).await.unwrap(), []);
    tx.copy_chunks(part_id(1), part_id(2)).await.unwrap();
    assert_eq!(tx.chunks(part_id(2)).await.unwrap(), "one two");
    // What comes after it has the next number.
    let next = tx.insert_turn(turn_id(3), session_id(2), "more", None, NOW).await.unwrap();
    assert_eq!(next.number, 2);
}
