//! A fetch that several requests share: one leads, the others follow. Who reads here doesn't know which of them it is.
//!
//! Everybody reads from the growing file, each at its own pace, so that a slow client holds up nobody. When the disk is
//! full, the file ends where it ends, and what comes after is handed on from memory, at the pace of the slowest; nobody new
//! joins then.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http::HeaderMap;
use tokio::sync::{mpsc, watch};

use super::body::{CacheBodyError, Pieces};
use super::buffers::Buffers;
use super::format::CHUNK_BYTES;
use super::read::read_at;

/// How many pieces may wait for a reader, when the disk is full.
const RELAYED_PIECES: usize = 8;
/// How long a reader may hold up the others, when the disk is full.
const RELAY_PATIENCE: Duration = Duration::from_secs(30);

/// The fetches that are under way, by the id of the key.
#[derive(Debug, Default)]
pub(super) struct Flights {
    flights: Mutex<HashMap<[u8; 32], Arc<Flight>>>,
}

/// A fetch.
#[derive(Debug)]
pub(super) struct Flight {
    progress: watch::Sender<Progress>,
    /// Where each reader takes what doesn't fit on the disk any more.
    relays: Mutex<Vec<mpsc::Sender<Relayed>>>,
}

/// How far a fetch is.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    pub stage: Stage,
    /// How much of the body may be read from the file. The end of it may be read only when all of it is verified.
    pub written: u64,
    /// Where the file ends because it can't grow any more.
    pub relayed_from: Option<u64>,
    /// Whether it is over, and how.
    pub end: Option<End>,
}

/// What has been learnt about a fetch.
#[derive(Debug, Clone, Default)]
pub(super) enum Stage {
    /// Nothing yet.
    #[default]
    Asked,
    /// It isn't to be kept: everybody asks for themselves.
    Unkept,
    /// It is being kept.
    Growing(Arc<Growing>),
}

/// What readers of a fetch share.
#[derive(Debug)]
pub(super) struct Growing {
    pub file: Arc<File>,
    /// The length of the body in bytes.
    pub length: u64,
    /// The headers of a response with the whole body, but for its length.
    pub headers: HeaderMap,
}

/// How a fetch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// All of it is there, and is right.
    Whole,
    /// It broke off.
    Broken,
    /// It isn't what it should be.
    Wrong,
}

/// A piece of the body, and where it begins.
type Relayed = (u64, Bytes);

/// Somebody who reads a fetch.
#[derive(Debug)]
pub(super) struct Reader {
    pub progress: watch::Receiver<Progress>,
    relay: mpsc::Receiver<Relayed>,
}

/// What comes of asking for a fetch.
#[derive(Debug)]
pub(super) enum Boarding {
    /// Somebody else fetches it.
    Follow(Reader),
    /// Nobody did: now this one does.
    Lead(Arc<Flight>, Reader),
    /// Nobody does, and this one may not.
    None,
}

impl Flights {
    /// Joins the fetch of the key, or begins one if it `may_lead`.
    pub fn board(&self, id: [u8; 32], may_lead: bool) -> Boarding {
        match self.lock().entry(id) {
            Entry::Occupied(flight) => Boarding::Follow(flight.get().reader()),
            Entry::Vacant(place) if may_lead => {
                let flight = Arc::new(Flight { progress: watch::Sender::default(), relays: Mutex::default() });
                let reader = flight.reader();
                place.insert(Arc::clone(&flight));
                Boarding::Lead(flight, reader)
            }
            Entry::Vacant(_) => Boarding::None,
        }
    }

    /// Lets nobody join any more.
    pub fn close(&self, id: &[u8; 32], flight: &Arc<Flight>) {
        Self::remove(&mut self.lock(), id, flight);
    }

    /// Lets nobody join any more if nobody reads; whether that is so.
    pub fn close_if_unread(&self, id: &[u8; 32], flight: &Arc<Flight>) -> bool {
        let mut flights = self.lock();
        // Nobody can join between the question and the answer: that takes the lock.
        let is_unread = flight.progress.receiver_count() == 0;
        if is_unread {
            Self::remove(&mut flights, id, flight);
        }
        is_unread
    }

    fn remove(flights: &mut HashMap<[u8; 32], Arc<Flight>>, id: &[u8; 32], flight: &Arc<Flight>) {
        if flights.get(id).is_some_and(|other| Arc::ptr_eq(other, flight)) {
            flights.remove(id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Arc<Flight>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    /// Tells readers how far it is.
    pub fn tell(&self, change: impl FnOnce(&mut Progress)) {
        self.progress.send_modify(change);
    }

    /// Waits until nobody reads. Somebody may join afterwards.
    pub async fn unread(&self) {
        self.progress.closed().await;
    }

    /// Hands a piece on from memory. Readers who don't take it for a long while are given up.
    pub async fn relay(&self, at: u64, piece: &Bytes) {
        let relays: Vec<_> = self.relays().clone();
        let handed = relays.iter().map(|relay| relay.send_timeout((at, piece.clone()), RELAY_PATIENCE));
        let handed = futures::future::join_all(handed).await;
        let mut took = handed.iter().map(Result::is_ok);
        // Nobody joins a fetch that is relayed, so the list is still the one that was cloned.
        self.relays().retain(|_| took.next().unwrap_or(false));
    }

    /// Lets readers of the relay know that nothing more comes.
    pub fn end_relay(&self) {
        self.relays().clear();
    }

    fn reader(&self) -> Reader {
        let (sender, relay) = mpsc::channel(RELAYED_PIECES);
        let mut relays = self.relays();
        relays.retain(|relay| !relay.is_closed());
        relays.push(sender);
        Reader { progress: self.progress.subscribe(), relay }
    }

    fn relays(&self) -> MutexGuard<'_, Vec<mpsc::Sender<Relayed>>> {
        self.relays.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a range of the body as it grows.
struct Reading {
    reader: Reader,
    growing: Arc<Growing>,
    buffers: Buffers,
    range: Range<u64>,
}

impl Reader {
    /// The pieces of a range of the body.
    pub fn pieces(self, growing: Arc<Growing>, buffers: Buffers, range: Range<u64>) -> Pieces {
        let reading = Reading { reader: self, growing, buffers, range };
        Box::pin(stream::try_unfold(reading, |mut reading| async move {
            let piece = reading.next().await?;
            Ok(piece.map(|piece| (piece, reading)))
        }))
    }
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, CacheBodyError> {
        loop {
            if self.range.is_empty() {
                return Ok(None);
            }
            let (written, relayed_from, end) = {
                let progress = self.reader.progress.borrow_and_update();
                (progress.written, progress.relayed_from, progress.end)
            };
            if self.range.start < written {
                return self.read(written).await.map(Some);
            }
            if relayed_from.is_some() {
                return self.take_relayed().await.map(Some);
            }
            match end {
                Some(End::Wrong) => return Err(CacheBodyError::Wrong),
                Some(_) => return Err(CacheBodyError::Abandoned),
                // The sender is dropped only after it has told the end.
                None => self.reader.progress.changed().await.map_err(|_| CacheBodyError::Abandoned)?,
            }
        }
    }

    async fn read(&mut self, written: u64) -> Result<Bytes, CacheBodyError> {
        let available = self.range.end.min(written) - self.range.start;
        let length = usize::try_from(available).map_or(CHUNK_BYTES, |available| available.min(CHUNK_BYTES));
        let piece = read_at(&self.growing.file, &self.buffers, self.range.start, length).await;
        let piece = piece.map_err(CacheBodyError::Io)?;
        self.range.start += piece.len() as u64;
        Ok(piece)
    }

    async fn take_relayed(&mut self) -> Result<Bytes, CacheBodyError> {
        while let Some((at, piece)) = self.reader.relay.recv().await {
            let end = at + piece.len() as u64;
            if end <= self.range.start {
                continue;
            }
            let within = |place: u64| usize::try_from(place.saturating_sub(at)).unwrap_or(piece.len()).min(piece.len());
            let piece = piece.slice(within(self.range.start)..within(self.range.end));
            self.range.start += piece.len() as u64;
            return Ok(piece);
        }
        let end = self.reader.progress.borrow().end;
        Err(if end == Some(End::Wrong) { CacheBodyError::Wrong } else { CacheBodyError::Abandoned })
    }
}
