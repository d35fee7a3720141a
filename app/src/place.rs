//! Where in the product a URL points: links are made here, and the address is read here.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use octobot_wire::{AgentId, AttachmentId, ProjectId, SessionId, TerminalId, WorkspaceId};

/// What the main area shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The overview, where sessions begin.
    Overview,
    /// A session.
    Session(SessionId),
    /// A workspace.
    Workspace(WorkspaceId),
    /// The list of agents.
    Agents,
    /// The form for a new agent.
    NewAgent,
    /// An agent.
    Agent(AgentId),
    /// The credentials.
    Credentials,
    /// Who may be reached from sandboxes.
    Network,
    /// What passes through a session's proxy.
    Traffic(SessionId),
    /// Nothing that exists.
    Elsewhere,
}

impl Place {
    /// Whether it is one of the places to do with agents.
    pub fn is_of_agents(self) -> bool {
        matches!(self, Self::Agents | Self::NewAgent | Self::Agent(_))
    }

    /// Reads a path.
    pub fn of_path(path: &str) -> Self {
        let mut steps = path.trim_matches('/').split('/');
        let (Some("projects"), Some(_)) = (steps.next(), steps.next()) else { return Self::Elsewhere };
        match (steps.next(), steps.next()) {
            (None, _) => Self::Overview,
            (Some("sessions"), Some(id)) => match steps.next() {
                None => id.parse().map_or(Self::Elsewhere, Self::Session),
                Some("network") => id.parse().map_or(Self::Elsewhere, Self::Traffic),
                Some(_) => Self::Elsewhere,
            },
            (Some("workspaces"), Some(id)) => id.parse().map_or(Self::Elsewhere, Self::Workspace),
            (Some("agents"), None) => Self::Agents,
            (Some("agents"), Some("new")) => Self::NewAgent,
            (Some("agents"), Some(id)) => id.parse().map_or(Self::Elsewhere, Self::Agent),
            (Some("credentials"), None) => Self::Credentials,
            (Some("network"), None) => Self::Network,
            _ => Self::Elsewhere,
        }
    }
}

/// What of a session is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panes {
    /// The chat.
    Chat,
    /// Its terminals.
    Terminal,
    /// Both, side by side.
    Both,
}

impl Panes {
    /// Reads the query of a session's address.
    pub fn of_query(query: &str) -> Self {
        let view = query.trim_start_matches('?').split('&').find_map(|field| field.strip_prefix("view="));
        match view {
            Some("terminal") => Self::Terminal,
            Some("both") => Self::Both,
            _ => Self::Chat,
        }
    }

    /// As addresses and style sheets call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Terminal => "terminal",
            Self::Both => "both",
        }
    }
}

/// Follows what of the session the address wants shown.
pub fn use_panes() -> Memo<Panes> {
    let query = use_location().search;
    Memo::new(move |_| query.with(|query| Panes::of_query(query)))
}

/// Follows the place that the address names.
pub fn use_place() -> Memo<Place> {
    let path = use_location().pathname;
    Memo::new(move |_| path.with(|path| Place::of_path(path)))
}

/// A project's overview.
pub fn project_url(project: &ProjectId) -> String {
    format!("/projects/{project}")
}

/// The overview with a workspace chosen for the new session.
pub fn new_session_url(project: &ProjectId, workspace: WorkspaceId) -> String {
    format!("/projects/{project}?workspace={workspace}")
}

/// A session.
pub fn session_url(project: &ProjectId, session: SessionId) -> String {
    format!("/projects/{project}/sessions/{session}")
}

/// A session, of which these panes are shown.
pub fn panes_url(project: &ProjectId, session: SessionId, panes: Panes) -> String {
    let url = session_url(project, session);
    if panes == Panes::Chat { url } else { format!("{url}?view={}", panes.name()) }
}

/// Where a terminal is attached to, from a byte on.
pub fn attach_path(project: &ProjectId, session: SessionId, terminal: TerminalId, after: Option<u64>) -> String {
    let after = after.map(|after| format!("?after={after}")).unwrap_or_default();
    format!("/api/projects/{project}/sessions/{session}/terminals/{terminal}/attach{after}")
}

/// Where files for a session's next prompt are sent.
pub fn attachments_url(project: &ProjectId, session: SessionId, name: &str) -> String {
    let name = String::from(js_sys::encode_uri_component(name));
    format!("/api/projects/{project}/sessions/{session}/attachments?name={name}")
}

/// A file that goes with a prompt.
pub fn file_url(project: &ProjectId, session: SessionId, file: AttachmentId) -> String {
    format!("/api/projects/{project}/sessions/{session}/files/{file}")
}

/// A workspace.
pub fn workspace_url(project: &ProjectId, workspace: WorkspaceId) -> String {
    format!("/projects/{project}/workspaces/{workspace}")
}

/// The list of agents.
pub fn agents_url(project: &ProjectId) -> String {
    format!("/projects/{project}/agents")
}

/// The form for a new agent.
pub fn new_agent_url(project: &ProjectId) -> String {
    format!("/projects/{project}/agents/new")
}

/// An agent.
pub fn agent_url(project: &ProjectId, agent: AgentId) -> String {
    format!("/projects/{project}/agents/{agent}")
}

/// The list of credentials.
pub fn credentials_url(project: &ProjectId) -> String {
    format!("/projects/{project}/credentials")
}

/// Who may be reached from a project's sandboxes.
pub fn network_url(project: &ProjectId) -> String {
    format!("/projects/{project}/network")
}

/// The same, with what a workspace adds.
pub fn workspace_network_url(project: &ProjectId, workspace: WorkspaceId) -> String {
    format!("/projects/{project}/network?workspace={workspace}")
}

/// What passes through a session's proxy.
pub fn traffic_url(project: &ProjectId, session: SessionId) -> String {
    format!("/projects/{project}/sessions/{session}/network")
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn every_link_leads_to_its_place() {
        let (project, id) = (ProjectId::local(), Uuid::from_u128(5));
        let (session, workspace) = (SessionId::new(id), WorkspaceId::new(id));
        let places = [
            (project_url(&project), Place::Overview),
            (session_url(&project, session), Place::Session(session)),
            (workspace_url(&project, workspace), Place::Workspace(workspace)),
            (agents_url(&project), Place::Agents),
            (new_agent_url(&project), Place::NewAgent),
            (agent_url(&project, AgentId::new(id)), Place::Agent(AgentId::new(id))),
            (credentials_url(&project), Place::Credentials),
            (network_url(&project), Place::Network),
            (traffic_url(&project, session), Place::Traffic(session)),
        ];
        for (url, place) in places {
            assert_eq!(Place::of_path(&url), place, "{url}");
        }
    }

    #[test]
    fn what_of_a_session_is_shown_stands_in_its_address() {
        let (project, session) = (ProjectId::local(), SessionId::new(Uuid::from_u128(5)));
        for panes in [Panes::Chat, Panes::Terminal, Panes::Both] {
            let url = panes_url(&project, session, panes);
            let (path, query) = url.split_once('?').unwrap_or((&url, ""));
            assert_eq!((Place::of_path(path), Panes::of_query(query)), (Place::Session(session), panes));
        }
        assert_eq!(Panes::of_query("?a=b&view=terminal"), Panes::Terminal);
        assert_eq!(Panes::of_query("?view=nonsense"), Panes::Chat);
    }

    #[test]
    fn a_path_that_names_nothing_leads_elsewhere() {
        for path in [
            "/",
            "/projects",
            "/projects/local/sessions/x",
            "/projects/local/sessions",
            "/projects/local/x",
            "/projects/local/agents/x",
        ] {
            assert_eq!(Place::of_path(path), Place::Elsewhere, "{path}");
        }
    }
}
