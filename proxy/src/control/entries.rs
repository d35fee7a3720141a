//! The log of requests, as a page or as it grows.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::{Stream, StreamExt as _, stream};
use serde::Deserialize;
use tokio::sync::watch;

use super::Control;
use crate::log::{Decision, Filter, Log, Page, Record};
use crate::proxy::Proxy;

/// How many records a page has unless asked otherwise, and at most.
const PAGE: usize = 500;

/// How often a stream without news says that it is alive.
const ALIVE: Duration = Duration::from_secs(15);

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Question {
    after: u64,
    limit: Option<usize>,
    host: Option<String>,
    decision: Option<Decision>,
    status: Option<u16>,
}

/// A page, or for who takes `text/event-stream` all that follows as well.
pub async fn read(State(control): State<Control>, headers: HeaderMap, Query(question): Query<Question>) -> Response {
    let streams = headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes() == b"text/event-stream");
    let filter = Filter { host: question.host, decision: question.decision, status: question.status };
    if !streams {
        let limit = question.limit.unwrap_or(PAGE).min(PAGE);
        return Json(control.proxy.log.after(question.after, &filter, limit)).into_response();
    }
    // A browser that comes back says where it was.
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let follower = Follower {
        log: control.proxy.log.clone(),
        numbers: control.proxy.log.numbers(),
        filter,
        after: last.unwrap_or(question.after),
        proxy: Arc::clone(&control.proxy),
    };
    Sse::new(events(follower)).keep_alive(KeepAlive::new().interval(ALIVE)).into_response()
}

struct Follower {
    log: Log,
    numbers: watch::Receiver<u64>,
    filter: Filter,
    after: u64,
    proxy: Arc<Proxy>,
}

fn events(follower: Follower) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(follower, |mut follower| async move {
        let page = follower.next().await?;
        let gap = page.gap.then(|| Event::default().event("gap").data("records are missing here"));
        let records: Vec<_> = gap.into_iter().chain(page.records.iter().map(|record| event(record))).collect();
        Some((stream::iter(records), follower))
    })
    .flatten()
    .map(Ok)
}

fn event(record: &Record) -> Event {
    let data = serde_json::to_string(record).expect("a record is plain data");
    Event::default().event("record").id(record.number.to_string()).data(data)
}

impl Follower {
    /// The next page that has something, or nothing when the proxy closes.
    async fn next(&mut self) -> Option<Page> {
        loop {
            // What comes from here on is news.
            self.numbers.mark_unchanged();
            let page = self.log.after(self.after, &self.filter, PAGE);
            self.after = page.last;
            if page.gap || !page.records.is_empty() {
                return Some(page);
            }
            tokio::select! {
                changed = self.numbers.changed() => changed.ok()?,
                () = self.proxy.closing.cancelled() => return None,
            }
        }
    }
}
