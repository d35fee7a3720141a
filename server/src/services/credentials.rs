//! Credentials: listed without their values, added, changed, tried with a real request, given to sessions, revoked.

mod checks;

use std::sync::Arc;

use octobot_app::ports::Caller;
use octobot_wire::credential::{CredentialTest, CredentialsView, SaveCredential, SessionCredentials};
use octobot_wire::launch::Variable;
use octobot_wire::session::Network;
use octobot_wire::{CredentialId, ProjectId, SessionId, Timestamp};

pub use self::checks::InvalidCredential;
use self::checks::{check_rules, checked};
use super::{Core, Egress, ServiceError};
use crate::domain::credential_type::credential_types;
use crate::domain::{Credential, Session};
use crate::store::Tx;
use crate::trial::Trials;

/// How many credentials a project may have.
const MAX_CREDENTIALS: usize = 100;

/// See the module.
pub struct CredentialService {
    core: Arc<Core>,
    egress: Arc<Egress>,
    trials: Trials,
}

impl CredentialService {
    /// Works on `core`; proxies are told by `egress`.
    pub fn new(core: Arc<Core>, egress: Arc<Egress>, trials: Trials) -> Self {
        Self { core, egress, trials }
    }

    /// A project's credentials and the types that there are.
    pub async fn view(&self, caller: Caller, project: &ProjectId) -> Result<CredentialsView, ServiceError> {
        let mut tx = self.core.store.read().await?;
        self.core.member(&mut tx, caller, project).await?;
        let credentials = tx.credentials(project).await?;
        Ok(CredentialsView {
            credentials: credentials.iter().map(Credential::to_wire).collect(),
            types: credential_types(),
        })
    }

    /// Adds a credential, then tries it. It is kept whatever comes of that.
    pub async fn create(
        &self,
        caller: Caller,
        project: &ProjectId,
        request: SaveCredential,
    ) -> Result<Credential, ServiceError> {
        let mut tx = self.core.store.begin().await?;
        self.core.member(&mut tx, caller, project).await?;
        let others = tx.credentials(project).await?;
        if others.len() >= MAX_CREDENTIALS {
            return Err(InvalidCredential::TooMany.into());
        }
        let (request, values) = checked(request, &others, None, &[])?;
        let now = self.core.now();
        let credential = Credential {
            id: CredentialId::new(self.core.fresh()),
            project_id: project.clone(),
            name: request.name,
            credential_type: request.credential_type,
            base_url: request.base_url,
            every_session: request.every_session,
            value_names: values.iter().map(|value| value.name.clone()).collect(),
            tested: None,
            last_used_at: None,
            rotated_at: now,
            created_at: now,
        };
        check_rules(&credential, &values)?;
        tx.insert_credential(&credential, &values).await?;
        self.core.commit(tx).await?;
        self.egress.policy_changed(project).await;
        tracing::info!(credential.id = %credential.id, "credential {} was added", credential.id);
        self.tried(credential, values).await
    }

    /// Changes a credential. A value that isn't given is kept. Where a value or the address is another, it is tried again.
    pub async fn update(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: CredentialId,
        request: SaveCredential,
    ) -> Result<Credential, ServiceError> {
        let mut tx = self.core.store.begin().await?;
        let (mut credential, others) = self.find(&mut tx, caller, project, id).await?;
        if credential.credential_type != request.credential_type {
            return Err(InvalidCredential::TypeFixed.into());
        }
        let kept = tx.credential_values(id).await?;
        let (request, values) = checked(request, &others, credential.base_url.as_deref(), &kept)?;
        let is_rotated = values != kept || request.base_url != credential.base_url;
        if is_rotated {
            credential.rotated_at = self.later_than(credential.rotated_at);
        }
        credential.name = request.name;
        credential.base_url = request.base_url;
        credential.every_session = request.every_session;
        credential.value_names = values.iter().map(|value| value.name.clone()).collect();
        check_rules(&credential, &values)?;
        tx.update_credential(&credential, &values).await?;
        self.core.commit(tx).await?;
        self.egress.policy_changed(project).await;
        tracing::info!(credential.id = %id, credential.rotated = is_rotated, "credential {id} was changed");
        if is_rotated { self.tried(credential, values).await } else { Ok(credential) }
    }

    /// Tries a credential with a real request.
    pub async fn test(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: CredentialId,
    ) -> Result<Credential, ServiceError> {
        let mut tx = self.core.store.read().await?;
        let (credential, _) = self.find(&mut tx, caller, project, id).await?;
        let values = tx.credential_values(id).await?;
        drop(tx);
        self.tried(credential, values).await
    }

    /// Deletes a credential with its values: no agent is given it from its next turn on, and no proxy adds it to another request.
    pub async fn revoke(&self, caller: Caller, project: &ProjectId, id: CredentialId) -> Result<(), ServiceError> {
        let mut tx = self.core.store.begin().await?;
        self.find(&mut tx, caller, project, id).await?;
        tx.delete_credential(id).await?;
        self.core.commit(tx).await?;
        self.egress.policy_changed(project).await;
        tracing::info!(credential.id = %id, "credential {id} was revoked");
        Ok(())
    }

    /// The credentials that a session was given.
    pub async fn of_session(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
    ) -> Result<SessionCredentials, ServiceError> {
        let mut tx = self.core.store.read().await?;
        self.core.member(&mut tx, caller, project).await?;
        tx.session(project, session).await?.ok_or(ServiceError::NotFound("session"))?;
        Ok(SessionCredentials { credentials: tx.session_credentials(session).await? })
    }

    /// Gives a session these credentials, from its next turn on, beside those that every session has.
    pub async fn give_to_session(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        request: SessionCredentials,
    ) -> Result<SessionCredentials, ServiceError> {
        let mut tx = self.core.store.begin().await?;
        self.core.member(&mut tx, caller, project).await?;
        let known = tx.credentials(project).await?;
        tx.session(project, session).await?.ok_or(ServiceError::NotFound("session"))?;
        let mut chosen = request.credentials;
        chosen.sort_unstable();
        chosen.dedup();
        if !chosen.iter().all(|id| known.iter().any(|credential| credential.id == *id)) {
            return Err(ServiceError::NotFound("credential"));
        }
        tx.replace_session_credentials(session, &chosen).await?;
        self.core.commit(tx).await?;
        self.egress.session_changed(session).await;
        Ok(SessionCredentials { credentials: chosen })
    }

    /// Tries a credential and keeps what came of it.
    async fn tried(&self, mut credential: Credential, values: Vec<Variable>) -> Result<Credential, ServiceError> {
        let Some(outcome) = self.trials.run(&credential, &values).await else { return Ok(credential) };
        let test = CredentialTest { at: self.core.now(), outcome };
        let mut tx = self.core.store.begin().await?;
        tx.note_credential_test(credential.id, credential.rotated_at, &test).await?;
        self.core.commit(tx).await?;
        credential.tested = Some(test);
        Ok(credential)
    }

    /// The time now, but never the one that other values have: by it a try knows what it tried.
    fn later_than(&self, before: Timestamp) -> Timestamp {
        self.core.now().max(Timestamp(before.0 + 1))
    }

    /// A credential of the project, and the others.
    async fn find(
        &self,
        tx: &mut Tx,
        caller: Caller,
        project: &ProjectId,
        id: CredentialId,
    ) -> Result<(Credential, Vec<Credential>), ServiceError> {
        self.core.member(tx, caller, project).await?;
        let mut all = tx.credentials(project).await?;
        let place = all.iter().position(|credential| credential.id == id);
        let found = all.remove(place.ok_or(ServiceError::NotFound("credential"))?);
        Ok((found, all))
    }
}

/// The variables that a session's agent is given: the operator's, then those of its credentials, whose keys stay outside where a
/// proxy adds them.
pub(crate) async fn session_variables(
    tx: &mut Tx,
    session: &Session,
    of_operator: &[Variable],
    now: Timestamp,
) -> Result<Vec<Variable>, ServiceError> {
    let mut given = of_operator.to_vec();
    for credential in tx.credentials_of_session(&session.project_id, session.id).await? {
        let values = tx.credential_values(credential.id).await?;
        let has_proxy = session.isolation.as_ref().is_some_and(|isolation| isolation.network == Network::Proxied);
        give(&mut given, if has_proxy { credential.placeholders(values) } else { credential.variables(values) });
        tx.note_credential_use(credential.id, now).await?;
    }
    Ok(given)
}

/// Adds variables. A name that comes again takes the place of the one before.
fn give(given: &mut Vec<Variable>, more: Vec<Variable>) {
    given.retain(|before| more.iter().all(|variable| variable.name != before.name));
    given.extend(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_is_given_again_takes_the_place_of_the_one_before() {
        let variable = |name: &str, value: &str| Variable { name: name.to_owned(), value: value.to_owned() };
        let mut given = vec![variable("A", "operator"), variable("B", "operator")];
        give(&mut given, vec![variable("A", "credential"), variable("C", "credential")]);
        assert_eq!(given, [variable("B", "operator"), variable("A", "credential"), variable("C", "credential")]);
    }
}
