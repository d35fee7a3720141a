//! What never changes, kept: blobs and manifests of container registries by their digest, and the files of package
//! registries.
//!
//! The driver asks [`Cache::lookup`] with the head of a request that the policy has allowed. It gets a response to send, a
//! [`Fill`] to hand upstream's response to, or is told to go on without the cache. Which requests are looked at, and who may
//! have what others have fetched, stands in `key`; which responses are kept, in `head`; how files are laid out and checked,
//! in `format` and `folder`.
//!
//! What is promised:
//!
//! - **No wrong byte.** What has a digest is held against it before it is kept. Each chunk of a kept body is checked when it
//!   is read, before it is sent. A corrupt entry is removed; where it is seen before the first byte was sent, which it always
//!   is with bodies of one chunk, the thing is fetched again, else the response is broken off. The last bytes of something
//!   that is being fetched are sent only when all of it is verified, so nobody takes a wrong body for a whole one.
//! - **One fetch.** Who asks for what is being fetched is served from what has come. If the one who asked first goes away
//!   before upstream has answered, the next one takes over; if upstream's response isn't to be kept, the others ask for
//!   themselves; if upstream breaks off, all are broken off, and may ask again. Several processes each fetch for themselves.
//! - **No worse than without.** If the disk is full or fails, responses pass on.
//!
//! Not kept are responses without a length, empty ones, encoded ones, and anything but 200. A request for a range, or one with a
//! condition, is answered from what is kept or being fetched, and fetches nothing to keep.

mod body;
mod buffers;
mod config;
mod entry;
mod fill;
mod flight;
mod folder;
mod format;
mod head;
mod key;
mod range;
mod read;
mod serve;
mod source;
mod stats;
mod storing;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use http::header;
use http::{HeaderName, Method, Response};

pub use crate::cache::body::{CacheBody, CacheBodyError};
pub use crate::cache::config::{ByteSize, ByteSizeError, CacheConfig, PathRegex};
pub use crate::cache::fill::Fill;
pub use crate::cache::key::Asked;
pub use crate::cache::stats::CacheStats;

use crate::cache::buffers::Buffers;
use crate::cache::entry::{Entry, EntryError};
use crate::cache::flight::{Boarding, Flights, Reader, Stage};
use crate::cache::folder::Folder;
use crate::cache::key::Key;
use crate::cache::stats::Counters;

/// The cache's folder can't be used.
#[derive(Debug, thiserror::Error)]
#[error("the cache folder {} can't be used: {source}. Check its owner and free space", path.display())]
pub struct CacheError {
    path: PathBuf,
    source: io::Error,
}

/// A cache in a folder. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cache {
    shared: Arc<Shared>,
}

/// What comes of asking the cache.
#[derive(Debug)]
pub enum Lookup {
    /// It is kept: this is the response.
    Hit(Response<CacheBody>),
    /// Another request is fetching it: this is the response, which comes as fast as that.
    Follow(Response<CacheBody>),
    /// It isn't there: fetch it, and hand the response in here.
    Miss(Fill),
    /// The cache has no business with it.
    Bypass,
}

/// What the requests share.
#[derive(Debug)]
struct Shared {
    root: PathBuf,
    folder: Folder,
    tenant: String,
    config: RwLock<Arc<CacheConfig>>,
    flights: Flights,
    open: Mutex<HashMap<[u8; 32], Open>>,
    buffers: Buffers,
    counters: Counters,
}

/// A small entry that is held open, because it is asked for often.
#[derive(Debug)]
struct Open {
    entry: Arc<Entry>,
    touched: Instant,
}

/// How many entries are held open.
const MOST_OPEN: usize = 256;
/// Up to which length they are, in bytes: an open file takes space until it is closed, also when it is evicted.
const LARGEST_OPEN: u64 = 1 << 20;
/// How exactly the use of an entry is noted.
const TOUCH_INTERVAL: Duration = Duration::from_secs(1);

/// Who asks with one of these doesn't want the whole thing, and fetches nothing for others.
const PARTIAL: [HeaderName; 4] = [header::RANGE, header::IF_RANGE, header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE];

impl Cache {
    /// Opens the cache of a tenant in a folder, or makes it. Blocking. Several processes, and several tenants, may share a
    /// folder; tenants see nothing of each other, but share its size.
    pub fn open(root: &Path, tenant: &str, config: CacheConfig) -> Result<Self, CacheError> {
        let error = |source| CacheError { path: root.to_owned(), source };
        let folder = Folder::open(root).map_err(error)?;
        folder.shrink(config.max_size.0).map_err(error)?;
        let shared = Shared {
            root: root.to_owned(),
            folder,
            tenant: tenant.to_owned(),
            config: RwLock::new(Arc::new(config)),
            flights: Flights::default(),
            open: Mutex::default(),
            buffers: Buffers::default(),
            counters: Counters::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Takes another configuration; a smaller size is held at once.
    pub async fn reconfigure(&self, config: CacheConfig) -> Result<(), CacheError> {
        let limit = config.max_size.0;
        *self.shared.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        let shared = Arc::clone(&self.shared);
        let shrunk = blocking(move || {
            let evicted = shared.folder.shrink(limit)?;
            shared.counters.evictions.add(evicted);
            shared.forget_removed();
            Ok(())
        });
        shrunk.await.map_err(|source| self.shared.error(source))
    }

    /// What the cache has for a request.
    pub async fn lookup(&self, asked: &Asked<'_>) -> Lookup {
        let shared = &self.shared;
        let config = shared.config();
        if !config.enabled {
            return Lookup::Bypass;
        }
        let Some(key) = Key::of(asked, &shared.tenant, &config.patterns) else { return Lookup::Bypass };
        // In a box of its own: it is large, and most requests have no business with it.
        Box::pin(self.look_up(asked, key)).await
    }

    async fn look_up(&self, asked: &Asked<'_>, key: Key) -> Lookup {
        let shared = &self.shared;
        let may_lead = *asked.method == Method::GET && !PARTIAL.iter().any(|header| asked.headers.contains_key(header));
        loop {
            if let Some(response) = serve::kept(shared, &key, asked).await {
                return Lookup::Hit(response);
            }
            // Whoever finds no fetch looks again for what is kept: one may have ended in between.
            match shared.flights.board(key.id, may_lead) {
                Boarding::None => {
                    let kept = serve::kept(shared, &key, asked).await;
                    return kept.map_or(Lookup::Bypass, Lookup::Hit);
                }
                Boarding::Lead(flight, reader) => {
                    let fill = Fill::new(Arc::clone(shared), key.clone(), flight, reader);
                    if let Some(response) = serve::kept(shared, &key, asked).await {
                        return Lookup::Hit(response);
                    }
                    shared.counters.misses.add(1);
                    return Lookup::Miss(fill);
                }
                Boarding::Follow(reader) => {
                    if let Some(lookup) = self.follow(reader, asked).await {
                        return lookup;
                    }
                }
            }
        }
    }

    /// What the cache has done, and what it holds. Looks at every file.
    pub async fn stats(&self) -> Result<CacheStats, CacheError> {
        let shared = Arc::clone(&self.shared);
        let contents = blocking(move || shared.folder.contents()).await.map_err(|source| self.shared.error(source))?;
        Ok(CacheStats {
            entries: contents.entries,
            size_bytes: contents.bytes,
            max_size_bytes: self.shared.most_bytes(),
            ..self.shared.counters.read()
        })
    }

    /// Removes all entries, those of other tenants in the folder included. What is being fetched is kept afterwards.
    pub async fn clear(&self) -> Result<(), CacheError> {
        let shared = Arc::clone(&self.shared);
        let cleared = blocking(move || {
            shared.folder.shrink(0)?;
            shared.forget_removed();
            Ok(())
        });
        cleared.await.map_err(|source| self.shared.error(source))
    }

    /// Waits until the one who fetches has an answer; `None` when that one is gone.
    async fn follow(&self, mut reader: Reader, asked: &Asked<'_>) -> Option<Lookup> {
        let answered = reader.progress.wait_for(|progress| !matches!(progress.stage, Stage::Asked)).await;
        let stage = answered.map(|progress| progress.stage.clone()).ok()?;
        match stage {
            Stage::Asked => None,
            Stage::Unkept => Some(Lookup::Bypass),
            Stage::Growing(growing) => {
                self.shared.counters.followed.add(1);
                Some(Lookup::Follow(serve::growing(&self.shared, reader, growing, asked)))
            }
        }
    }
}

impl Shared {
    fn config(&self) -> Arc<CacheConfig> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn most_bytes(&self) -> u64 {
        self.config().max_size.0
    }

    fn error(&self, source: io::Error) -> CacheError {
        CacheError { path: self.root.clone(), source }
    }

    /// The entry of a key, opened, and noted as used; `None` where there is none that can be used.
    async fn entry(self: &Arc<Self>, key: &Key) -> Option<Arc<Entry>> {
        if let Some(entry) = self.open_entry(key) {
            return Some(entry);
        }
        let (shared, opened_key) = (Arc::clone(self), key.clone());
        let opened = blocking(move || {
            let Some(file) = shared.folder.entry(&opened_key.hex())? else { return Ok(None) };
            let entry = Entry::open(file, &opened_key);
            if let Ok(entry) = &entry {
                entry.touch();
            }
            Ok(Some(entry))
        });
        match opened.await {
            Ok(Some(Ok(entry))) => Some(self.hold_open(key, entry)),
            Ok(None) => None,
            Ok(Some(Err(EntryError::Corrupt))) => {
                self.remove_corrupt(key).await;
                None
            }
            Ok(Some(Err(EntryError::Io(error)))) | Err(error) => {
                tracing::warn!(error = %error, "a cache entry can't be read");
                None
            }
        }
    }

    fn open_entry(&self, key: &Key) -> Option<Arc<Entry>> {
        let mut open = self.open_entries();
        let held = open.get_mut(&key.id)?;
        if !held.entry.is_kept() {
            open.remove(&key.id);
            return None;
        }
        if held.touched.elapsed() >= TOUCH_INTERVAL {
            held.touched = Instant::now();
            held.entry.touch();
        }
        Some(Arc::clone(&held.entry))
    }

    fn hold_open(&self, key: &Key, entry: Entry) -> Arc<Entry> {
        let entry = Arc::new(entry);
        if entry.length <= LARGEST_OPEN {
            let mut open = self.open_entries();
            if open.len() >= MOST_OPEN {
                open.clear();
            }
            open.insert(key.id, Open { entry: Arc::clone(&entry), touched: Instant::now() });
        }
        entry
    }

    /// Closes the entries that were removed, so that the disk gets their space back.
    fn forget_removed(&self) {
        self.open_entries().retain(|_, open| open.entry.is_kept());
    }

    /// Removes an entry that isn't what was written.
    async fn remove_corrupt(self: &Arc<Self>, key: &Key) {
        let name = key.hex();
        tracing::warn!(cache.key = %name, "the cache entry {name} was altered on the disk, and is removed");
        self.counters.corruptions.add(1);
        self.open_entries().remove(&key.id);
        let shared = Arc::clone(self);
        if let Err(error) = blocking(move || shared.folder.remove(&name)).await {
            tracing::warn!(error = %error, "a corrupt cache entry can't be removed");
        }
    }

    fn open_entries(&self) -> MutexGuard<'_, HashMap<[u8; 32], Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does what may wait for a disk on a thread that may wait.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
