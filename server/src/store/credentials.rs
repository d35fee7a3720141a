//! Credentials. Their values are sealed; only who gives them to an agent, tries them or changes them opens them.

use octobot_wire::credential::{CredentialTest, CredentialTestOutcome};
use octobot_wire::launch::Variable;
use octobot_wire::{CredentialId, ProjectId, SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::column::{Reading, TextColumn as _, free_text, to_json};
use super::transaction::{Entity, execute, expect_row, query};
use super::{StoreError, Tx};
use crate::domain::Credential;

const TABLE: &str = "credentials";

/// The columns of a [`CredentialRow`], then how to find the rows.
macro_rules! select_credentials {
    ($rest:literal) => {
        concat!(
            "SELECT id, project_id, name, credential_type, base_url, every_session, variables, tested, last_used_at, \
             rotated_at, created_at FROM credentials ",
            $rest
        )
    };
}

#[derive(sqlx::FromRow)]
struct CredentialRow {
    id: Uuid,
    project_id: String,
    name: String,
    credential_type: String,
    base_url: Option<String>,
    every_session: bool,
    variables: String,
    tested: Option<String>,
    last_used_at: Option<i64>,
    rotated_at: i64,
    created_at: i64,
}

/// What came of a try, as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum StoredTest {
    Accepted { at: i64 },
    Refused { at: i64, reason: String },
    Unknown { at: i64, reason: String },
}

impl From<&CredentialTest> for StoredTest {
    fn from(CredentialTest { at, outcome }: &CredentialTest) -> Self {
        match outcome.clone() {
            CredentialTestOutcome::Accepted => Self::Accepted { at: at.0 },
            CredentialTestOutcome::Refused { reason } => Self::Refused { at: at.0, reason },
            CredentialTestOutcome::Unknown { reason } => Self::Unknown { at: at.0, reason },
        }
    }
}

impl From<StoredTest> for CredentialTest {
    fn from(stored: StoredTest) -> Self {
        let (at, outcome) = match stored {
            StoredTest::Accepted { at } => (at, CredentialTestOutcome::Accepted),
            StoredTest::Refused { at, reason } => (at, CredentialTestOutcome::Refused { reason }),
            StoredTest::Unknown { at, reason } => (at, CredentialTestOutcome::Unknown { reason }),
        };
        Self { at: Timestamp(at), outcome }
    }
}

impl TryFrom<CredentialRow> for Credential {
    type Error = StoreError;

    fn try_from(row: CredentialRow) -> Result<Self, Self::Error> {
        let reading = Reading { table: TABLE, row: &row.id };
        let tested =
            row.tested.as_deref().map(|json| reading.detail::<StoredTest>("tested", Some(json))).transpose()?;
        Ok(Self {
            id: CredentialId::new(row.id),
            project_id: row.project_id.parse().map_err(|_| reading.corrupt("project_id"))?,
            name: row.name,
            credential_type: reading.text("credential_type", &row.credential_type)?,
            base_url: row.base_url,
            every_session: row.every_session,
            value_names: reading.detail("variables", Some(&row.variables))?,
            tested: tested.map(CredentialTest::from),
            last_used_at: row.last_used_at.map(Timestamp),
            rotated_at: Timestamp(row.rotated_at),
            created_at: Timestamp(row.created_at),
        })
    }
}

impl Tx {
    /// Stores a new credential with its values. A project has a name once.
    pub async fn insert_credential(&mut self, credential: &Credential, values: &[Variable]) -> Result<(), StoreError> {
        let sealed = self.seal_values(TABLE, credential.id, values)?;
        execute!(
            self,
            "INSERT INTO credentials (id, project_id, name, credential_type, base_url, every_session, variables, \
             sealed_values, rotated_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            credential.id.uuid(),
            credential.project_id.as_str(),
            free_text(TABLE, "name", &credential.name)?,
            credential.credential_type.to_text(),
            credential.base_url.as_deref().map(|url| free_text(TABLE, "base_url", url)).transpose()?,
            credential.every_session,
            to_json(&credential.value_names)?.as_str(),
            sealed.as_bytes(),
            credential.rotated_at.0,
            credential.created_at.0,
        )
        .map(|_| ())
    }

    /// Stores a changed credential with its values. What is known of its use stays.
    pub async fn update_credential(&mut self, credential: &Credential, values: &[Variable]) -> Result<(), StoreError> {
        let sealed = self.seal_values(TABLE, credential.id, values)?;
        let changed = execute!(
            self,
            "UPDATE credentials SET name = $2, base_url = $3, every_session = $4, variables = $5, sealed_values = $6, \
             rotated_at = $7 WHERE id = $1",
            credential.id.uuid(),
            free_text(TABLE, "name", &credential.name)?,
            credential.base_url.as_deref().map(|url| free_text(TABLE, "base_url", url)).transpose()?,
            credential.every_session,
            to_json(&credential.value_names)?.as_str(),
            sealed.as_bytes(),
            credential.rotated_at.0,
        )?;
        expect_row(changed, TABLE, credential.id)
    }

    /// Keeps what came of a try, unless the values are others by now than those that were tried.
    pub async fn note_credential_test(
        &mut self,
        id: CredentialId,
        tried: Timestamp,
        test: &CredentialTest,
    ) -> Result<(), StoreError> {
        let stored = to_json(&StoredTest::from(test))?;
        let sql = "UPDATE credentials SET tested = $3 WHERE id = $1 AND rotated_at = $2";
        execute!(self, sql, id.uuid(), tried.0, stored.as_str()).map(|_| ())
    }

    /// Keeps when an agent was given a credential.
    pub async fn note_credential_use(&mut self, id: CredentialId, now: Timestamp) -> Result<(), StoreError> {
        execute!(self, "UPDATE credentials SET last_used_at = $2 WHERE id = $1", id.uuid(), now.0).map(|_| ())
    }

    /// A project's credentials, oldest first.
    pub async fn credentials(&mut self, project: &ProjectId) -> Result<Vec<Credential>, StoreError> {
        self.hold(Entity::Project(project)).await?;
        let sql = select_credentials!("WHERE project_id = $1 ORDER BY created_at, id");
        query!(self, fetch_all, CredentialRow, sql, project.as_str())?.into_iter().map(Credential::try_from).collect()
    }

    /// The values of a credential; none where there is no such credential.
    pub async fn credential_values(&mut self, id: CredentialId) -> Result<Vec<Variable>, StoreError> {
        let sql = "SELECT sealed_values FROM credentials WHERE id = $1";
        let Some((sealed,)) = query!(self, fetch_optional, (Vec<u8>,), sql, id.uuid())? else {
            return Ok(Vec::new());
        };
        self.open_values(TABLE, id, sealed)
    }

    /// Deletes a credential with its values.
    pub async fn delete_credential(&mut self, id: CredentialId) -> Result<(), StoreError> {
        execute!(self, "DELETE FROM credentials WHERE id = $1", id.uuid()).map(|_| ())
    }

    /// The credentials that a session has: those of every session, and those that it was given. Oldest first, the latter
    /// last.
    pub async fn credentials_of_session(
        &mut self,
        project: &ProjectId,
        session: SessionId,
    ) -> Result<Vec<Credential>, StoreError> {
        let sql = select_credentials!(
            "WHERE project_id = $1 AND (every_session OR id IN \
             (SELECT credential_id FROM session_credentials WHERE session_id = $2)) \
             ORDER BY every_session DESC, created_at, id"
        );
        let rows = query!(self, fetch_all, CredentialRow, sql, project.as_str(), session.uuid())?;
        rows.into_iter().map(Credential::try_from).collect()
    }

    /// The credentials that a session was given, beside those that every session has.
    pub async fn session_credentials(&mut self, session: SessionId) -> Result<Vec<CredentialId>, StoreError> {
        let sql = "SELECT credential_id FROM session_credentials WHERE session_id = $1 ORDER BY credential_id";
        let rows = query!(self, fetch_all, (Uuid,), sql, session.uuid())?;
        Ok(rows.into_iter().map(|(id,)| CredentialId::new(id)).collect())
    }

    /// Gives a session these credentials, in place of those that it was given.
    pub async fn replace_session_credentials(
        &mut self,
        session: SessionId,
        credentials: &[CredentialId],
    ) -> Result<(), StoreError> {
        self.hold(Entity::Session(session)).await?;
        execute!(self, "DELETE FROM session_credentials WHERE session_id = $1", session.uuid())?;
        for id in credentials {
            let sql = "INSERT INTO session_credentials (session_id, credential_id) VALUES ($1, $2)";
            execute!(self, sql, session.uuid(), id.uuid())?;
        }
        Ok(())
    }
}
