//! What the cache has done, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// What the cache has done since the proxy started, and what it holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CacheStats {
    /// Requests that were answered with what was kept.
    pub hits: u64,
    /// Requests that were answered with what another request was fetching.
    pub followed: u64,
    /// Requests for something that could be kept and wasn't there.
    pub misses: u64,
    /// Bytes that were sent without fetching them.
    pub served_bytes: u64,
    /// Bytes that were fetched and kept.
    pub stored_bytes: u64,
    /// Entries that went because others were used later.
    pub evictions: u64,
    /// Entries that weren't any more what had been written, and responses that weren't what their digest says.
    pub corruptions: u64,
    /// Responses that couldn't be kept because the disk was full or failed.
    pub failed_writes: u64,
    /// How many entries there are, those of other processes included.
    pub entries: u64,
    /// The length of their files and of those being made, in bytes.
    pub size_bytes: u64,
    /// How much may be kept, in bytes.
    pub max_size_bytes: u64,
}

/// What is counted.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub hits: Counter,
    pub followed: Counter,
    pub misses: Counter,
    pub served_bytes: Counter,
    pub stored_bytes: Counter,
    pub evictions: Counter,
    pub corruptions: Counter,
    pub failed_writes: Counter,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    /// The numbers, without those that the folder tells.
    pub fn read(&self) -> CacheStats {
        CacheStats {
            hits: self.hits.get(),
            followed: self.followed.get(),
            misses: self.misses.get(),
            served_bytes: self.served_bytes.get(),
            stored_bytes: self.stored_bytes.get(),
            evictions: self.evictions.get(),
            corruptions: self.corruptions.get(),
            failed_writes: self.failed_writes.get(),
            ..CacheStats::default()
        }
    }
}
