//! Events: numbered 1, 2, 3 … within a project, without gaps, in the order of the commits.

use std::collections::BTreeMap;

use octobot_wire::event::{Change, ProjectEvent};
use octobot_wire::{ProjectId, SessionId, Timestamp};
use uuid::Uuid;

use super::column::{Reading, to_json, to_number};
use super::transaction::{Connection, execute, query};
use super::{StoreError, Tx, postgres};

/// An event as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The project.
    pub project: ProjectId,
    /// The event's number within the project.
    pub number: u64,
    /// The session whose transcript it belongs to; none where every tab needs it.
    pub transcript_of: Option<SessionId>,
    /// The [`ProjectEvent`] as JSON.
    pub json: String,
}

#[derive(sqlx::FromRow)]
struct EventRow {
    number: i64,
    transcript_of: Option<Uuid>,
    body: String,
}

impl EventRow {
    fn recorded(self, project: &ProjectId) -> Result<Recorded, StoreError> {
        Ok(Recorded {
            project: project.clone(),
            number: reading(project).number("number", self.number)?,
            transcript_of: self.transcript_of.map(SessionId::new),
            json: self.body,
        })
    }
}

fn reading(project: &ProjectId) -> Reading<'_> {
    Reading { table: "events", row: project }
}

impl Tx {
    /// The number of a project's last event; 0 before the first.
    pub async fn last_event(&mut self, project: &ProjectId) -> Result<u64, StoreError> {
        let row =
            query!(self, fetch_optional, (i64,), "SELECT event_number FROM projects WHERE id = $1", project.as_str())?;
        row.map_or(Ok(0), |(number,)| reading(project).number("number", number))
    }

    /// The events after a number, in order, at most `limit` of them.
    pub async fn events_after(
        &mut self,
        project: &ProjectId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        let rows = query!(
            self,
            fetch_all,
            EventRow,
            "SELECT number, transcript_of, body FROM events \
             WHERE project_id = $1 AND number > $2 ORDER BY number LIMIT $3",
            project.as_str(),
            to_number(after)?,
            i64::from(limit),
        )?;
        rows.into_iter().map(|row| row.recorded(project)).collect()
    }

    /// The number of the oldest event that is still kept.
    pub async fn oldest_event(&mut self, project: &ProjectId) -> Result<Option<u64>, StoreError> {
        let (number,) = query!(
            self,
            fetch_one,
            (Option<i64>,),
            "SELECT MIN(number) FROM events WHERE project_id = $1",
            project.as_str()
        )?;
        number.map(|number| reading(project).number("number", number)).transpose()
    }

    /// Deletes the events that are older than a time, but for the newest of each project. The answer is how many.
    pub async fn prune_events(&mut self, keep_per_project: u64, older_than: Timestamp) -> Result<u64, StoreError> {
        execute!(
            self,
            "DELETE FROM events WHERE at < $1 \
             AND number <= (SELECT event_number FROM projects WHERE id = events.project_id) - $2",
            older_than.0,
            to_number(keep_per_project)?,
        )
    }

    /// Numbers and stores the recorded changes. The last thing that a transaction does, because from here on other
    /// transactions that tell of the same project wait for this one to end.
    pub(super) async fn store_events(&mut self, now: Timestamp) -> Result<Vec<Recorded>, StoreError> {
        // By project, in an order that is the same in all transactions, so that two never wait for each other.
        let mut by_project = BTreeMap::<ProjectId, Vec<Change>>::new();
        for (project, change) in self.changes.drain(..) {
            by_project.entry(project).or_default().push(change);
        }
        let mut recorded = Vec::new();
        for (project, changes) in by_project {
            let first = self.reserve_numbers(&project, changes.len() as u64).await?;
            for (number, change) in (first..).zip(changes) {
                recorded.push(self.store_event(&project, number, change, now).await?);
            }
        }
        Ok(recorded)
    }

    /// Takes the next numbers of a project; the answer is the first of them.
    async fn reserve_numbers(&mut self, project: &ProjectId, count: u64) -> Result<u64, StoreError> {
        let row = query!(
            self,
            fetch_optional,
            (i64,),
            "UPDATE projects SET event_number = event_number + $2 WHERE id = $1 RETURNING event_number",
            project.as_str(),
            to_number(count)?,
        )?;
        let Some((last,)) = row else {
            return Err(StoreError::Missing { table: "projects", row: project.to_string() });
        };
        self.check_usable()?;
        if let Connection::Postgres(connection) = &mut self.connection {
            let result = postgres::notify(connection, project, last).await;
            self.checked(result)?;
        }
        let last: u64 = reading(project).number("number", last)?;
        Ok(last - count + 1)
    }

    async fn store_event(
        &mut self,
        project: &ProjectId,
        number: u64,
        change: Change,
        now: Timestamp,
    ) -> Result<Recorded, StoreError> {
        let transcript_of = change.transcript_of();
        let json = to_json(&ProjectEvent { number, change })?;
        execute!(
            self,
            "INSERT INTO events (project_id, number, at, transcript_of, body) VALUES ($1, $2, $3, $4, $5)",
            project.as_str(),
            to_number(number)?,
            now.0,
            transcript_of.map(SessionId::uuid),
            &json,
        )?;
        Ok(Recorded { project: project.clone(), number, transcript_of, json })
    }
}
