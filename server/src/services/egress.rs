//! What each sandbox's proxy is told: who may be reached, and which keys go into which requests. It is put together from the
//! network policy, the session's credentials and what the operator says of every sandbox, and changes when one of these does.

use std::sync::Arc;

use octobot_proxy::config::Config;
use octobot_proxy::inject::OneOrMany;
use octobot_proxy::policy::Allowlist;
use octobot_wire::{ProjectId, SessionId};
use tokio::sync::Mutex;

use super::network::allowlist;
use super::{Core, ServiceError};
use crate::domain::{Session, SessionGoal};
use crate::sandbox::network::machine_addresses;
use crate::sandbox::{Provider, ProxyClient, ProxyError, Secret};
use crate::store::Tx;

/// See the module.
pub struct Egress {
    core: Arc<Core>,
    provider: Arc<dyn Provider>,
    /// What the operator says of every sandbox's proxy.
    of_operator: Config,
    /// Configurations are put together and into force one after the other, so that none overtakes a later one.
    order: Mutex<()>,
}

impl Egress {
    /// Works on `core`, for the sandboxes of `provider`.
    pub fn new(core: Arc<Core>, provider: Arc<dyn Provider>, of_operator: Config) -> Self {
        Self { core, provider, of_operator, order: Mutex::default() }
    }

    /// What the operator says about who may be reached from every sandbox.
    pub fn operators_list(&self) -> &Allowlist {
        &self.of_operator.allowlist
    }

    /// The configuration of a session's proxy.
    pub async fn config(&self, session: &Session) -> Result<Secret, ServiceError> {
        let mut tx = self.core.store.read().await?;
        let mut config = self.of_operator.clone();
        config.allowlist = allowlist(&mut tx, &config.allowlist, &session.project_id, session.workspace_id).await?;
        for (host, rule) in rules(&mut tx, session).await? {
            match config.headers.entry(host).or_insert_with(|| OneOrMany::Many(Vec::new())) {
                OneOrMany::Many(rules) => rules.push(rule),
                one @ OneOrMany::One(_) => *one = OneOrMany::Many([one.rules(), &[rule]].concat()),
            }
        }
        let addresses = machine_addresses().map_err(|error| ServiceError::Sandbox(Box::new(error)))?;
        config.hosts.extend(addresses);
        config.phase = session.phase;
        if let Some(policy) = &session.repository_policy {
            policy.narrow(&mut config);
        }
        Ok(Secret::new(config.to_text_with_secrets()))
    }

    /// The configuration of a sandbox that belongs to no session yet: nothing may be reached.
    pub fn closed(&self) -> Secret {
        Secret::new(Config { allowlist: Allowlist::default(), ..self.of_operator.clone() }.to_text_with_secrets())
    }

    /// Puts into force what has changed for a project's sandboxes. It has been decided already, so what fails is told in the server's
    /// log and made up for when the sandbox starts again.
    pub async fn policy_changed(&self, project: &ProjectId) {
        let applied = async {
            let _turn = self.order.lock().await;
            let sessions = self.core.store.read().await?.sessions(project).await?;
            self.apply(sessions).await
        };
        told(applied.await);
    }

    /// Puts into force what has changed for one session.
    pub async fn session_changed(&self, session: SessionId) {
        let applied = async {
            let _turn = self.order.lock().await;
            let session = self.core.store.read().await?.session_by_id(session).await?;
            self.apply(session.into_iter().collect()).await
        };
        told(applied.await);
    }

    /// Puts into force what holds for one session. When this returns it does.
    pub async fn enforce(&self, session: SessionId) -> Result<(), ServiceError> {
        let _turn = self.order.lock().await;
        let session = self.core.store.read().await?.session_by_id(session).await?;
        match session.filter(|session| session.goal == SessionGoal::Up) {
            Some(session) => self.tell(&session).await,
            None => Ok(()),
        }
    }

    /// Puts into force what should be, everywhere: a server that was killed may have left something undone.
    pub async fn refresh(&self) {
        let applied = async {
            let _turn = self.order.lock().await;
            let sessions = self.core.store.read().await?.all_sessions().await?;
            self.apply(sessions).await
        };
        told(applied.await);
    }

    /// Tells each session's proxy. One that can't be told doesn't keep the others from it.
    async fn apply(&self, sessions: Vec<Session>) -> Result<(), ServiceError> {
        for session in sessions.into_iter().filter(|session| session.goal == SessionGoal::Up) {
            if let Err(error) = self.tell(&session).await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(session.id = %session.id, error, "what a sandbox may reach couldn't be put into force");
            }
        }
        Ok(())
    }

    async fn tell(&self, session: &Session) -> Result<(), ServiceError> {
        let config = self.config(session).await?;
        let unreachable = |error| ServiceError::Sandbox(Box::new(error));
        self.provider.configure(session.id, &config).await.map_err(unreachable)?;
        let Some(connection) = self.provider.proxy(session.id).await.map_err(unreachable)? else { return Ok(()) };
        match ProxyClient::new(connection).configure(&config).await {
            // It is about to start, and reads what it is told then.
            Ok(()) | Err(ProxyError::Unreachable { .. }) => Ok(()),
            Err(error) => Err(ServiceError::Sandbox(Box::new(error))),
        }
    }
}

fn told(applied: Result<(), ServiceError>) {
    if let Err(error) = applied {
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, "what sandboxes may reach couldn't be put into force");
    }
}

/// What the proxy does for a session's credentials, by host.
async fn rules(tx: &mut Tx, session: &Session) -> Result<Vec<(String, octobot_proxy::inject::Rule)>, ServiceError> {
    let mut rules = Vec::new();
    for credential in tx.credentials_of_session(&session.project_id, session.id).await? {
        let values = tx.credential_values(credential.id).await?;
        rules.extend(credential.rules(&values));
    }
    Ok(rules)
}
