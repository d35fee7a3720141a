//! What becomes of a policy that several people look at and change.

use octobot_wire::network::{AllowedHost, RefusalKind, RuleOrigin};
use octobot_wire::{UserId, WorkspaceId};
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::services::bench::{Ground, egress};

const CALLER: Caller = Caller { user_id: UserId::ANONYMOUS };

struct Bench {
    service: NetworkService,
    project: ProjectId,
    workspace: WorkspaceId,
    _folder: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let Ground { core, folder, .. } = Ground::new().await;
        let workspace = WorkspaceId::new(Uuid::from_u128(1));
        let core = Arc::new(core);
        let service = NetworkService::new(core.clone(), egress(core));
        Self { service, project: ProjectId::local(), workspace, _folder: folder }
    }

    async fn policy(&self) -> wire::NetworkPolicy {
        self.service.view(CALLER, &self.project).await.unwrap().policy
    }

    async fn allow(&self, host: &str, workspace: Option<WorkspaceId>) -> Result<Option<AllowedHost>, ServiceError> {
        let request = AllowHost { host: host.to_owned(), port: 443, private: false, workspace };
        self.service.allow(CALLER, &self.project, request).await.map(|allowed| allowed.added)
    }

    async fn verdict(&self, host: &str, workspace: Option<WorkspaceId>) -> HostVerdict {
        let scope = PolicyScope { workspace, phase: NetworkPhase::Agent };
        self.service.check(CALLER, &self.project, scope, host).await.unwrap()
    }
}

#[tokio::test]
async fn a_change_made_from_an_old_policy_changes_nothing() {
    let bench = Bench::new().await;
    let seen = bench.policy().await;
    let off = wire::NetworkPolicy { enabled: false, ..seen.clone() };
    assert_eq!(bench.service.save(CALLER, &bench.project, off).await.unwrap().revision, 1);
    let late = bench.service.save(CALLER, &bench.project, seen).await;
    assert!(matches!(late, Err(ServiceError::PolicyChanged)), "{late:?}");
    assert!(!bench.policy().await.enabled);
    let additions = wire::NetworkAdditions { revision: 3, ..wire::NetworkAdditions::default() };
    let wrong = bench.service.save_additions(CALLER, &bench.project, bench.workspace, additions).await;
    assert!(matches!(wrong, Err(ServiceError::PolicyChanged)), "{wrong:?}");
}

#[tokio::test]
async fn a_host_is_allowed_once_and_taken_back() {
    let bench = Bench::new().await;
    for workspace in [None, Some(bench.workspace)] {
        assert_eq!(bench.verdict("new.example", workspace).await.refusal, Some(RefusalKind::Unlisted));
        let entry = bench.allow("new.example", workspace).await.unwrap().unwrap();
        assert_eq!(bench.allow("NEW.example.", workspace).await.unwrap(), None);
        let verdict = bench.verdict("https://new.example/x?y", workspace).await;
        let origin = if workspace.is_some() { RuleOrigin::Workspace } else { RuleOrigin::Project };
        assert_eq!((verdict.refusal, verdict.origin), (None, Some(origin)));
        for _ in 0..2 {
            let request = DisallowHost { entry: entry.clone(), workspace };
            bench.service.disallow(CALLER, &bench.project, request).await.unwrap();
        }
        assert_eq!(bench.verdict("new.example", workspace).await.refusal, Some(RefusalKind::Unlisted));
    }
    // What comes with a preset needs no entry.
    assert_eq!(bench.allow("github.com", None).await.unwrap(), None);
}

#[tokio::test]
async fn what_a_list_denies_is_not_allowed_by_another() {
    let bench = Bench::new().await;
    let policy = wire::NetworkPolicy { denied: vec!["*.evil.example".to_owned()], ..bench.policy().await };
    bench.service.save(CALLER, &bench.project, policy).await.unwrap();
    let refused = bench.allow("a.evil.example", Some(bench.workspace)).await;
    assert!(matches!(refused, Err(ServiceError::StillDenied(_))), "{refused:?}");
    let additions = bench.service.additions(CALLER, &bench.project, bench.workspace).await.unwrap();
    assert_eq!(additions, NetworkAdditions::default());
    let odd = bench.allow("a b", None).await;
    assert!(
        matches!(odd, Err(ServiceError::NetworkPolicy(InvalidPolicy { ref field, .. })) if field == "host"),
        "{odd:?}"
    );
}

#[tokio::test]
async fn the_list_for_a_workspaces_proxies_has_what_the_workspace_adds() {
    let bench = Bench::new().await;
    bench.allow("a.example", None).await.unwrap();
    bench.allow("b.example", Some(bench.workspace)).await.unwrap();
    let mut tx = bench.service.core.store.read().await.unwrap();
    let list = allowlist(&mut tx, &Allowlist::default(), &bench.project, bench.workspace).await.unwrap();
    let hosts: Vec<_> = list.domains.iter().map(|rule| rule.host.to_string()).collect();
    assert_eq!(hosts, ["a.example", "b.example"]);
    let nobody = WorkspaceId::new(Uuid::from_u128(99));
    let unknown = allowlist(&mut tx, &Allowlist::default(), &bench.project, nobody).await;
    assert!(matches!(unknown, Err(ServiceError::NotFound("workspace"))), "{unknown:?}");
}

#[tokio::test]
async fn who_is_no_member_learns_nothing() {
    let bench = Bench::new().await;
    let stranger = Caller { user_id: UserId::new(Uuid::from_u128(9)) };
    let view = bench.service.view(stranger, &bench.project).await;
    assert!(matches!(view, Err(ServiceError::NotFound("project"))), "{view:?}");
    let request = AllowHost { host: "a.example".to_owned(), port: 443, private: false, workspace: None };
    let allowed = bench.service.allow(stranger, &bench.project, request).await;
    assert!(matches!(allowed, Err(ServiceError::NotFound("project"))), "{allowed:?}");
}
