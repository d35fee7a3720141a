//! The installation, users, projects and agents.

use octobot_server::domain::{Agent, Project, User};
use octobot_server::store::StoreError;
use octobot_wire::agent::{AgentOptions, AgentTypeId};
use octobot_wire::preferences::{Panel, Preferences, Theme};
use octobot_wire::project::Role;
use octobot_wire::{Timestamp, UserId};

use crate::database::Database;
use crate::samples::{NOW, agent, agent_id, begin, commit, id, local, with_project, with_session};

pub async fn the_installation_keeps_its_first_id(database: &Database) {
    for fresh in [1, 2] {
        let mut tx = begin(&database.store).await;
        assert_eq!(tx.installation_id(id(fresh)).await.unwrap(), id(1));
        commit(tx).await;
    }
}

pub async fn the_local_project_is_made_once(database: &Database) {
    let store = &database.store;
    with_project(store).await;
    let mut tx = begin(store).await;
    tx.ensure_local_project(&agent(2), NOW).await.unwrap();
    commit(tx).await;

    let mut tx = store.read().await.unwrap();
    let project = Project { id: local(), name: "Local".to_owned() };
    assert_eq!(tx.project(&local()).await.unwrap(), Some(project));
    assert_eq!(tx.project(&"other".parse().unwrap()).await.unwrap(), None);
    let user = User { id: UserId::ANONYMOUS, name: "You".to_owned() };
    assert_eq!(tx.user(UserId::ANONYMOUS).await.unwrap(), Some(user));
    assert_eq!(tx.role(&local(), UserId::ANONYMOUS).await.unwrap(), Some(Role::Owner));
    assert_eq!(tx.role(&local(), UserId::new(id(9))).await.unwrap(), None);
    assert_eq!(tx.agents(&local()).await.unwrap(), [agent(1)]);
}

pub async fn replicas_that_start_together_make_one_local_project(database: &Database) {
    let starts = (1..=4).map(|replica| {
        let store = database.store.clone();
        tokio::spawn(async move {
            let mut tx = begin(&store).await;
            let agent = Agent { is_default: true, ..agent(replica) };
            tx.ensure_local_project(&agent, NOW).await.unwrap();
            commit(tx).await;
        })
    });
    for start in starts.collect::<Vec<_>>() {
        start.await.unwrap();
    }
    let mut tx = database.store.read().await.unwrap();
    assert_eq!(tx.agents(&local()).await.unwrap().len(), 1);
}

pub async fn preferences_are_kept_for_each_user(database: &Database) {
    let store = &database.store;
    with_project(store).await;
    let user = UserId::ANONYMOUS;
    let mut tx = begin(store).await;
    assert_eq!(tx.preferences(user).await.unwrap(), None);
    tx.save_preferences(user, &Preferences::default()).await.unwrap();
    let preferences =
        Preferences { theme: Theme::Dark, sidebar: Panel { width_px: 300, collapsed: true }, ..Preferences::default() };
    tx.save_preferences(user, &preferences).await.unwrap();
    assert_eq!(tx.preferences(user).await.unwrap(), Some(preferences));
    let unknown = tx.save_preferences(UserId::new(id(9)), &Preferences::default()).await;
    assert!(matches!(unknown, Err(StoreError::Reference(_))), "{unknown:?}");
}

pub async fn there_is_one_default_agent(database: &Database) {
    let store = &database.store;
    with_project(store).await;
    let mut tx = begin(store).await;
    tx.insert_agent(&agent(2)).await.unwrap();
    tx.make_default(&local(), agent_id(2)).await.unwrap();
    commit(tx).await;

    let mut tx = begin(store).await;
    assert_eq!(tx.default_agent(&local()).await.unwrap().unwrap().id, agent_id(2));
    assert!(!tx.agent(&local(), agent_id(1)).await.unwrap().unwrap().is_default);
    tx.make_default(&local(), agent_id(2)).await.unwrap();
    assert_eq!(tx.default_agent(&local()).await.unwrap().unwrap().id, agent_id(2));
    let missing = tx.make_default(&local(), agent_id(9)).await;
    assert!(matches!(missing, Err(StoreError::Missing { table: "agents", .. })), "{missing:?}");
    drop(tx);

    let mut tx = begin(store).await;
    let refused = tx.insert_agent(&Agent { is_default: true, ..agent(3) }).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
}

pub async fn an_agent_is_kept_as_it_is_saved(database: &Database) {
    with_project(&database.store).await;
    let mut tx = begin(&database.store).await;
    let changed = Agent {
        name: "Ünïcode 🐙".to_owned(),
        setup_script: "set -eu\nmake\n".to_owned(),
        agent_type: AgentTypeId::Custom,
        options: AgentOptions {
            system_prompt: "Be brief.\n".to_owned(),
            mode: Some("plan".to_owned()),
            model: None,
            command: vec!["my-agent".to_owned(), "--acp".to_owned()],
        },
        updated_at: Timestamp(NOW.0 + 1),
        ..agent(1)
    };
    tx.update_agent(&changed).await.unwrap();
    assert_eq!(tx.agent_by_id(agent_id(1)).await.unwrap(), Some(changed));
    assert_eq!(tx.agent(&"other".parse().unwrap(), agent_id(1)).await.unwrap(), None);
    tx.delete_agent(agent_id(1)).await.unwrap();
    assert_eq!(tx.agent_by_id(agent_id(1)).await.unwrap(), None);
}

pub async fn an_agent_with_sessions_cannot_be_deleted(database: &Database) {
    with_session(&database.store).await;
    let mut tx = begin(&database.store).await;
    assert_eq!(tx.sessions_with_agent(agent_id(1)).await.unwrap(), 1);
    assert_eq!(tx.sessions_with_agent(agent_id(2)).await.unwrap(), 0);
    let refused = tx.delete_agent(agent_id(1)).await;
    assert!(matches!(refused, Err(StoreError::Reference(_))), "{refused:?}");
}
