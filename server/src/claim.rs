//! What one server at a time may have: a data folder, and a database whose sandboxes are on the server's own machine.
//! Who is second is told so before it touches anything.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::clock::{Clock as _, IdSource as _, Machine};
use crate::store::{Store, StoreError};

/// The lease on a database.
const LEASE: &str = "server";

/// How long a server may keep silent before another may have its database.
const LEASE_MS: i64 = 30_000;

/// How often the lease is renewed.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// A data folder that no other server has. The lock goes with the process, however that ends.
#[derive(Debug)]
pub struct DataFolder {
    /// Names this server in leases. It is kept, so that a restarted server takes up at once what it held.
    pub server_id: Uuid,
    _lock: File,
}

impl DataFolder {
    /// Takes a folder that is there.
    pub fn claim(path: &Path) -> anyhow::Result<Self> {
        let lock = lock(path)?;
        Ok(Self { server_id: server_id(path)?, _lock: lock })
    }
}

/// A database that no other server works on. Its sessions have their sandboxes here, where no other server finds them.
#[derive(Debug)]
pub struct DatabaseClaim {
    store: Store,
    owner: Uuid,
}

impl DatabaseClaim {
    /// Takes a database.
    pub async fn take(store: Store, owner: Uuid) -> anyhow::Result<Self> {
        let claim = Self { store, owner };
        let is_free = claim.renew().await?;
        anyhow::ensure!(
            is_free,
            "another server works on this database, and its sandboxes are on that server's machine: stop it, or choose \
             another database with --database-url. If it was killed, the database is free {} s later",
            LEASE_MS / 1_000
        );
        Ok(claim)
    }

    /// Keeps the database until `shutdown`, which it asks for itself when another server has taken the database.
    pub async fn keep(&self, shutdown: &CancellationToken) {
        loop {
            tokio::select! { () = tokio::time::sleep(HEARTBEAT) => {}, () = shutdown.cancelled() => return }
            match self.renew().await {
                Ok(true) => {}
                Ok(false) => {
                    tracing::error!("another server has taken the database, after this one kept silent: stopping");
                    shutdown.cancel();
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the claim on the database wasn't renewed"
                    );
                }
            }
        }
    }

    /// Gives the database back. One that can't be reached is free when the lease has run out.
    pub async fn give_back(&self) {
        let released = async {
            let mut tx = self.store.begin().await?;
            tx.release_lease(LEASE, self.owner).await?;
            tx.commit(Machine.now()).await
        };
        if let Err(error) = released.await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the claim on the database stays until it runs out"
            );
        }
    }

    async fn renew(&self) -> Result<bool, StoreError> {
        let now = Machine.now();
        let mut tx = self.store.begin().await?;
        let is_ours = tx.acquire_lease(LEASE, self.owner, now, LEASE_MS).await?;
        tx.commit(now).await?;
        Ok(is_ours)
    }
}

fn lock(data_dir: &Path) -> anyhow::Result<File> {
    let path = data_dir.join("server.lock");
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)?;
            write!(file, "{}", std::process::id())?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            file.read_to_string(&mut pid)?;
            anyhow::bail!(
                "another server (process {}) uses the data folder {}: stop it, or choose another folder with --data-dir",
                pid.trim(),
                data_dir.display()
            )
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("can't lock {}", path.display())),
    }
}

fn server_id(data_dir: &Path) -> anyhow::Result<Uuid> {
    let path = data_dir.join("server.id");
    match std::fs::read_to_string(&path) {
        Ok(text) => Uuid::try_parse(text.trim()).with_context(|| format!("{} isn't a server's id", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let id = Machine.fresh();
            std::fs::write(&path, id.to_string()).with_context(|| format!("can't write {}", path.display()))?;
            Ok(id)
        }
        Err(error) => Err(error).with_context(|| format!("can't read {}", path.display())),
    }
}
