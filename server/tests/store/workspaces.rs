//! Workspaces.

use octobot_server::domain::{Workspace, WorkspaceGoal};
use octobot_server::store::StoreError;
use octobot_wire::Timestamp;
use octobot_wire::workspace::{Commit, WorkspaceLimits, WorkspaceSource, WorkspaceState};

use crate::database::Database;
use crate::samples::{NOW, begin, local, with_project, with_session, workspace, workspace_id};

pub async fn every_state_of_a_workspace_is_kept(database: &Database) {
    with_project(&database.store).await;
    let mut tx = begin(&database.store).await;
    let git = Workspace {
        source: WorkspaceSource::Git { url: "https://example.org/a.git".to_owned() },
        commit: Some(Commit { id: "a".repeat(40), summary: "Fix “it”".to_owned(), branch: None }),
        dirty: true,
        limits: WorkspaceLimits { memory_mib: Some(512), ..WorkspaceLimits::default() },
        ..workspace(1)
    };
    tx.insert_workspace(&git).await.unwrap();
    assert_eq!(tx.workspace_by_id(git.id).await.unwrap(), Some(git.clone()));

    let states = [
        WorkspaceState::Initializing,
        WorkspaceState::Cloning { step: "Receiving objects".to_owned(), percent: Some(7) },
        WorkspaceState::Cloning { step: "Counting".to_owned(), percent: None },
        WorkspaceState::Ready,
        WorkspaceState::Error { reason: "The host \"x\" is\nunknown.".to_owned() },
        WorkspaceState::Removing,
    ];
    for (number, state) in (1..).zip(states) {
        let changed = Workspace {
            name: format!("Name {number}"),
            state,
            goal: WorkspaceGoal::Removed,
            commit: Some(Commit { id: "b".repeat(40), summary: String::new(), branch: Some("main".to_owned()) }),
            dirty: number % 2 == 0,
            limits: WorkspaceLimits { pids: Some(100), memory_mib: None, cpu_millis: Some(500) },
            updated_at: Timestamp(NOW.0 + number),
            ..git.clone()
        };
        tx.update_workspace(&changed).await.unwrap();
        assert_eq!(tx.workspace(&local(), git.id).await.unwrap(), Some(changed));
    }
}

pub async fn workspaces_are_listed_oldest_first(database: &Database) {
    with_project(&database.store).await;
    let mut tx = begin(&database.store).await;
    for (number, age) in [(1, 10), (2, 30), (3, 20)] {
        let workspace = Workspace { created_at: Timestamp(NOW.0 - age), ..workspace(number) };
        tx.insert_workspace(&workspace).await.unwrap();
    }
    let ids = |workspaces: Vec<Workspace>| workspaces.into_iter().map(|workspace| workspace.id).collect::<Vec<_>>();
    let oldest_first = [2, 3, 1].map(workspace_id);
    assert_eq!(ids(tx.workspaces(&local()).await.unwrap()), oldest_first);
    assert_eq!(ids(tx.all_workspaces().await.unwrap()), oldest_first);
    tx.delete_workspace(workspace_id(3)).await.unwrap();
    assert_eq!(ids(tx.workspaces(&local()).await.unwrap()), [2, 1].map(workspace_id));
}

pub async fn a_workspace_of_another_project_is_not_found(database: &Database) {
    with_session(&database.store).await;
    let mut tx = database.store.read().await.unwrap();
    let other = "other".parse().unwrap();
    assert_eq!(tx.workspace(&other, workspace_id(1)).await.unwrap(), None);
    assert_eq!(tx.workspaces(&other).await.unwrap(), []);
}

pub async fn a_workspace_with_sessions_cannot_be_deleted(database: &Database) {
    with_session(&database.store).await;
    let mut tx = begin(&database.store).await;
    let refused = tx.delete_workspace(workspace_id(1)).await;
    assert!(matches!(refused, Err(StoreError::Reference(_))), "{refused:?}");
}
