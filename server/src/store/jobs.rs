//! Jobs: durable background work that whoever holds its lease does.

use octobot_wire::Timestamp;
use uuid::Uuid;

use super::column::{Reading, TextColumn as _, to_number};
use super::transaction::{Connection, execute, query};
use super::{StoreError, Tx, postgres, sqlite};
use crate::domain::{Job, JobKind};

/// What a heartbeat finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heartbeat {
    /// Somebody else may run the job by now: stop.
    Lost,
    /// The lease is renewed.
    Current,
    /// The lease is renewed, and the job has been asked for again since it was taken.
    AskedAgain,
}

#[derive(sqlx::FromRow)]
struct JobRow {
    kind: String,
    subject: Uuid,
    generation: i64,
    lease: Uuid,
    attempts: i64,
    run_at: i64,
}

impl TryFrom<JobRow> for Job {
    type Error = StoreError;

    fn try_from(row: JobRow) -> Result<Self, Self::Error> {
        let reading = Reading { table: "jobs", row: &row.subject };
        Ok(Self {
            kind: reading.text("kind", &row.kind)?,
            subject: row.subject,
            generation: reading.number("generation", row.generation)?,
            lease: row.lease,
            attempts: reading.number("attempts", row.attempts)?,
            run_at: Timestamp(row.run_at),
        })
    }
}

fn generation(job: &Job) -> Result<i64, StoreError> {
    to_number(job.generation)
}
impl Tx {
    /// Asks for a job. One that is there already is due at the earlier of the two times, with all its attempts anew;
    /// one that runs will run again.
    pub async fn enqueue(&mut self, kind: JobKind, subject: Uuid, run_at: Timestamp) -> Result<(), StoreError> {
        execute!(
            self,
            "INSERT INTO jobs (kind, subject, generation, attempts, run_at) VALUES ($1, $2, 1, 0, $3) \
             ON CONFLICT (kind, subject) DO UPDATE SET generation = jobs.generation + 1, attempts = 0, \
             run_at = CASE WHEN excluded.run_at < jobs.run_at THEN excluded.run_at ELSE jobs.run_at END",
            kind.to_text(),
            subject,
            run_at.0,
        )
        .map(|_| ())
    }

    /// Takes a job that is due and that nobody else has, for `lease_ms` or until the next heartbeat. `lease` is new.
    pub async fn take_job(
        &mut self,
        owner: Uuid,
        lease: Uuid,
        now: Timestamp,
        lease_ms: i64,
    ) -> Result<Option<Job>, StoreError> {
        let sql = match self.connection {
            Connection::Sqlite(_) => sqlite::TAKE_JOB,
            Connection::Postgres(_) => postgres::TAKE_JOB,
        };
        let row = query!(self, fetch_optional, JobRow, sql, owner, lease, now.plus_ms(lease_ms).0, now.0)?;
        row.map(Job::try_from).transpose()
    }

    /// Renews the lease of a job.
    pub async fn heartbeat(&mut self, job: &Job, now: Timestamp, lease_ms: i64) -> Result<Heartbeat, StoreError> {
        let row = query!(
            self,
            fetch_optional,
            (i64,),
            "UPDATE jobs SET leased_until = $4 WHERE kind = $1 AND subject = $2 AND lease = $3 \
             RETURNING generation",
            job.kind.to_text(),
            job.subject,
            job.lease,
            now.plus_ms(lease_ms).0,
        )?;
        Ok(match row {
            None => Heartbeat::Lost,
            Some((current,)) if current == generation(job)? => Heartbeat::Current,
            Some(_) => Heartbeat::AskedAgain,
        })
    }

    /// Ends a job that is done. One that has been asked for again meanwhile stays and is due at once.
    /// False when the lease was lost.
    pub async fn finish_job(&mut self, job: &Job) -> Result<bool, StoreError> {
        let deleted = execute!(
            self,
            "DELETE FROM jobs WHERE kind = $1 AND subject = $2 AND lease = $3 AND generation = $4",
            job.kind.to_text(),
            job.subject,
            job.lease,
            generation(job)?,
        )?;
        if deleted == 1 {
            return Ok(true);
        }
        let released = execute!(
            self,
            "UPDATE jobs SET lease_owner = NULL, lease = NULL, leased_until = NULL \
             WHERE kind = $1 AND subject = $2 AND lease = $3",
            job.kind.to_text(),
            job.subject,
            job.lease,
        )?;
        Ok(released == 1)
    }

    /// Ends a try that failed: the job is due again at `run_at`, or at once when it has been asked for again
    /// meanwhile. Does nothing when the lease was lost.
    pub async fn retry_job(&mut self, job: &Job, run_at: Timestamp, error: &str) -> Result<(), StoreError> {
        execute!(
            self,
            "UPDATE jobs SET lease_owner = NULL, lease = NULL, leased_until = NULL, last_error = $5, \
             run_at = CASE WHEN generation = $4 THEN $6 ELSE run_at END \
             WHERE kind = $1 AND subject = $2 AND lease = $3",
            job.kind.to_text(),
            job.subject,
            job.lease,
            generation(job)?,
            // The text of an error may come from anywhere, and losing a character of it is better than losing it.
            error.replace('\0', "\u{fffd}"),
            run_at.0,
        )
        .map(|_| ())
    }

    /// When the next job can be taken.
    pub async fn next_due(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let (due,) = query!(
            self,
            fetch_one,
            (Option<i64>,),
            "SELECT MIN(CASE WHEN leased_until IS NULL OR leased_until < run_at THEN run_at ELSE leased_until END) \
             FROM jobs",
        )?;
        Ok(due.map(Timestamp))
    }

    /// Gives back all jobs of an owner that shuts down; the tries don't count.
    pub async fn release_jobs(&mut self, owner: Uuid) -> Result<(), StoreError> {
        execute!(
            self,
            "UPDATE jobs SET lease_owner = NULL, lease = NULL, leased_until = NULL, \
             attempts = CASE WHEN attempts > 0 THEN attempts - 1 ELSE 0 END WHERE lease_owner = $1",
            owner,
        )
        .map(|_| ())
    }
}
