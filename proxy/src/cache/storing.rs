//! Keeping a body while it comes: it is written, hashed, shown to readers, and, when all of it is right, given its name.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http_body::Body;
use sha2::{Digest as _, Sha256};

use super::body::BoxError;
use super::flight::{End, Flight, Growing};
use super::folder::Draft;
use super::format::{Checks, Trailer};
use super::head::Head;
use super::key::{Key, hex};
use super::source::{Batch, Source};
use super::{Shared, blocking};

/// A response that is being kept.
pub(super) struct Storing {
    shared: Arc<Shared>,
    key: Key,
    flight: Arc<Flight>,
    growing: Arc<Growing>,
    head: Head,
    hash: Hash,
    /// `None` when the disk can't take any more.
    draft: Option<Draft>,
    /// How much of the body has come.
    received: u64,
}

impl Drop for Storing {
    fn drop(&mut self) {
        // Nothing new, but when the program is ending.
        self.end(End::Broken);
    }
}

/// What is computed of the body while it comes.
struct Hash {
    sha256: Sha256,
    checks: Checks,
}

impl Hash {
    fn new(id: [u8; 32]) -> Self {
        Self { sha256: Sha256::new(), checks: Checks::new(id) }
    }

    fn add(&mut self, batch: &[Bytes]) {
        for piece in batch {
            self.sha256.update(piece);
            self.checks.add(piece);
        }
    }
}

impl Storing {
    /// A response of which nothing has come.
    pub fn new(
        shared: Arc<Shared>,
        key: Key,
        flight: Arc<Flight>,
        growing: Arc<Growing>,
        head: Head,
        draft: Draft,
    ) -> Self {
        let hash = Hash::new(key.id);
        Self { shared, key, flight, growing, head, hash, draft: Some(draft), received: 0 }
    }

    /// Takes the body to its end, or until nobody reads it.
    pub async fn run<B>(mut self, body: Pin<Box<B>>)
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let mut source = Source::new(body);
        let end = loop {
            let batch = tokio::select! {
                batch = source.next() => batch,
                () = self.flight.unread() => {
                    if self.shared.flights.close_if_unread(&self.key.id, &self.flight) {
                        tracing::debug!("nobody waits any more for what is being fetched");
                        break End::Broken;
                    }
                    continue;
                }
            };
            match batch {
                Batch::Pieces(pieces) => {
                    if let Some(end) = self.take(pieces).await {
                        break end;
                    }
                }
                Batch::End if self.received == self.head.length => break self.finish(Vec::new()).await,
                Batch::End => break End::Wrong,
                Batch::Broken => break End::Broken,
            }
        };
        self.end(end);
    }

    /// Ends the fetch. First the entry has its name, then nobody joins any more, then readers are told: who comes later finds
    /// the one or the other.
    fn end(&self, end: End) {
        self.shared.flights.close(&self.key.id, &self.flight);
        self.flight.tell(|progress| {
            progress.end.get_or_insert(end);
            if end == End::Whole && progress.relayed_from.is_none() {
                progress.written = self.head.length;
            }
        });
        self.flight.end_relay();
    }

    /// Takes a batch; the end if this was the last one.
    async fn take(&mut self, batch: Vec<Bytes>) -> Option<End> {
        let at = self.received;
        let bytes: u64 = batch.iter().map(|piece| piece.len() as u64).sum();
        if at + bytes > self.head.length {
            return Some(End::Wrong);
        }
        self.received += bytes;
        // The body's end is shown only when all of it is verified.
        if self.received == self.head.length {
            return Some(self.finish(batch).await);
        }
        let Some(batch) = self.write(batch, at).await else { return Some(End::Broken) };
        self.show(at, &batch).await;
        None
    }

    /// Hashes a batch, and writes it if the disk takes it. `None` when the program is ending.
    async fn write(&mut self, batch: Vec<Bytes>, at: u64) -> Option<Vec<Bytes>> {
        let file = self.draft.is_some().then(|| Arc::clone(&self.growing.file));
        let mut hash = std::mem::replace(&mut self.hash, Hash::new(self.key.id));
        let worked = blocking(move || {
            hash.add(&batch);
            let written = file.map_or(Ok(()), |file| write_all(&file, &batch, at));
            Ok((hash, batch, written))
        });
        let (hash, batch, written) = worked.await.ok()?;
        self.hash = hash;
        if let Err(error) = written {
            tracing::warn!(error = %error, "the cache can't write: the response isn't kept");
            self.give_up_writing(at);
        }
        Some(batch)
    }

    /// From `at` on, the body goes through memory.
    fn give_up_writing(&mut self, at: u64) {
        self.shared.counters.failed_writes.add(1);
        self.shared.flights.close(&self.key.id, &self.flight);
        self.draft = None;
        self.flight.tell(|progress| progress.relayed_from = Some(at));
    }

    /// Lets readers have what has been written, or hands it on.
    async fn show(&self, at: u64, batch: &[Bytes]) {
        if self.draft.is_some() {
            self.flight.tell(|progress| progress.written = self.received);
            return;
        }
        let mut at = at;
        for piece in batch {
            self.flight.relay(at, piece).await;
            at += piece.len() as u64;
        }
    }

    /// Writes the last batch, verifies all, and gives it its name.
    async fn finish(&mut self, batch: Vec<Bytes>) -> End {
        let at = self.received - batch.iter().map(|piece| piece.len() as u64).sum::<u64>();
        let Some(batch) = self.write(batch, at).await else { return End::Broken };
        let Hash { sha256, checks } = std::mem::replace(&mut self.hash, Hash::new(self.key.id));
        let sha256: [u8; 32] = sha256.finalize().into();
        if self.key.digest.is_some_and(|digest| digest != sha256) {
            self.shared.counters.corruptions.add(1);
            tracing::warn!(sha256 = %hex(&sha256), "upstream sent something else than the digest names");
            return End::Wrong;
        }
        let Some(draft) = self.draft.take() else {
            self.show(at, &batch).await;
            return End::Whole;
        };
        let trailer = Trailer { head: self.head.clone(), sha256, checks: checks.finish() };
        let (id, name, file) = (self.key.id, self.key.hex(), Arc::clone(&self.growing.file));
        let kept = blocking(move || {
            file.write_all_at(&trailer.write(&id), trailer.head.length)?;
            draft.publish(&name)
        });
        match kept.await {
            Ok(()) => self.shared.counters.stored_bytes.add(self.head.length),
            Err(error) => {
                self.shared.counters.failed_writes.add(1);
                tracing::warn!(error = %error, "the cache can't write: the response isn't kept");
            }
        }
        End::Whole
    }
}

fn write_all(file: &File, batch: &[Bytes], mut at: u64) -> std::io::Result<()> {
    for piece in batch {
        file.write_all_at(piece, at)?;
        at += piece.len() as u64;
    }
    Ok(())
}
