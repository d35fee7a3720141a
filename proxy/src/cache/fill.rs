//! What whoever asked first does: fetch, and hand the response in.

use std::fs::File;
use std::sync::Arc;

use bytes::Bytes;
use http::{Response, response};
use http_body::Body;

use super::body::{BoxError, CacheBody};
use super::flight::{Flight, Growing, Reader, Stage};
use super::folder::Draft;
use super::head::Head;
use super::key::Key;
use super::storing::Storing;
use super::{Shared, blocking};

/// Something that isn't kept yet, to be fetched by whoever holds this. Dropping it lets the next one try.
#[derive(Debug)]
pub struct Fill {
    shared: Arc<Shared>,
    key: Key,
    flight: Arc<Flight>,
    /// Taken when a response has come.
    reader: Option<Reader>,
}

impl Fill {
    pub(super) fn new(shared: Arc<Shared>, key: Key, flight: Arc<Flight>, reader: Reader) -> Self {
        Self { shared, key, flight, reader: Some(reader) }
    }

    /// Takes upstream's response, and gives back the one for the client. What may be kept is kept while it is read, also
    /// when this client goes away, for as long as others read it; anything else passes through.
    pub async fn response<B>(mut self, parts: response::Parts, body: B) -> Response<CacheBody>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let room = match Head::of(&parts, &self.key, self.shared.most_bytes()) {
            Ok(head) => self.make_room(head).await,
            Err(reason) => {
                tracing::debug!(?reason, "a response isn't kept");
                None
            }
        };
        let Some((head, draft, file)) = room else {
            self.flight.tell(|progress| progress.stage = Stage::Unkept);
            return Response::from_parts(parts, CacheBody::passing(body));
        };
        let headers = match self.key.digest {
            Some(digest) => head.headers(Some(&digest)),
            // The tag of a file that has none is made of its content, which isn't known yet.
            None => head.headers(None),
        };
        let growing = Arc::new(Growing { file: Arc::new(file), length: head.length, headers });
        let reader = self.reader.take().expect("a fill is used once");
        let (key, flight) = (self.key.clone(), Arc::clone(&self.flight));
        let storing = Storing::new(Arc::clone(&self.shared), key, flight, Arc::clone(&growing), head, draft);
        self.flight.tell(|progress| progress.stage = Stage::Growing(Arc::clone(&growing)));
        tokio::spawn(storing.run(Box::pin(body)));
        let length = growing.length;
        let pieces = reader.pieces(growing, self.shared.buffers.clone(), 0..length);
        Response::from_parts(parts, CacheBody::pieces(pieces, length))
    }

    async fn make_room(&self, head: Head) -> Option<(Head, Draft, File)> {
        let (shared, limit) = (Arc::clone(&self.shared), self.shared.most_bytes());
        let bytes = head.length;
        let made = blocking(move || {
            let room = shared.folder.make_room(bytes, limit)?;
            shared.counters.evictions.add(room.evicted);
            if room.evicted > 0 {
                shared.forget_removed();
            }
            room.draft.map(|draft| draft.file().map(|file| (draft, file))).transpose()
        });
        match made.await {
            Ok(made) => made.map(|(draft, file)| (head, draft, file)),
            Err(error) => {
                self.shared.counters.failed_writes.add(1);
                tracing::warn!(error = %error, "the cache can't make room: the response isn't kept");
                None
            }
        }
    }
}

impl Drop for Fill {
    fn drop(&mut self) {
        // Once a response is being kept, the fetch goes on by itself.
        if self.reader.is_some() {
            self.shared.flights.close(&self.key.id, &self.flight);
        }
    }
}
