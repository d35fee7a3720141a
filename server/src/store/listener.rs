//! Hearing of the events that other replicas commit.
//!
//! A notification says only that there are events; they are read from the table, so that one that is lost does no
//! harm beyond a delay.

use octobot_wire::ProjectId;
use sqlx::postgres::{PgListener, PgNotification};

use super::postgres::{CHANNEL, PostgresPool};
use super::{Pools, Store, StoreError};

/// Hears when a replica commits events, this one included.
#[derive(Debug)]
pub struct EventListener(PgListener);

/// What a listener hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A project has events up to this number.
    Events {
        /// The project.
        project: ProjectId,
        /// The number of its last event, as far as the notification knows.
        number: u64,
    },
    /// The connection was lost for a while: any project may have new events.
    Gap,
}

impl Store {
    /// Listens from now on. None on SQLite, whose only replica is this process and needs no telling.
    pub async fn listen(&self) -> Result<Option<EventListener>, StoreError> {
        match &self.pools {
            Pools::Sqlite(_) => Ok(None),
            Pools::Postgres(PostgresPool(pool)) => {
                let mut listener = PgListener::connect_with(pool).await?;
                listener.listen(CHANNEL).await?;
                Ok(Some(EventListener(listener)))
            }
        }
    }
}

impl EventListener {
    /// Waits for the next notification. After an error the connection is made anew at the next call.
    pub async fn next(&mut self) -> Result<Heard, StoreError> {
        // What isn't a notification of ours says at least that something happened.
        Ok(self.0.try_recv().await?.as_ref().and_then(parse).unwrap_or(Heard::Gap))
    }
}

/// Reads `project:number`.
fn parse(notification: &PgNotification) -> Option<Heard> {
    let (project, number) = notification.payload().rsplit_once(':')?;
    Some(Heard::Events { project: project.parse().ok()?, number: number.parse().ok()? })
}
