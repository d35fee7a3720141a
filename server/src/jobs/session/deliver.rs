//! Delivering prompts: one at a time, in order, each exactly once.
//!
//! A turn is marked as delivered before the daemon gets it, so that nobody edits a prompt that is on its way. A server
//! that dies in between sends it again, and the daemon, which knows its turns by their ids, runs it once.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use octobot_proxy::policy::Phase;
use octobot_wire::SessionId;
use octobot_wire::agent::{AgentOptions, AgentTypeId};
use octobot_wire::daemon::DeliverTurn;
use octobot_wire::event::Change;
use octobot_wire::launch::Launch;
use octobot_wire::setting::{AgentState, ChangeSetting, Setting};
use octobot_wire::tool::FileContent;
use octobot_wire::turn::TurnState;

use super::{JobError, Outcome, SessionJob};
use crate::domain::agent_type::launch;
use crate::domain::{Agent, File, Session, Turn};
use crate::sandbox::DaemonClient;
use crate::services::{ServiceError, retold, session_variables};
use crate::store::Tx;

/// A turn for the daemon, with the request that delivers it, unless the daemon has it for sure.
struct Claim {
    turn: Turn,
    delivery: Option<DeliverTurn>,
}

impl SessionJob {
    /// Delivers the next prompt, or passes on that the running one is to stop.
    pub(super) async fn deliver(&self, id: SessionId) -> Result<Outcome, JobError> {
        let Some(Claim { turn, delivery }) = self.claim(id).await? else { return Ok(Outcome::Done) };
        let Some(connection) = self.provider.connect(id).await? else {
            return Ok(Outcome::LookAgain { after_ms: 0 });
        };
        let daemon = DaemonClient::new(connection);
        if let Some(delivery) = delivery {
            self.prepare_network(id, &delivery, &daemon).await?;
            let answer = daemon.deliver(&delivery).await?;
            tracing::info!(session.id = %id, turn.id = %turn.id, turn.repeated = answer.repeated, "turn {} was delivered", turn.id);
        }
        if turn.cancel_requested {
            daemon.cancel(turn.id).await?;
        }
        Ok(Outcome::Done)
    }

    /// Sees to it that what holds for a setup script holds while one runs, and else what holds for agents.
    async fn prepare_network(
        &self,
        id: SessionId,
        delivery: &DeliverTurn,
        daemon: &DaemonClient,
    ) -> Result<(), JobError> {
        let sets_up = delivery.is_held && !daemon.health().await?.is_set_up;
        let phase = if sets_up { Phase::Setup } else { Phase::Agent };
        let mut tx = self.core.store.begin().await?;
        let Some(session) = tx.session_by_id(id).await?.filter(|session| session.phase != phase) else { return Ok(()) };
        tx.update_session(&Session { phase, ..session }).await?;
        self.core.commit(tx).await?;
        Ok(self.egress.enforce(id).await?)
    }

    /// The turn that the daemon should have now: the one that hasn't ended, else the next in the queue.
    async fn claim(&self, id: SessionId) -> Result<Option<Claim>, JobError> {
        let mut tx = self.core.store.begin().await?;
        let Some(mut session) = tx.session_by_id(id).await? else { return Ok(None) };
        let turn = match tx.active_turn(id).await? {
            Some(turn) => turn,
            None => match tx.next_queued(id).await? {
                Some(turn) => {
                    let turn = turn.delivered();
                    tx.update_turn(&turn).await?;
                    tx.record(&session.project_id, Change::Turn { turn: turn.to_wire() });
                    if session.begins_to_commit(turn.id) {
                        tx.update_session(&session).await?;
                        tx.record(&session.project_id, Change::Session { session: session.to_wire() });
                    }
                    turn
                }
                None => return Ok(None),
            },
        };
        let delivery = match turn.state {
            TurnState::Delivered => Some(self.delivery(&mut tx, &session, &turn).await?),
            _ => None,
        };
        self.core.commit(tx).await?;
        Ok(Some(Claim { turn, delivery }))
    }

    /// What the daemon is told of a turn. Here secrets are opened, so it is made for no turn that needs none.
    async fn delivery(&self, tx: &mut Tx, session: &Session, turn: &Turn) -> Result<DeliverTurn, ServiceError> {
        let agent = tx.agent_by_id(session.agent_id).await?.ok_or(ServiceError::NotFound("agent"))?;
        let launch = match agent.agent_type {
            AgentTypeId::Shell => Launch::Shell,
            _ => self.launch(tx, session, turn, &agent).await?,
        };
        let files = files_of(tx, turn).await?;
        let prompt = turn.prompt.clone();
        let setup_script = agent.setup_script;
        let is_held = !setup_script.trim().is_empty();
        Ok(DeliverTurn { turn_id: turn.id, launch, setup_script, is_held, prompt, files })
    }

    /// How an agent's program is launched for a turn.
    async fn launch(&self, tx: &mut Tx, session: &Session, turn: &Turn, agent: &Agent) -> Result<Launch, ServiceError> {
        let chosen = chosen(tx.agent_state(session.id).await?, &agent.options);
        let transcript = retold(tx, session.id, turn.id).await?;
        let conversation = tx.conversation(session.id).await?;
        let mut mcp_servers = Vec::new();
        for server in tx.mcp_servers(agent.id).await? {
            let values = tx.mcp_values(server.id).await?;
            mcp_servers.push(server.launch(values));
        }
        let variables = session_variables(tx, session, &self.agent_variables, self.core.now()).await?;
        Ok(launch(agent, &variables, mcp_servers, chosen, transcript, conversation))
    }
}

/// The files that go with a turn's prompt, as they travel.
async fn files_of(tx: &mut Tx, turn: &Turn) -> Result<Vec<FileContent>, ServiceError> {
    let mut files = Vec::with_capacity(turn.attachments.len());
    for file in &turn.attachments {
        let found = tx.attachment(turn.session_id, file.id).await?;
        let (File { name, media_type, .. }, data) = found.ok_or(ServiceError::NotFound("file"))?;
        files.push(FileContent { name, media_type, data: BASE64_STANDARD.encode(data) });
    }
    Ok(files)
}

/// What was chosen in a session: what its agent said last, and before that what its configuration says.
fn chosen(state: AgentState, options: &AgentOptions) -> Vec<ChangeSetting> {
    if state.settings.is_empty() {
        let configured = [("mode", &options.mode), ("model", &options.model)].into_iter();
        return configured
            .filter_map(|(setting, value)| Some(ChangeSetting { setting: setting.to_owned(), value: value.clone()? }))
            .collect();
    }
    state
        .settings
        .into_iter()
        .map(|Setting { id, current, .. }| ChangeSetting { setting: id, value: current })
        .collect()
}

#[cfg(test)]
mod tests {
    use octobot_wire::setting::SettingCategory;

    use super::*;

    #[test]
    fn what_an_agent_has_said_is_chosen_comes_before_its_configuration() {
        let options = AgentOptions { model: Some("small".to_owned()), ..AgentOptions::default() };
        let change =
            |setting: &str, value: &str| ChangeSetting { setting: setting.to_owned(), value: value.to_owned() };
        assert_eq!(chosen(AgentState::default(), &options), [change("model", "small")]);
        let told = Setting {
            id: "the-model".to_owned(),
            name: "Model".to_owned(),
            description: String::new(),
            category: SettingCategory::Model,
            current: "large".to_owned(),
            choices: Vec::new(),
        };
        let state = AgentState { settings: vec![told], ..AgentState::default() };
        assert_eq!(chosen(state, &options), [change("the-model", "large")]);
    }
}
