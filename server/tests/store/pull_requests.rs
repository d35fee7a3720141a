//! Pull requests of sessions.

use octobot_server::domain::PullRequest;
use octobot_server::domain::forge::{ForgeRepository, Site};
use octobot_wire::code::pull_request::{Forge, PullRequestState};
use octobot_wire::{SessionId, Timestamp};

use crate::database::Database;
use crate::samples::{begin, commit, session_id, with_session};

fn pull_request(session: SessionId, number: u64) -> PullRequest {
    PullRequest {
        session_id: session,
        repository: ForgeRepository {
            site: Site { forge: Forge::GitLab, url: "https://git.example/lab".to_owned() },
            path: "group/sub/app".to_owned(),
        },
        number,
        branch: "octobot/ü".to_owned(),
        base: "main".to_owned(),
        title: "Draft: Fix it".to_owned(),
        is_draft: true,
        state: PullRequestState::Open,
        opened_at: Timestamp(i64::try_from(number).unwrap()),
    }
}

pub async fn a_sessions_pull_requests_are_kept_and_go_with_it(database: &Database) {
    with_session(&database.store).await;
    let session = session_id(1);
    let mut tx = begin(&database.store).await;
    let (first, second) = (pull_request(session, 1), pull_request(session, 2));
    tx.save_pull_request(&first).await.unwrap();
    tx.save_pull_request(&second).await.unwrap();
    assert_eq!(tx.pull_requests(session).await.unwrap(), [second.clone(), first.clone()]);
    for state in [PullRequestState::Closed, PullRequestState::Merged, PullRequestState::Open] {
        let changed = PullRequest {
            state,
            title: "Other".to_owned(),
            is_draft: false,
            opened_at: Timestamp(99),
            ..first.clone()
        };
        tx.save_pull_request(&changed).await.unwrap();
        let kept = PullRequest { opened_at: first.opened_at, ..changed };
        assert_eq!(tx.pull_requests(session).await.unwrap(), [second.clone(), kept]);
    }
    tx.delete_session(session).await.unwrap();
    assert_eq!(tx.pull_requests(session).await.unwrap(), []);
    commit(tx).await;
}
