//! What tests of services stand on: a store in a folder of its own, with a session in it, and no sandboxes.

use std::sync::Arc;

use futures::future::BoxFuture;
use octobot_proxy::config::Config;
use octobot_wire::agent::{AgentOptions, AgentTypeId};
use octobot_wire::project::SandboxSupport;
use octobot_wire::workspace::WorkspaceSource;
use octobot_wire::{AgentId, ProjectId, SessionId, Timestamp, TurnId, WorkspaceId};
use tempfile::TempDir;
use uuid::Uuid;

use super::{Core, Egress, Paths, SessionService, Support};
use crate::bus::Bus;
use crate::clock::Machine;
use crate::domain::{Agent, Session, Workspace};
use crate::jobs::{Alarm, SandboxPolicy, WarmPool};
use crate::sandbox::{
    Connection, LimitPolicy, Limits, LogSink, Provider, Room, SandboxError, SandboxSpec, SandboxStatus, Secret,
};
use crate::store::{DatabaseUrl, Store};
use crate::vault::{Key, Vault};

/// When everything happened.
pub(super) const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// A session with a queued turn.
pub(super) struct Ground {
    pub(super) core: Core,
    pub(super) session: SessionId,
    pub(super) turn: TurnId,
    /// Where the store is, as long as this is kept.
    pub(super) folder: TempDir,
}

impl Ground {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("octobot.db"));
        let store = Store::open(&url, Vault::new(Key::from_bytes([7; 32]))).await.unwrap();
        let path = folder.path().to_owned();
        let core = Core {
            store,
            bus: Bus::default(),
            clock: Arc::new(Machine),
            ids: Arc::new(Machine),
            alarm: Alarm::default(),
            paths: Paths {
                data: path.clone(),
                cache: path.clone(),
                applied: path.clone(),
                forks: path.clone(),
                scratch: path,
            },
        };
        let id = Uuid::from_u128(1);
        let (session, turn, workspace) = (SessionId::new(id), TurnId::new(id), WorkspaceId::new(id));
        let agent = Agent {
            id: AgentId::new(id),
            project_id: ProjectId::local(),
            name: "Claude".to_owned(),
            agent_type: AgentTypeId::ClaudeCode,
            is_default: true,
            setup_script: String::new(),
            options: AgentOptions::default(),
            created_at: NOW,
            updated_at: NOW,
        };
        let mut tx = core.store.begin().await.unwrap();
        tx.ensure_local_project(&agent, NOW).await.unwrap();
        let source = WorkspaceSource::Folder { path: "/src".to_owned() };
        tx.insert_workspace(&Workspace::new(workspace, ProjectId::local(), "W".to_owned(), source, NOW)).await.unwrap();
        tx.insert_session(&Session::new(session, ProjectId::local(), workspace, agent.id, NOW), None).await.unwrap();
        tx.insert_turn(turn, session, "Say *hello*.", None, NOW).await.unwrap();
        tx.commit(NOW).await.unwrap();
        Self { core, session, turn, folder }
    }
}

/// The service of sessions, without sandboxes.
pub(super) async fn session_service(core: Core) -> SessionService {
    let (core, provider) = (Arc::new(core), Arc::new(NoSandboxes));
    let limits = LimitPolicy { usual: Limits::default(), ceiling: Limits::default() };
    let policy = SandboxPolicy { limits, least_room_bytes: 0 };
    let warm =
        WarmPool::new(core.clone(), provider.clone(), egress(core.clone()), Support::of(&NoSandboxes).await, policy);
    SessionService::new(core, provider, Arc::new(warm))
}

/// What puts policies into force, without sandboxes.
pub(super) fn egress(core: Arc<Core>) -> Arc<Egress> {
    Arc::new(Egress::new(core, Arc::new(NoSandboxes), Config::default()))
}

/// A host on which no sandbox runs.
struct NoSandboxes;

impl Provider for NoSandboxes {
    fn name(&self) -> &'static str {
        "none"
    }

    fn support(&self) -> BoxFuture<'_, SandboxSupport> {
        Box::pin(async { SandboxSupport::Unavailable { reason: String::new(), remedy: String::new() } })
    }

    fn room(&self) -> BoxFuture<'_, Result<Room, SandboxError>> {
        unreachable!("services make no sandboxes")
    }

    fn start<'a>(&'a self, _: &'a SandboxSpec, _: &'a LogSink) -> BoxFuture<'a, Result<Connection, SandboxError>> {
        unreachable!("services make no sandboxes")
    }

    fn connect(&self, _: SessionId) -> BoxFuture<'_, Result<Option<Connection>, SandboxError>> {
        Box::pin(async { Ok(None) })
    }

    fn configure<'a>(&'a self, _: SessionId, _: &'a Secret) -> BoxFuture<'a, Result<(), SandboxError>> {
        Box::pin(async { Ok(()) })
    }

    fn proxy(&self, _: SessionId) -> BoxFuture<'_, Result<Option<Connection>, SandboxError>> {
        Box::pin(async { Ok(None) })
    }

    fn stop(&self, _: SessionId) -> BoxFuture<'_, Result<(), SandboxError>> {
        unreachable!("services stop no sandboxes")
    }

    fn remove(&self, _: SessionId) -> BoxFuture<'_, Result<(), SandboxError>> {
        unreachable!("services remove no sandboxes")
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<SandboxStatus>, SandboxError>> {
        unreachable!("services list no sandboxes")
    }
}
