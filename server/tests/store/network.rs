//! Who may be reached: the policies of projects, and what workspaces add.

use octobot_proxy::policy::{Mode, Preset};
use octobot_server::domain::network::AllowedHost;
use octobot_server::domain::{NetworkAdditions, NetworkPolicy};
use octobot_server::store::StoreError;

use crate::database::Database;
use crate::samples::{NOW, begin, commit, local, with_project, with_session, workspace_id};

fn allowed() -> Vec<AllowedHost> {
    vec![
        AllowedHost {
            destination: "*.büro.example".parse().unwrap(),
            ports: vec!["443".parse().unwrap(), "8000-8999".parse().unwrap()],
            private: true,
            offline: false,
        },
        AllowedHost { destination: "10.1.0.0/16".parse().unwrap(), ports: Vec::new(), private: false, offline: true },
    ]
}

pub async fn a_project_begins_with_a_policy_and_keeps_its_own(database: &Database) {
    with_project(&database.store).await;
    let mut tx = begin(&database.store).await;
    assert_eq!(tx.network_policy(&local()).await.unwrap(), NetworkPolicy::default());
    let mut policy = NetworkPolicy {
        revision: 1,
        enabled: false,
        mode: Mode::OfflineAgent,
        presets: vec![Preset::Gitlab, Preset::CratesIo],
        allowed: allowed(),
        denied: vec!["*".parse().unwrap(), "fd00::/8".parse().unwrap()],
    };
    tx.save_network_policy(&local(), &policy, NOW).await.unwrap();
    assert_eq!(tx.network_policy(&local()).await.unwrap(), policy);
    policy = NetworkPolicy { revision: 2, ..NetworkPolicy::default() };
    tx.save_network_policy(&local(), &policy, NOW).await.unwrap();
    assert_eq!(tx.network_policy(&local()).await.unwrap(), policy);
}

pub async fn what_a_workspace_adds_goes_with_it(database: &Database) {
    with_session(&database.store).await;
    let mut tx = begin(&database.store).await;
    assert_eq!(tx.network_additions(workspace_id(1)).await.unwrap(), NetworkAdditions::default());
    let additions = NetworkAdditions { revision: 7, allowed: allowed(), denied: vec!["evil.example".parse().unwrap()] };
    for revision in [7, 8] {
        let additions = NetworkAdditions { revision, ..additions.clone() };
        tx.save_network_additions(workspace_id(1), &additions, NOW).await.unwrap();
        assert_eq!(tx.network_additions(workspace_id(1)).await.unwrap(), additions);
    }
    commit(tx).await;
    database.tamper("DELETE FROM sessions").await;
    let mut tx = begin(&database.store).await;
    tx.delete_workspace(workspace_id(1)).await.unwrap();
    commit(tx).await;
    assert_eq!(database.count("SELECT COUNT(*) FROM network_additions").await, 0);
}

pub async fn a_policy_that_cannot_be_read_is_an_error(database: &Database) {
    with_session(&database.store).await;
    let mut tx = begin(&database.store).await;
    tx.save_network_policy(&local(), &NetworkPolicy::default(), NOW).await.unwrap();
    tx.save_network_additions(workspace_id(1), &NetworkAdditions::default(), NOW).await.unwrap();
    commit(tx).await;
    database.tamper("UPDATE network_policies SET presets = '[\"everything\"]'").await;
    database.tamper("UPDATE network_additions SET denied = '[\"a b\"]'").await;
    let mut tx = database.store.read().await.unwrap();
    let policy = tx.network_policy(&local()).await;
    assert!(
        matches!(policy, Err(StoreError::Corrupt { table: "network_policies", column: "presets", .. })),
        "{policy:?}"
    );
    let additions = tx.network_additions(workspace_id(1)).await;
    assert!(
        matches!(additions, Err(StoreError::Corrupt { table: "network_additions", column: "denied", .. })),
        "{additions:?}"
    );
}
