//! Credentials, and who has them.

use octobot_server::domain::Credential;
use octobot_server::store::StoreError;
use octobot_wire::credential::{CredentialTest, CredentialTestOutcome, CredentialTypeId};
use octobot_wire::launch::Variable;
use octobot_wire::{CredentialId, ProjectId, SessionId, Timestamp};

use crate::database::Database;
use crate::samples::{begin, commit, id, session_id, with_project, with_session};
use crate::turns::in_files;

fn credential(number: u128, name: &str) -> Credential {
    Credential {
        id: CredentialId::new(id(number)),
        project_id: ProjectId::local(),
        name: name.to_owned(),
        credential_type: CredentialTypeId::OpenAiCompatible,
        base_url: Some("https://llm.example/ü".to_owned()),
        every_session: true,
        value_names: vec!["OPENAI_API_KEY".to_owned()],
        tested: None,
        last_used_at: None,
        rotated_at: Timestamp(5),
        created_at: Timestamp(i64::try_from(number).unwrap()),
    }
}

fn secret() -> Vec<Variable> {
    vec![Variable { name: "OPENAI_API_KEY".to_owned(), value: "gläserne Kugel".to_owned() }]
}

pub async fn a_credential_is_kept_as_it_is_saved(database: &Database) {
    with_project(&database.store).await;
    let project = ProjectId::local();
    let mut tx = begin(&database.store).await;
    let (first, second) = (credential(1, "first"), credential(2, "second"));
    tx.insert_credential(&second, &secret()).await.unwrap();
    tx.insert_credential(&first, &secret()).await.unwrap();
    assert_eq!(tx.credentials(&project).await.unwrap(), [first.clone(), second.clone()]);
    assert_eq!(tx.credential_values(first.id).await.unwrap(), secret());

    let changed = Credential {
        name: "other".to_owned(),
        base_url: None,
        every_session: false,
        value_names: Vec::new(),
        rotated_at: Timestamp(9),
        ..first.clone()
    };
    tx.update_credential(&changed, &[]).await.unwrap();
    assert_eq!(tx.credentials(&project).await.unwrap(), [changed.clone(), second.clone()]);
    assert_eq!(tx.credential_values(first.id).await.unwrap(), []);
    tx.delete_credential(first.id).await.unwrap();
    assert_eq!(tx.credentials(&project).await.unwrap(), [second]);
    let gone = tx.update_credential(&changed, &[]).await;
    assert!(matches!(gone, Err(StoreError::Missing { table: "credentials", .. })), "{gone:?}");
}

pub async fn a_project_has_a_credentials_name_once(database: &Database) {
    with_project(&database.store).await;
    let mut tx = begin(&database.store).await;
    tx.insert_credential(&credential(1, "same"), &secret()).await.unwrap();
    let refused = tx.insert_credential(&credential(2, "same"), &secret()).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
}

pub async fn what_is_known_of_a_credentials_use_is_kept(database: &Database) {
    with_project(&database.store).await;
    let project = ProjectId::local();
    let mut tx = begin(&database.store).await;
    let stored = credential(1, "c");
    tx.insert_credential(&stored, &secret()).await.unwrap();
    let outcomes = [
        CredentialTestOutcome::Accepted,
        CredentialTestOutcome::Refused { reason: "nö".to_owned() },
        CredentialTestOutcome::Unknown { reason: "away".to_owned() },
    ];
    for outcome in outcomes {
        let test = CredentialTest { at: Timestamp(7), outcome };
        tx.note_credential_test(stored.id, stored.rotated_at, &test).await.unwrap();
        assert_eq!(tx.credentials(&project).await.unwrap()[0].tested, Some(test));
    }
    // A try of values that have been replaced meanwhile says nothing about those that are there.
    let late = CredentialTest { at: Timestamp(8), outcome: CredentialTestOutcome::Accepted };
    tx.note_credential_test(stored.id, Timestamp(4), &late).await.unwrap();
    tx.note_credential_use(stored.id, Timestamp(11)).await.unwrap();
    let found = tx.credentials(&project).await.unwrap().remove(0);
    assert_ne!(found.tested, Some(late));
    assert_eq!(found.last_used_at, Some(Timestamp(11)));
}

pub async fn a_session_has_those_of_every_session_and_those_that_it_was_given(database: &Database) {
    with_session(&database.store).await;
    let (project, session) = (ProjectId::local(), session_id(1));
    let mut tx = begin(&database.store).await;
    let everywhere = credential(3, "everywhere");
    let chosen = Credential { every_session: false, ..credential(1, "chosen") };
    let other = Credential { every_session: false, ..credential(2, "other") };
    for stored in [&everywhere, &chosen, &other] {
        tx.insert_credential(stored, &secret()).await.unwrap();
    }
    assert_eq!(tx.credentials_of_session(&project, session).await.unwrap(), std::slice::from_ref(&everywhere));
    tx.replace_session_credentials(session, &[other.id]).await.unwrap();
    tx.replace_session_credentials(session, &[chosen.id]).await.unwrap();
    assert_eq!(tx.session_credentials(session).await.unwrap(), [chosen.id]);
    assert_eq!(tx.credentials_of_session(&project, session).await.unwrap(), [everywhere.clone(), chosen.clone()]);
    let elsewhere = SessionId::new(id(77));
    assert_eq!(tx.credentials_of_session(&project, elsewhere).await.unwrap(), std::slice::from_ref(&everywhere));
    tx.delete_credential(chosen.id).await.unwrap();
    assert_eq!(tx.session_credentials(session).await.unwrap(), []);
    tx.replace_session_credentials(session, &[other.id]).await.unwrap();
    tx.delete_session(session).await.unwrap();
    assert_eq!(tx.session_credentials(session).await.unwrap(), []);
    commit(tx).await;
}

pub async fn a_credentials_values_are_sealed_and_bound_to_their_row(database: &Database) {
    with_project(&database.store).await;
    let mut tx = begin(&database.store).await;
    for (number, name) in [(1, "one"), (2, "two")] {
        tx.insert_credential(&credential(number, name), &secret()).await.unwrap();
    }
    commit(tx).await;
    assert!(!in_files(database, "gläserne Kugel"), "a value stands in the file in plain text");
    // Shows that the search above could have found it.
    assert!(database.files().is_empty() || in_files(database, "llm.example/ü"));
    database
        .tamper(
            "UPDATE credentials SET sealed_values = \
             (SELECT sealed_values FROM credentials AS other WHERE other.name = 'two') WHERE name = 'one'",
        )
        .await;
    let mut tx = database.store.read().await.unwrap();
    let moved = tx.credential_values(CredentialId::new(id(1))).await;
    assert!(matches!(moved, Err(StoreError::Sealed { table: "credentials", .. })), "{moved:?}");
    assert_eq!(tx.credential_values(CredentialId::new(id(2))).await.unwrap(), secret());
}
