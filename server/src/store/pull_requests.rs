//! Pull requests that were opened for what sessions made, and what was asked in a session, which their text is proposed from.

use octobot_wire::code::pull_request::{Forge, PullRequestState};
use octobot_wire::{SessionId, Timestamp, TurnId};
use uuid::Uuid;

use super::column::{Reading, TextColumn as _, free_text, to_number};
use super::transaction::{execute, query};
use super::{StoreError, Tx};
use crate::domain::PullRequest;
use crate::domain::forge::{ForgeRepository, Site};

const TABLE: &str = "pull_requests";

#[derive(sqlx::FromRow)]
struct PullRequestRow {
    session_id: Uuid,
    forge: String,
    site: String,
    repository: String,
    number: i64,
    branch: String,
    base: String,
    title: String,
    is_draft: bool,
    state: String,
    opened_at: i64,
}

impl TryFrom<PullRequestRow> for PullRequest {
    type Error = StoreError;

    fn try_from(row: PullRequestRow) -> Result<Self, Self::Error> {
        let reading = Reading { table: TABLE, row: &row.session_id };
        let forge: Forge = reading.text("forge", &row.forge)?;
        let (number, state) =
            (reading.number("number", row.number)?, reading.text::<PullRequestState>("state", &row.state)?);
        Ok(Self {
            session_id: SessionId::new(row.session_id),
            repository: ForgeRepository { site: Site { forge, url: row.site }, path: row.repository },
            number,
            branch: row.branch,
            base: row.base,
            title: row.title,
            is_draft: row.is_draft,
            state,
            opened_at: Timestamp(row.opened_at),
        })
    }
}

impl Tx {
    /// Stores a pull request, in place of what was known of it before.
    pub async fn save_pull_request(&mut self, request: &PullRequest) -> Result<(), StoreError> {
        let PullRequest { repository, branch, base, title, .. } = request;
        execute!(
            self,
            "INSERT INTO pull_requests (session_id, forge, site, repository, number, branch, base, title, is_draft, state, \
             opened_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
             ON CONFLICT (session_id, site, repository, number) DO UPDATE SET branch = excluded.branch, \
             base = excluded.base, title = excluded.title, is_draft = excluded.is_draft, state = excluded.state",
            request.session_id.uuid(),
            repository.site.forge.to_text(),
            free_text(TABLE, "site", &repository.site.url)?,
            free_text(TABLE, "repository", &repository.path)?,
            to_number(request.number)?,
            free_text(TABLE, "branch", branch)?,
            free_text(TABLE, "base", base)?,
            free_text(TABLE, "title", title)?,
            request.is_draft,
            request.state.to_text(),
            request.opened_at.0,
        )
        .map(|_| ())
    }

    /// A session's pull requests, the latest first.
    pub async fn pull_requests(&mut self, session: SessionId) -> Result<Vec<PullRequest>, StoreError> {
        let rows = query!(
            self,
            fetch_all,
            PullRequestRow,
            "SELECT session_id, forge, site, repository, number, branch, base, title, is_draft, state, opened_at \
             FROM pull_requests WHERE session_id = $1 ORDER BY opened_at DESC, number DESC",
            session.uuid(),
        )?;
        rows.into_iter().map(PullRequest::try_from).collect()
    }

    /// What was asked in a session and is in force, in order, but for one turn and for what still waits; at most so many prompts.
    pub async fn prompts(
        &mut self,
        session: SessionId,
        but: Option<TurnId>,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let rows = query!(
            self,
            fetch_all,
            (Uuid, String),
            "SELECT id, prompt FROM turns WHERE session_id = $1 AND prompt IS NOT NULL AND rewind IS NULL \
             ORDER BY number LIMIT $2",
            session.uuid(),
            i64::from(limit),
        )?;
        Ok(rows
            .into_iter()
            .filter(|(id, _)| but.is_none_or(|but| but.uuid() != *id))
            .map(|(_, prompt)| prompt)
            .collect())
    }
}
