//! Leases: who does something that only one replica may do at a time.

use octobot_wire::Timestamp;
use uuid::Uuid;

use super::column::free_text;
use super::transaction::execute;
use super::{StoreError, Tx};

impl Tx {
    /// Takes a lease that is free or has run out, or renews one's own. False when somebody else has it.
    pub async fn acquire_lease(
        &mut self,
        name: &str,
        owner: Uuid,
        now: Timestamp,
        ttl_ms: i64,
    ) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            "INSERT INTO leases (name, owner, leased_until) VALUES ($1, $2, $3) \
             ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, leased_until = excluded.leased_until \
             WHERE leases.owner = excluded.owner OR leases.leased_until <= $4",
            free_text("leases", "name", name)?,
            owner,
            now.plus_ms(ttl_ms).0,
            now.0,
        )?;
        Ok(changed == 1)
    }

    /// Gives a lease back, if one has it.
    pub async fn release_lease(&mut self, name: &str, owner: Uuid) -> Result<(), StoreError> {
        execute!(self, "DELETE FROM leases WHERE name = $1 AND owner = $2", free_text("leases", "name", name)?, owner)
            .map(|_| ())
    }
}
