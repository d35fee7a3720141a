//! What the pages need from the backend, as traits. The server implements them on its services and puts a
//! [`Backend`] into every request's context; the pages know nothing else of the server.
//!
//! Every call names its [`Caller`], and the implementation checks what that caller may do: a server function is a
//! public endpoint.

mod files;
mod repository;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use octobot_wire::agent::{Agent, SaveAgent};
use octobot_wire::code::{Changes, CodeView, DiffQuery, FileQuery, Folder, Rewound, SavedBranch};
use octobot_wire::credential::{Credential, CredentialsView, SaveCredential, SessionCredentials};
use octobot_wire::mcp::{McpServer, SaveMcpServers};
use octobot_wire::message::{MessagePage, Output};
use octobot_wire::network::{
    AllowHost, DisallowHost, EffectivePolicy, HostAllowed, HostVerdict, NetworkAdditions, NetworkPolicy, NetworkView,
    PolicyScope,
};
use octobot_wire::permission::{AnswerPermission, PermissionAnswered};
use octobot_wire::preferences::Preferences;
use octobot_wire::project::ProjectView;
use octobot_wire::session::{CreateSession, ForkSession, RenameSession, Session, SessionView};
use octobot_wire::setting::{ChangeSetting, Setting};
use octobot_wire::terminal::{OpenTerminal, RenameTerminal, Terminal, TerminalMatches, TerminalQuery};
use octobot_wire::traffic::TrafficSummary;
use octobot_wire::turn::{EditPrompt, SubmitPrompt, Turn};
use octobot_wire::workspace::{AddWorkspace, RenameWorkspace, Workspace, WorkspaceLimits};
use octobot_wire::{
    AgentId, AttachmentId, CredentialId, PartId, Problem, ProjectId, SessionId, TerminalId, TurnId, UserId, WorkspaceId,
};

pub use files::Files;
pub use repository::Repository;

/// The answer of a port.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Problem>> + Send + 'a>>;

/// Who asks. Made by the server's guard, never by a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user_id: UserId,
}

/// Who asks and whom: what a request's context holds.
#[derive(Clone)]
pub struct Backend {
    /// Who asks.
    pub caller: Caller,
    /// Projects and preferences.
    pub projects: Arc<dyn Projects>,
    /// Workspaces.
    pub workspaces: Arc<dyn Workspaces>,
    /// Agents.
    pub agents: Arc<dyn Agents>,
    /// Credentials.
    pub credentials: Arc<dyn Credentials>,
    /// Who may be reached.
    pub network: Arc<dyn Network>,
    /// What passes through proxies.
    pub traffic: Arc<dyn Traffic>,
    /// The code of sessions.
    pub code: Arc<dyn Code>,
    /// Files of sessions.
    pub files: Arc<dyn Files>,
    /// Their repositories.
    pub repository: Arc<dyn Repository>,
    /// Terminals of sessions.
    pub terminals: Arc<dyn Terminals>,
    /// Sessions and their turns.
    pub sessions: Arc<dyn Sessions>,
}

/// The HTTP status of the answer that is being made: of a page, or of a server function's call.
///
/// Optional in a request's context; without it the status stays what the server makes of the answer.
pub trait AnswerStatus: Send + Sync {
    /// Sets it. The last one wins.
    fn set(&self, status: u16);
}

/// Projects, and the preferences of who looks at them.
pub trait Projects: Send + Sync {
    /// Everything that the frame around a page shows.
    fn view<'a>(&'a self, caller: Caller, project: &'a ProjectId) -> Answer<'a, ProjectView>;
    /// The caller's preferences.
    fn preferences(&self, caller: Caller) -> Answer<'_, Preferences>;
    /// Replaces the caller's preferences.
    fn save_preferences(&self, caller: Caller, preferences: Preferences) -> Answer<'_, Preferences>;
}

/// Workspaces of a project.
pub trait Workspaces: Send + Sync {
    /// Adds one; it is looked at and cloned in the background.
    fn add<'a>(&'a self, caller: Caller, project: &'a ProjectId, request: AddWorkspace) -> Answer<'a, Workspace>;
    /// Renames one.
    fn rename<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: WorkspaceId,
        request: RenameWorkspace,
    ) -> Answer<'a, Workspace>;
    /// Gives its sandboxes other limits, from their next start on.
    fn limit<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: WorkspaceId,
        request: WorkspaceLimits,
    ) -> Answer<'a, Workspace>;
    /// Looks at its source again, or for a git URL fetches what is new. Also the retry after an error.
    fn refresh<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: WorkspaceId) -> Answer<'a, Workspace>;
    /// Removes it and its sessions; the source isn't touched.
    fn remove<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: WorkspaceId) -> Answer<'a, ()>;
}

/// Agents of a project.
pub trait Agents: Send + Sync {
    /// Creates one.
    fn create<'a>(&'a self, caller: Caller, project: &'a ProjectId, request: SaveAgent) -> Answer<'a, Agent>;
    /// Changes one.
    fn update<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: AgentId,
        request: SaveAgent,
    ) -> Answer<'a, Agent>;
    /// Makes it the default.
    fn make_default<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: AgentId) -> Answer<'a, Agent>;
    /// Its MCP servers, without the values that they are given.
    fn mcp_servers<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: AgentId) -> Answer<'a, Vec<McpServer>>;
    /// Replaces its MCP servers.
    fn save_mcp_servers<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: AgentId,
        request: SaveMcpServers,
    ) -> Answer<'a, Vec<McpServer>>;
    /// Deletes it; refused while sessions are bound to it or it is the default.
    fn delete<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: AgentId) -> Answer<'a, ()>;
}

/// Credentials of a project.
pub trait Credentials: Send + Sync {
    /// All of them without their values, and the types that there are.
    fn view<'a>(&'a self, caller: Caller, project: &'a ProjectId) -> Answer<'a, CredentialsView>;
    /// Adds one and tries it.
    fn create<'a>(&'a self, caller: Caller, project: &'a ProjectId, request: SaveCredential) -> Answer<'a, Credential>;
    /// Changes one, and tries it where its values are others.
    fn update<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: CredentialId,
        request: SaveCredential,
    ) -> Answer<'a, Credential>;
    /// Tries one with a real request.
    fn test<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: CredentialId) -> Answer<'a, Credential>;
    /// Deletes one with its values.
    fn revoke<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: CredentialId) -> Answer<'a, ()>;
    /// Those that a session was given.
    fn of_session<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
    ) -> Answer<'a, SessionCredentials>;
    /// Gives a session these, in place of those that it was given.
    fn give_to_session<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: SessionCredentials,
    ) -> Answer<'a, SessionCredentials>;
}

/// Who may be reached from a project's sandboxes.
pub trait Network: Send + Sync {
    /// The project's policy, and what there could be in it.
    fn view<'a>(&'a self, caller: Caller, project: &'a ProjectId) -> Answer<'a, NetworkView>;
    /// Replaces it, unless somebody else has changed it since.
    fn save<'a>(&'a self, caller: Caller, project: &'a ProjectId, request: NetworkPolicy) -> Answer<'a, NetworkPolicy>;
    /// What a workspace adds to it.
    fn additions<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        workspace: WorkspaceId,
    ) -> Answer<'a, NetworkAdditions>;
    /// Replaces what a workspace adds, unless somebody else has changed it since.
    fn save_additions<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        workspace: WorkspaceId,
        request: NetworkAdditions,
    ) -> Answer<'a, NetworkAdditions>;
    /// All rules in force, and where they come from.
    fn effective<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        scope: PolicyScope,
    ) -> Answer<'a, EffectivePolicy>;
    /// Whether a host would be reached, and by which rule.
    fn check<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        scope: PolicyScope,
        host: &'a str,
    ) -> Answer<'a, HostVerdict>;
    /// Lets a host be reached.
    fn allow<'a>(&'a self, caller: Caller, project: &'a ProjectId, request: AllowHost) -> Answer<'a, HostAllowed>;
    /// Takes an allowed host from a list.
    fn disallow<'a>(&'a self, caller: Caller, project: &'a ProjectId, request: DisallowHost) -> Answer<'a, ()>;
}

/// What passes through the proxies of sessions. Pages follow the log itself as a stream of the REST API.
pub trait Traffic: Send + Sync {
    /// What was counted by host, and what the cache did; nothing where no sandbox runs.
    fn summary<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
    ) -> Answer<'a, Option<TrafficSummary>>;
    /// Removes everything from the cache.
    fn clear_cache<'a>(&'a self, caller: Caller, project: &'a ProjectId, session: SessionId) -> Answer<'a, ()>;
}

/// The code of sessions, which is there while their sandboxes run.
pub trait Code: Send + Sync {
    /// What a session has changed since it started, or what one of its turns did.
    fn changes<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        turn: Option<TurnId>,
    ) -> Answer<'a, Changes>;
    /// Puts files, branch and index back to what they were before a turn.
    fn rewind<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        turn: TurnId,
        conversation: bool,
    ) -> Answer<'a, Rewound>;
    /// Undoes that; without a number the last rewind of the conversation.
    fn undo_rewind<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        number: Option<u32>,
    ) -> Answer<'a, Rewound>;
    /// Rows of the difference of a file.
    fn diff<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        query: DiffQuery,
    ) -> Answer<'a, CodeView>;
    /// Lines of a file; nothing is seen of one that isn’t there.
    fn file<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        query: FileQuery,
    ) -> Answer<'a, CodeView>;
    /// What is in a folder.
    fn folder<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        path: &'a str,
    ) -> Answer<'a, Folder>;
    /// Puts what a session made into its workspace's repository, as a branch.
    fn save_branch<'a>(&'a self, caller: Caller, project: &'a ProjectId, session: SessionId)
    -> Answer<'a, SavedBranch>;
    /// Removes such a branch, unless it has moved since.
    fn undo_branch<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        saved: SavedBranch,
    ) -> Answer<'a, ()>;
}

/// Terminals of sessions. Pages attach to one by a WebSocket of the REST API.
pub trait Terminals: Send + Sync {
    /// The open terminals of a session whose sandbox runs.
    fn list<'a>(&'a self, caller: Caller, project: &'a ProjectId, session: SessionId) -> Answer<'a, Vec<Terminal>>;
    /// Opens one. A sandbox that doesn't run is started for it.
    fn open<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: OpenTerminal,
    ) -> Answer<'a, Terminal>;
    /// Renames one.
    fn rename<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        terminal: TerminalId,
        request: RenameTerminal,
    ) -> Answer<'a, Terminal>;
    /// Closes one, with all that runs in it.
    fn close<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        terminal: TerminalId,
    ) -> Answer<'a, ()>;
    /// Looks for a text in what they have printed, closed ones included.
    fn search<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        query: TerminalQuery,
    ) -> Answer<'a, TerminalMatches>;
}

/// Sessions of a project, with their turns and transcripts.
pub trait Sessions: Send + Sync {
    /// Creates one; its sandbox is made in the background.
    fn create<'a>(&'a self, caller: Caller, project: &'a ProjectId, request: CreateSession) -> Answer<'a, Session>;
    /// Creates one that goes on from where another one is, or was.
    fn fork<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        request: ForkSession,
    ) -> Answer<'a, Session>;
    /// Everything that a session's page shows.
    fn view<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: SessionId) -> Answer<'a, SessionView>;
    /// Gives it a display name, or takes that away.
    fn rename<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        request: RenameSession,
    ) -> Answer<'a, Session>;
    /// Starts the stopped sandbox, or tries the failed stage again.
    fn start<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: SessionId) -> Answer<'a, Session>;
    /// Stops the sandbox, or cancels the building of it.
    fn stop<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: SessionId) -> Answer<'a, Session>;
    /// Deletes it with its sandbox and all data.
    fn delete<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: SessionId) -> Answer<'a, ()>;
    /// Messages before the one with number `before`, at most 50.
    fn messages<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        before: u64,
    ) -> Answer<'a, MessagePage>;
    /// Lines of a tool call's output from line `from` on, at most 2,000.
    fn output<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        part: PartId,
        from: u64,
    ) -> Answer<'a, Output>;
    /// Stores a prompt as a queued turn, the next to run if it steers.
    fn submit<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        request: SubmitPrompt,
    ) -> Answer<'a, Turn>;
    /// Changes a queued turn's prompt.
    fn edit_turn<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        turn: TurnId,
        request: EditPrompt,
    ) -> Answer<'a, Turn>;
    /// Deletes a queued turn.
    fn delete_turn<'a>(&'a self, caller: Caller, project: &'a ProjectId, id: SessionId, turn: TurnId)
    -> Answer<'a, ()>;
    /// Stops a turn: a queued one is cancelled, a running one is ended in the sandbox.
    fn cancel_turn<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        turn: TurnId,
    ) -> Answer<'a, Turn>;
    /// Sends a queued turn now: the turn that runs is stopped, and this one goes before all others that wait.
    fn steer_turn<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        turn: TurnId,
    ) -> Answer<'a, Turn>;
    /// Deletes a file that was uploaded and that no prompt has taken.
    fn detach<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        attachment: AttachmentId,
    ) -> Answer<'a, ()>;
    /// Finds files of the session's copy of the code by a part of their path, the best first.
    fn find_files<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        name: &'a str,
    ) -> Answer<'a, Vec<String>>;
    /// Answers a request for permission, which `part_number` names within its turn. The first answer counts; the answer
    /// to this call says which one that was.
    fn answer_permission<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        turn: TurnId,
        part_number: u32,
        request: AnswerPermission,
    ) -> Answer<'a, PermissionAnswered>;
    /// Changes a setting of the running agent, and answers with all settings as they are then.
    fn change_setting<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        id: SessionId,
        request: ChangeSetting,
    ) -> Answer<'a, Vec<Setting>>;
}
