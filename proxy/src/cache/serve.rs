//! Responses from what is kept, and from what is being fetched.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Response, StatusCode};

use super::Shared;
use super::body::{CacheBody, CacheBodyError, Pieces};
use super::entry::{Entry, EntryError};
use super::flight::{Growing, Reader};
use super::key::{Asked, Key};
use super::range::Portion;

/// What a 304 repeats (RFC 9110, §15.4.5).
const IN_NOT_MODIFIED: [header::HeaderName; 3] = [header::ETAG, header::CACHE_CONTROL, header::LAST_MODIFIED];

/// The response from what is kept; `None` where nothing is, or nothing that may be sent.
pub(super) async fn kept(shared: &Arc<Shared>, key: &Key, asked: &Asked<'_>) -> Option<Response<CacheBody>> {
    let entry = shared.entry(key).await?;
    let (response, range) = head(asked, &entry.headers, entry.length);
    let body = if range.is_empty() { CacheBody::empty() } else { kept_body(shared, key, entry, range).await? };
    shared.counters.hits.add(1);
    Some(response.map(|()| body))
}

/// The body of a range, which isn't empty, of a kept entry. Its first chunk has been checked when this returns.
async fn kept_body(shared: &Arc<Shared>, key: &Key, entry: Arc<Entry>, range: Range<u64>) -> Option<CacheBody> {
    let first = match entry.read(&shared.buffers, &range).await {
        Ok(first) => first,
        Err(EntryError::Corrupt) => {
            shared.remove_corrupt(key).await;
            return None;
        }
        Err(EntryError::Io(error)) => {
            tracing::warn!(error = %error, "a cache entry can't be read");
            return None;
        }
    };
    let length = range.end - range.start;
    if first.len() as u64 == length {
        shared.counters.served_bytes.add(length);
        return Some(CacheBody::once(first));
    }
    let reading = Reading { shared: Arc::clone(shared), key: key.clone(), entry, range, first: Some(first) };
    Some(CacheBody::pieces(reading.pieces(), length))
}

/// The response from what is being fetched.
pub(super) fn growing(
    shared: &Arc<Shared>,
    reader: Reader,
    growing: Arc<Growing>,
    asked: &Asked<'_>,
) -> Response<CacheBody> {
    let (response, range) = head(asked, &growing.headers, growing.length);
    let length = range.end - range.start;
    if length == 0 {
        return response.map(|()| CacheBody::empty());
    }
    shared.counters.served_bytes.add(length);
    let pieces = reader.pieces(growing, shared.buffers.clone(), range);
    response.map(|()| CacheBody::pieces(pieces, length))
}

/// The head of a response, and which bytes follow it.
fn head(asked: &Asked<'_>, kept: &HeaderMap, length: u64) -> (Response<()>, Range<u64>) {
    let has_body = *asked.method != Method::HEAD;
    let portion = match Portion::wanted(asked.headers, kept, length) {
        // Ranges are for GET alone.
        Portion::Part(_) | Portion::Beyond if !has_body => Portion::Whole,
        portion => portion,
    };
    let mut response = Response::new(());
    let headers = response.headers_mut();
    let (status, range, said) = match portion {
        Portion::Whole => (StatusCode::OK, 0..length, Some(length)),
        Portion::Part(range) => {
            let text = format!("bytes {}-{}/{length}", range.start, range.end - 1);
            insert(headers, header::CONTENT_RANGE, text);
            let said = range.end - range.start;
            (StatusCode::PARTIAL_CONTENT, range, Some(said))
        }
        Portion::NotModified => (StatusCode::NOT_MODIFIED, 0..0, None),
        Portion::Beyond => {
            insert(headers, header::CONTENT_RANGE, format!("bytes */{length}"));
            (StatusCode::RANGE_NOT_SATISFIABLE, 0..0, Some(0))
        }
    };
    for (name, value) in kept {
        if status.is_success() || status == StatusCode::NOT_MODIFIED && IN_NOT_MODIFIED.contains(name) {
            headers.append(name, value.clone());
        }
    }
    if let Some(said) = said {
        headers.insert(header::CONTENT_LENGTH, said.into());
    }
    *response.status_mut() = status;
    (response, if has_body { range } else { 0..0 })
}

fn insert(headers: &mut HeaderMap, name: header::HeaderName, text: String) {
    headers.insert(name, HeaderValue::try_from(text).expect("numbers are a header's value"));
}

/// Reads a range of a kept entry, chunk by chunk.
struct Reading {
    shared: Arc<Shared>,
    key: Key,
    entry: Arc<Entry>,
    range: Range<u64>,
    /// What was read already.
    first: Option<Bytes>,
}

impl Reading {
    fn pieces(self) -> Pieces {
        Box::pin(stream::try_unfold(self, |mut reading| async move {
            let piece = reading.next().await?;
            Ok(piece.map(|piece| (piece, reading)))
        }))
    }

    async fn next(&mut self) -> Result<Option<Bytes>, CacheBodyError> {
        if self.range.is_empty() {
            return Ok(None);
        }
        let piece = match self.first.take() {
            Some(first) => first,
            None => self.read().await?,
        };
        self.range.start += piece.len() as u64;
        self.shared.counters.served_bytes.add(piece.len() as u64);
        Ok(Some(piece))
    }

    async fn read(&mut self) -> Result<Bytes, CacheBodyError> {
        match self.entry.read(&self.shared.buffers, &self.range).await {
            Ok(piece) => Ok(piece),
            Err(EntryError::Corrupt) => {
                self.shared.remove_corrupt(&self.key).await;
                Err(CacheBodyError::Corrupt)
            }
            Err(EntryError::Io(error)) => Err(CacheBodyError::Io(error)),
        }
    }
}
