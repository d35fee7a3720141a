//! The services behind the pages' ports. REST handlers and server functions both call these, so both have the same
//! checks.

mod code;
mod files;
mod network;
mod repository;
mod terminals;

use std::sync::Arc;
use std::time::Instant;

use octobot_app::ports::{self, Agents, Answer, Caller, Credentials, Projects, Sessions, Workspaces};
use octobot_wire::agent::{Agent, SaveAgent};
use octobot_wire::credential::{Credential, CredentialsView, SaveCredential, SessionCredentials};
use octobot_wire::mcp::{McpServer, SaveMcpServers};
use octobot_wire::message::{MessagePage, Output};
use octobot_wire::permission::{AnswerPermission, PermissionAnswered};
use octobot_wire::preferences::Preferences;
use octobot_wire::project::ProjectView;
use octobot_wire::session::{CreateSession, ForkSession, RenameSession, Session, SessionView};
use octobot_wire::setting::{ChangeSetting, Setting};
use octobot_wire::turn::{EditPrompt, SubmitPrompt, Turn};
use octobot_wire::workspace::{AddWorkspace, RenameWorkspace, Workspace, WorkspaceLimits};
use octobot_wire::{AgentId, AttachmentId, CredentialId, PartId, Problem, ProjectId, SessionId, TurnId, WorkspaceId};

use crate::problem::of_service;
use crate::services::{
    AgentService, CodeService, CredentialService, NetworkService, ProjectService, ProseForm, ServiceError,
    SessionService, TerminalService, TrafficService, WorkspaceService,
};

/// The services, shared by all requests.
#[derive(Clone)]
pub struct Services {
    /// Projects and preferences.
    pub projects: Arc<ProjectService>,
    /// Workspaces.
    pub workspaces: Arc<WorkspaceService>,
    /// Agents.
    pub agents: Arc<AgentService>,
    /// Credentials.
    pub credentials: Arc<CredentialService>,
    /// Network policies.
    pub network: Arc<NetworkService>,
    /// Logs of proxies.
    pub traffic: Arc<TrafficService>,
    /// Terminals of sessions.
    pub terminals: Arc<TerminalService>,
    /// The code of sessions.
    pub code: Arc<CodeService>,
    /// Sessions.
    pub sessions: Arc<SessionService>,
}

impl Services {
    /// The services as `caller` may use them.
    pub fn for_caller(&self, caller: Caller) -> ports::Backend {
        ports::Backend {
            caller,
            projects: self.projects.clone(),
            workspaces: self.workspaces.clone(),
            agents: self.agents.clone(),
            credentials: self.credentials.clone(),
            network: self.network.clone(),
            traffic: self.traffic.clone(),
            terminals: self.terminals.clone(),
            code: self.code.clone(),
            files: self.code.clone(),
            repository: self.code.clone(),
            sessions: self.sessions.clone(),
        }
    }
}

/// Turns what a service answers into what a port answers.
fn answer<'a, D, T: 'a>(
    work: impl Future<Output = Result<D, ServiceError>> + Send + 'a,
    to_wire: impl FnOnce(D) -> T + Send + 'a,
) -> Answer<'a, T> {
    Box::pin(async move {
        let begun = Instant::now();
        let result = work.await;
        metrics::histogram!("octobot_service_seconds").record(begun.elapsed());
        result.map(to_wire).map_err(|error| -> Problem { of_service(&error) })
    })
}

fn told(servers: Vec<crate::domain::McpServer>) -> Vec<McpServer> {
    servers.into_iter().map(|server| server.to_wire()).collect()
}

impl Projects for ProjectService {
    fn view<'a>(&'a self, caller: Caller, project: &'a ProjectId) -> Answer<'a, ProjectView> {
        answer(self.view(caller, project), |view| view)
    }

    fn preferences(&self, caller: Caller) -> Answer<'_, Preferences> {
        answer(self.preferences(caller), |preferences| preferences)
    }

    fn save_preferences(&self, caller: Caller, preferences: Preferences) -> Answer<'_, Preferences> {
        answer(self.save_preferences(caller, preferences), |preferences| preferences)
    }
}

impl Workspaces for WorkspaceService {
    fn add<'a>(&'a self, caller: Caller, project: &'a ProjectId, request: AddWorkspace) -> Answer<'a, Workspace> {
        answer(self.add(caller, project, request), |workspace| workspace.to_wire())
    }

    fn rename<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: WorkspaceId,
        request: RenameWorkspace,
    ) -> Answer<'a, Workspace> {
        answer(self.rename(caller, project, id, request), |workspace| workspace.to_wire())
    }

    fn limit<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: WorkspaceId,
        request: WorkspaceLimits,
    ) -> Answer<'a, Workspace> {
        answer(self.limit(caller, project, id, request), |workspace| workspace.to_wire())
    }

    fn refresh<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: WorkspaceId) -> Answer<'a, Workspace> {
        answer(self.refresh(caller, project, id), |workspace| workspace.to_wire())
    }

    fn remove<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: WorkspaceId) -> Answer<'a, ()> {
        answer(self.remove(caller, project, id), |()| ())
    }
}

impl Agents for AgentService {
    fn create<'a>(&'a self, caller: Caller, project: &'a ProjectId, request: SaveAgent) -> Answer<'a, Agent> {
        answer(self.create(caller, project, request), |agent| agent.to_wire())
    }

    fn update<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: AgentId,
        request: SaveAgent,
    ) -> Answer<'a, Agent> {
        answer(self.update(caller, project, id, request), |agent| agent.to_wire())
    }

    fn make_default<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: AgentId) -> Answer<'a, Agent> {
        answer(self.make_default(caller, project, id), |agent| agent.to_wire())
    }

    fn mcp_servers<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: AgentId) -> Answer<'a, Vec<McpServer>> {
        answer(self.mcp_servers(caller, project, id), told)
    }

    fn save_mcp_servers<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: AgentId,
        request: SaveMcpServers,
    ) -> Answer<'a, Vec<McpServer>> {
        answer(self.save_mcp_servers(caller, project, id, request), told)
    }

    fn delete<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: AgentId) -> Answer<'a, ()> {
        answer(self.delete(caller, project, id), |()| ())
    }
}

impl Credentials for CredentialService {
    fn view<'a>(&'a self, caller: Caller, project: &'a ProjectId) -> Answer<'a, CredentialsView> {
        answer(self.view(caller, project), |view| view)
    }

    fn create<'a>(&'a self, caller: Caller, project: &'a ProjectId, request: SaveCredential) -> Answer<'a, Credential> {
        answer(self.create(caller, project, request), |credential| credential.to_wire())
    }

    fn update<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: CredentialId,
        request: SaveCredential,
    ) -> Answer<'a, Credential> {
        answer(self.update(caller, project, id, request), |credential| credential.to_wire())
    }

    fn test<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: CredentialId) -> Answer<'a, Credential> {
        answer(self.test(caller, project, id), |credential| credential.to_wire())
    }

    fn revoke<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: CredentialId) -> Answer<'a, ()> {
        answer(self.revoke(caller, project, id), |()| ())
    }

    fn of_session<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
    ) -> Answer<'a, SessionCredentials> {
        answer(self.of_session(caller, project, session), |given| given)
    }

    fn give_to_session<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: SessionCredentials,
    ) -> Answer<'a, SessionCredentials> {
        answer(self.give_to_session(caller, project, session, request), |given| given)
    }
}

impl Sessions for SessionService {
    fn create<'a>(&'a self, caller: Caller, project: &'a ProjectId, request: CreateSession) -> Answer<'a, Session> {
        answer(self.create(caller, project, request), |session| session.to_wire())
    }

    fn view<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: SessionId) -> Answer<'a, SessionView> {
        answer(self.view(caller, project, id, ProseForm::Html), |view| view)
    }

    fn fork<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        request: ForkSession,
    ) -> Answer<'a, Session> {
        answer(self.fork(caller, project, id, request), |session| session.to_wire())
    }

    fn rename<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        request: RenameSession,
    ) -> Answer<'a, Session> {
        answer(self.rename(caller, project, id, request), |session| session.to_wire())
    }

    fn start<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: SessionId) -> Answer<'a, Session> {
        answer(self.start(caller, project, id), |session| session.to_wire())
    }

    fn stop<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: SessionId) -> Answer<'a, Session> {
        answer(self.stop(caller, project, id), |session| session.to_wire())
    }

    fn delete<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: SessionId) -> Answer<'a, ()> {
        answer(self.delete(caller, project, id), |()| ())
    }

    fn messages<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        before: u64,
    ) -> Answer<'a, MessagePage> {
        answer(self.messages(caller, project, id, before, ProseForm::Html), |page| page)
    }

    fn output<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        part: PartId,
        from: u64,
    ) -> Answer<'a, Output> {
        answer(self.output(caller, project, id, part, from), |output| output)
    }

    fn submit<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        request: SubmitPrompt,
    ) -> Answer<'a, Turn> {
        answer(self.submit(caller, project, id, request), |turn| turn.to_wire())
    }

    fn edit_turn<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        turn: TurnId,
        request: EditPrompt,
    ) -> Answer<'a, Turn> {
        answer(self.edit_turn(caller, project, id, turn, request), |turn| turn.to_wire())
    }

    fn delete_turn<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        turn: TurnId,
    ) -> Answer<'a, ()> {
        answer(self.delete_turn(caller, project, id, turn), |()| ())
    }

    fn cancel_turn<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        turn: TurnId,
    ) -> Answer<'a, Turn> {
        answer(self.cancel_turn(caller, project, id, turn), |turn| turn.to_wire())
    }

    fn steer_turn<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        turn: TurnId,
    ) -> Answer<'a, Turn> {
        answer(self.steer_turn(caller, project, id, turn), |turn| turn.to_wire())
    }

    fn detach<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        attachment: AttachmentId,
    ) -> Answer<'a, ()> {
        answer(self.detach(caller, project, id, attachment), |()| ())
    }

    fn find_files<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        name: &'a str,
    ) -> Answer<'a, Vec<String>> {
        answer(self.find_files(caller, project, id, name), |paths| paths)
    }

    fn answer_permission<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        turn: TurnId,
        part_number: u32,
        request: AnswerPermission,
    ) -> Answer<'a, PermissionAnswered> {
        answer(self.answer_permission(caller, project, id, turn, part_number, request), |answered| answered)
    }

    fn change_setting<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        request: ChangeSetting,
    ) -> Answer<'a, Vec<Setting>> {
        answer(self.change_setting(caller, project, id, request), |settings| settings)
    }
}
