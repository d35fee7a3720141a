//! Files that go with prompts.

use octobot_server::domain::File;
use octobot_server::store::StoreError;
use octobot_wire::{AttachmentId, Timestamp};

use crate::database::Database;
use crate::samples::{NOW, begin, commit, id, session, session_id, turn_id, with_session, with_turn};

const DATA: &[u8] = b"the launch code is 00000000";

fn file(number: u128) -> File {
    let bytes = DATA.len() as u64;
    File { id: id(number), name: "\u{e4} \"b\".txt".to_owned(), media_type: "text/plain".to_owned(), bytes }
}

pub async fn a_file_is_sealed_and_goes_with_one_turn(database: &Database) {
    let store = &database.store;
    with_session(store).await;
    let turn = with_turn(store, 1, "go").await;
    with_turn(store, 2, "other").await;
    let mut tx = begin(store).await;
    tx.insert_session(&session(2), None).await.unwrap();
    for number in [5, 6] {
        tx.insert_attachment(session_id(1), &file(number), DATA, NOW).await.unwrap();
    }
    let free = AttachmentId::new(id(5));
    assert_eq!(tx.free_attachment(session_id(1), free).await.unwrap(), Some(file(5)));
    assert_eq!(tx.free_attachment(session_id(2), free).await.unwrap(), None);
    tx.attach(turn_id(1), &[file(6), file(5)]).await.unwrap();
    assert_eq!(tx.free_attachment(session_id(1), free).await.unwrap(), None);
    assert_eq!(tx.attachments_of(turn_id(1)).await.unwrap(), [file(6), file(5)]);
    assert_eq!(tx.attachments_of(turn_id(2)).await.unwrap(), []);
    assert_eq!(tx.turn(session_id(1), turn_id(1)).await.unwrap().unwrap().attachments, [file(6), file(5)]);
    // A turn that changes keeps them.
    tx.update_turn(&turn.delivered()).await.unwrap();
    assert_eq!(tx.open_turns(session_id(1)).await.unwrap()[0].attachments.len(), 2);
    assert_eq!(tx.attachment(session_id(1), id(5)).await.unwrap(), Some((file(5), DATA.to_vec())));
    assert_eq!(tx.attachment(session_id(2), id(5)).await.unwrap(), None);
    commit(tx).await;
    let is_plain = |bytes: Vec<u8>| bytes.windows(DATA.len()).any(|window| window == DATA);
    assert!(database.files().iter().all(|path| !is_plain(std::fs::read(path).unwrap())), "it stands there in plain");

    let mut tx = begin(store).await;
    let refused = tx.attach(turn_id(2), &[file(5)]).await;
    assert!(matches!(refused, Err(StoreError::Missing { table: "attachments", .. })), "{refused:?}");
}

pub async fn files_that_no_turn_took_are_deleted_those_of_turns_with_their_session(database: &Database) {
    let store = &database.store;
    with_session(store).await;
    with_turn(store, 1, "go").await;
    let mut tx = begin(store).await;
    for number in [5, 6, 7] {
        tx.insert_attachment(session_id(1), &file(number), DATA, NOW).await.unwrap();
    }
    tx.attach(turn_id(1), &[file(5)]).await.unwrap();
    assert!(!tx.delete_free_attachment(session_id(1), AttachmentId::new(id(5))).await.unwrap());
    assert!(tx.delete_free_attachment(session_id(1), AttachmentId::new(id(6))).await.unwrap());
    assert_eq!(tx.delete_stale_attachments(session_id(1), NOW).await.unwrap(), 0);
    assert_eq!(tx.delete_stale_attachments(session_id(1), Timestamp(NOW.0 + 1)).await.unwrap(), 1);
    commit(tx).await;
    let count = "SELECT COUNT(*) FROM attachments";
    assert_eq!(database.count(count).await, 1);
    let mut tx = begin(store).await;
    tx.delete_session(session_id(1)).await.unwrap();
    commit(tx).await;
    assert_eq!(database.count(count).await, 0);
}
