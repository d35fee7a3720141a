//! Agents: create, change, choose the default, delete.

use std::sync::Arc;

use octobot_app::ports::Caller;
use octobot_wire::agent::{AgentOptions, AgentTypeId, SaveAgent};
use octobot_wire::event::Change;
use octobot_wire::mcp::SaveMcpServer;
use octobot_wire::name::parse_name;
use octobot_wire::turn::MAX_PROMPT_BYTES;
use octobot_wire::{AgentId, ProjectId};

use super::{Core, ServiceError};
use crate::domain::Agent;
use crate::store::Tx;

/// See the module.
pub struct AgentService {
    pub(super) core: Arc<Core>,
}

impl AgentService {
    /// Works on `core`.
    pub fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Creates an agent.
    pub async fn create(&self, caller: Caller, project: &ProjectId, request: SaveAgent) -> Result<Agent, ServiceError> {
        let request = checked(request)?;
        let mut tx = self.core.store.begin().await?;
        self.core.member(&mut tx, caller, project).await?;
        let now = self.core.now();
        let agent = Agent {
            id: AgentId::new(self.core.fresh()),
            project_id: project.clone(),
            name: request.name,
            agent_type: request.agent_type,
            is_default: tx.default_agent(project).await?.is_none(),
            setup_script: request.setup_script,
            options: request.options,
            created_at: now,
            updated_at: now,
        };
        tx.insert_agent(&agent).await?;
        self.save(tx, &agent, request.mcp_servers).await?;
        Ok(agent)
    }

    /// Changes an agent. Sessions that run keep the setup script that they started with.
    pub async fn update(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: AgentId,
        request: SaveAgent,
    ) -> Result<Agent, ServiceError> {
        let request = checked(request)?;
        let mut tx = self.core.store.begin().await?;
        let mut agent = self.find(&mut tx, caller, project, id).await?;
        if agent.agent_type != request.agent_type {
            return Err(ServiceError::AgentTypeFixed);
        }
        agent.name = request.name;
        agent.setup_script = request.setup_script;
        agent.options = request.options;
        agent.updated_at = self.core.now();
        tx.update_agent(&agent).await?;
        self.save(tx, &agent, request.mcp_servers).await?;
        Ok(agent)
    }

    /// Makes an agent the one that new sessions take.
    pub async fn make_default(&self, caller: Caller, project: &ProjectId, id: AgentId) -> Result<Agent, ServiceError> {
        let mut tx = self.core.store.begin().await?;
        let mut agent = self.find(&mut tx, caller, project, id).await?;
        if agent.is_default {
            return Ok(agent);
        }
        let former = tx.default_agent(project).await?;
        tx.make_default(project, id).await?;
        if let Some(former) = former {
            tx.record(project, Change::Agent { agent: Agent { is_default: false, ..former }.to_wire() });
        }
        agent.is_default = true;
        self.record_and_commit(tx, &agent).await?;
        Ok(agent)
    }

    /// Deletes an agent that isn't the default and has no sessions.
    pub async fn delete(&self, caller: Caller, project: &ProjectId, id: AgentId) -> Result<(), ServiceError> {
        let mut tx = self.core.store.begin().await?;
        let agent = self.find(&mut tx, caller, project, id).await?;
        if agent.is_default {
            return Err(ServiceError::AgentIsDefault);
        }
        let sessions = tx.sessions_with_agent(id).await?;
        if sessions > 0 {
            return Err(ServiceError::AgentInUse { sessions });
        }
        tx.delete_agent(id).await?;
        tx.record(project, Change::AgentRemoved { agent_id: id });
        self.core.commit(tx).await
    }

    pub(super) async fn find(
        &self,
        tx: &mut Tx,
        caller: Caller,
        project: &ProjectId,
        id: AgentId,
    ) -> Result<Agent, ServiceError> {
        self.core.member(tx, caller, project).await?;
        tx.agent(project, id).await?.ok_or(ServiceError::NotFound("agent"))
    }

    /// Gives a stored agent the MCP servers that a request names, and commits.
    async fn save(&self, mut tx: Tx, agent: &Agent, servers: Option<Vec<SaveMcpServer>>) -> Result<(), ServiceError> {
        if let Some(servers) = servers {
            self.replace_mcp_servers(&mut tx, agent.id, "mcpServers", servers).await?;
        }
        self.record_and_commit(tx, agent).await
    }

    async fn record_and_commit(&self, mut tx: Tx, agent: &Agent) -> Result<(), ServiceError> {
        tx.record(&agent.project_id, Change::Agent { agent: agent.to_wire() });
        self.core.commit(tx).await
    }
}

fn checked(request: SaveAgent) -> Result<SaveAgent, ServiceError> {
    let name = parse_name(&request.name).map_err(|source| ServiceError::Name { field: "name", source })?;
    if request.setup_script.len() > MAX_PROMPT_BYTES {
        return Err(ServiceError::SetupScriptTooLong { bytes: request.setup_script.len() });
    }
    // The store's engines don't all take NUL, and no script can hold one.
    let setup_script = request.setup_script.replace('\0', "\u{fffd}");
    let options = checked_options(&request)?;
    Ok(SaveAgent { name, setup_script, options, ..request })
}

/// Options whose texts a program can be given, without what its type doesn't take.
fn checked_options(request: &SaveAgent) -> Result<AgentOptions, ServiceError> {
    let options = &request.options;
    if options.system_prompt.len() > MAX_PROMPT_BYTES {
        return Err(ServiceError::SystemPromptTooLong { bytes: options.system_prompt.len() });
    }
    let some = |choice: &Option<String>| choice.clone().filter(|choice| !choice.is_empty());
    let command = match request.agent_type {
        AgentTypeId::Custom => options.command.clone(),
        _ => Vec::new(),
    };
    let names_a_program = command.first().is_some_and(|program| !program.trim().is_empty());
    if request.agent_type == AgentTypeId::Custom && !names_a_program {
        return Err(ServiceError::CommandMissing);
    }
    let checked = AgentOptions {
        system_prompt: options.system_prompt.clone(),
        mode: some(&options.mode),
        model: some(&options.model),
        command,
    };
    let texts = [Some(&checked.system_prompt), checked.mode.as_ref(), checked.model.as_ref()];
    if texts.into_iter().flatten().chain(&checked.command).any(|text| text.contains('\0')) {
        return Err(ServiceError::NulInOptions);
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use octobot_wire::UserId;
    use octobot_wire::mcp::McpTransport;

    use super::*;
    use crate::services::bench::Ground;

    fn request(agent_type: AgentTypeId, options: AgentOptions) -> SaveAgent {
        SaveAgent { name: "A".to_owned(), agent_type, setup_script: String::new(), options, mcp_servers: None }
    }

    #[test]
    fn a_custom_agent_needs_a_command_and_the_others_have_none() {
        let command = vec!["my-agent".to_owned()];
        let options = AgentOptions { command: command.clone(), ..AgentOptions::default() };
        assert_eq!(checked(request(AgentTypeId::Custom, options.clone())).unwrap().options.command, command);
        assert_eq!(checked(request(AgentTypeId::Codex, options)).unwrap().options, AgentOptions::default());
        let without = checked(request(AgentTypeId::Custom, AgentOptions::default()));
        assert!(matches!(without, Err(ServiceError::CommandMissing)));
    }

    #[tokio::test]
    async fn an_agent_is_created_with_its_mcp_servers_or_not_at_all() {
        let Ground { core, folder: _folder, .. } = Ground::new().await;
        let (service, project) = (AgentService::new(Arc::new(core)), ProjectId::local());
        let caller = Caller { user_id: UserId::ANONYMOUS };
        let files = |name: &str| SaveMcpServer {
            id: None,
            name: name.to_owned(),
            transport: McpTransport::Stdio { command: vec!["mcp-files".to_owned()] },
            values: Vec::new(),
        };
        let create = async |servers: Vec<SaveMcpServer>| {
            let request = request(AgentTypeId::Codex, AgentOptions::default());
            service.create(caller, &project, SaveAgent { mcp_servers: Some(servers), ..request }).await
        };
        let refused = create(vec![files("files"), files("my files")]).await;
        let is_named = matches!(refused, Err(ServiceError::McpServer { field: "mcpServers", index: 1, .. }));
        assert!(is_named, "{refused:?}");
        let mut tx = service.core.store.read().await.unwrap();
        assert_eq!(tx.agents(&project).await.unwrap().len(), 1, "only the one that was there");
        drop(tx);

        let agent = create(vec![files("files")]).await.unwrap();
        let names = async || {
            let servers = service.mcp_servers(caller, &project, agent.id).await.unwrap();
            servers.into_iter().map(|server| server.name).collect::<Vec<_>>()
        };
        assert_eq!(names().await, ["files"]);
        let update = request(AgentTypeId::Codex, AgentOptions::default());
        service.update(caller, &project, agent.id, update.clone()).await.unwrap();
        assert_eq!(names().await, ["files"]);
        let update = SaveAgent { mcp_servers: Some(Vec::new()), ..update };
        service.update(caller, &project, agent.id, update).await.unwrap();
        assert_eq!(names().await, Vec::<String>::new());
    }

    #[test]
    fn an_empty_choice_is_none_and_nul_is_refused() {
        let options = AgentOptions { mode: Some(String::new()), ..AgentOptions::default() };
        assert_eq!(checked(request(AgentTypeId::Codex, options)).unwrap().options.mode, None);
        let options = AgentOptions { model: Some("a\0b".to_owned()), ..AgentOptions::default() };
        assert!(matches!(checked(request(AgentTypeId::Codex, options)), Err(ServiceError::NulInOptions)));
    }
}
