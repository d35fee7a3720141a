//! The log of a session's proxy, followed: the last records, and what was counted.

use std::collections::VecDeque;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::session::SessionState;
use octobot_wire::traffic::{TrafficPage, TrafficRecord, TrafficSummary};
use octobot_wire::{Problem, ProjectId, SessionId};

use super::filter::Filter;
use crate::browser::events::{EventStream, StreamEvent};
use crate::calls;
use crate::components::frame::toasts::Toasts;
use crate::live::ProjectStore;

/// How many records are shown.
const MOST_ROWS: usize = 300;

/// How often rows are drawn at most, so that a flood of records can be read.
const FRAME: Duration = Duration::from_millis(200);

/// How often what was counted is asked for at most.
const COUNT_AGAIN: Duration = Duration::from_secs(2);

/// Where following stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// It hasn't begun.
    Opening,
    /// It goes on.
    Open,
    /// It was lost, and the browser tries again.
    Lost,
    /// The server won't have it.
    Refused,
}

/// See the module.
#[derive(Clone, Copy)]
pub struct TrafficLog {
    /// The session.
    pub session: SessionId,
    project: StoredValue<ProjectId>,
    toasts: Toasts,
    /// The last records, the newest first.
    pub records: RwSignal<VecDeque<TrafficRecord>>,
    /// Which records are asked for.
    pub filter: Filter,
    /// Where following stands.
    pub connection: RwSignal<Connection>,
    /// What was counted; none before it is there.
    pub summary: RwSignal<Option<Result<TrafficSummary, Problem>>>,
    /// Whether the sandbox runs, so that there is a proxy.
    pub is_running: Memo<bool>,
    stream: StoredValue<Option<EventStream>>,
    waiting: StoredValue<Vec<TrafficRecord>>,
    is_counting: StoredValue<bool>,
}

impl TrafficLog {
    /// Follows the proxy of a session while its sandbox runs.
    pub fn follow(session: SessionId) -> Self {
        let store = ProjectStore::expect();
        let followed = store.session(session);
        let log = Self {
            session,
            project: StoredValue::new(store.id()),
            toasts: Toasts::expect(),
            records: RwSignal::new(VecDeque::new()),
            filter: Filter::new(),
            connection: RwSignal::new(Connection::Opening),
            summary: RwSignal::new(None),
            is_running: Memo::new(move |_| {
                followed.with(|session| {
                    session.as_ref().is_some_and(|s| matches!(s.state, SessionState::Ready | SessionState::Running))
                })
            }),
            stream: StoredValue::new(None),
            waiting: StoredValue::new(Vec::new()),
            is_counting: StoredValue::new(false),
        };
        Effect::new(move |_| {
            let query = log.filter.query();
            log.close();
            if log.is_running.get() {
                log.open(&query);
            }
        });
        on_cleanup(move || log.close());
        log
    }

    /// Asks again after a failure.
    pub fn try_again(self) {
        self.close();
        self.open(&untrack(|| self.filter.query()));
    }

    /// Where the records are exported.
    pub fn export_url(self, format: &str) -> String {
        let (project, session, query) = (self.project.get_value(), self.session, self.filter.query());
        format!("/api/projects/{project}/sessions/{session}/network/export?format={format}{query}")
    }

    /// Removes everything from the cache.
    pub fn clear_cache(self) {
        spawn_local(async move {
            match calls::clear_cache(self.project.get_value(), self.session).await {
                Ok(()) => {
                    self.toasts.success("The cache was cleared");
                    self.count();
                }
                Err(failure) => self.toasts.failure("The cache couldn't be cleared", &failure.0),
            }
        });
    }

    fn open(self, query: &str) {
        let _ = self.records.try_update(VecDeque::clear);
        let _ = self.connection.try_set(Connection::Opening);
        let (project, session) = (self.project.get_value(), self.session);
        let url = format!("/api/projects/{project}/sessions/{session}/network/log?limit={MOST_ROWS}{query}");
        self.stream.set_value(EventStream::open(&url, move |event| self.hear(event)));
        self.count();
    }

    fn close(self) {
        let _ = self.stream.try_update_value(|stream| *stream = None);
        let _ = self.waiting.try_update_value(Vec::clear);
    }

    fn hear(self, event: StreamEvent) {
        match event {
            StreamEvent::Opened => drop(self.connection.try_set(Connection::Open)),
            StreamEvent::Data(data) => match serde_json::from_str::<TrafficPage>(&data) {
                Ok(page) => self.take(page.records),
                // A server of another version.
                Err(_) => drop(self.connection.try_set(Connection::Refused)),
            },
            StreamEvent::Lost => drop(self.connection.try_set(Connection::Lost)),
            StreamEvent::Refused => {
                let _ = self.connection.try_set(Connection::Refused);
                // Why, the stream doesn't say.
                self.count();
            }
        }
    }

    /// Keeps records for the next time that rows are drawn.
    fn take(self, records: Vec<TrafficRecord>) {
        let is_first = self.waiting.try_update_value(|waiting| {
            let was_empty = waiting.is_empty();
            waiting.extend(records);
            was_empty && !waiting.is_empty()
        });
        if is_first == Some(true) {
            set_timeout(move || self.show(), FRAME);
        }
    }

    fn show(self) {
        let Some(records) = self.waiting.try_update_value(std::mem::take) else { return };
        let _ = self.records.try_update(|shown| put(shown, records));
        if self.is_counting.try_get_value() == Some(false) {
            self.is_counting.set_value(true);
            set_timeout(
                move || {
                    let _ = self.is_counting.try_set_value(false);
                    self.count();
                },
                COUNT_AGAIN,
            );
        }
    }

    fn count(self) {
        if self.is_running.try_get_untracked() != Some(true) {
            return;
        }
        let project = self.project.get_value();
        spawn_local(async move {
            let summary = calls::load_traffic(project, self.session).await.map_err(|failure| failure.0);
            // Without one, the sandbox was just stopped, and the page is about to hear it.
            if let Some(summary) = summary.transpose() {
                let _ = self.summary.try_set(Some(summary));
            }
        });
    }
}

/// Puts new records before those that are shown, and lets the oldest go when there are too many. A record that is there
/// already, because the connection was lost meanwhile, isn't shown twice.
fn put(shown: &mut VecDeque<TrafficRecord>, records: Vec<TrafficRecord>) {
    for record in records {
        if shown.front().is_none_or(|newest| newest.number < record.number) {
            shown.push_front(record);
        }
    }
    shown.truncate(MOST_ROWS);
}

#[cfg(test)]
mod tests {
    use octobot_wire::Timestamp;
    use octobot_wire::traffic::{TrafficDecision, TrafficProtocol};

    use super::*;

    fn record(number: u64) -> TrafficRecord {
        TrafficRecord {
            number,
            at: Timestamp(0),
            protocol: TrafficProtocol::Https,
            host: "a.example".to_owned(),
            address: None,
            port: 443,
            method: None,
            path: None,
            status: None,
            bytes_up: 0,
            bytes_down: 0,
            duration_ms: 0,
            decision: TrafficDecision::Allow,
            rule: String::new(),
            attempts: None,
            remedy: None,
        }
    }

    #[test]
    fn the_newest_records_come_first_each_once_and_not_too_many() {
        let mut shown = VecDeque::new();
        put(&mut shown, vec![record(1), record(2)]);
        put(&mut shown, vec![record(2), record(3)]);
        assert_eq!(shown.iter().map(|record| record.number).collect::<Vec<_>>(), [3, 2, 1]);
        put(&mut shown, (4..=400).map(record).collect());
        assert_eq!((shown.len(), shown[0].number), (MOST_ROWS, 400));
    }
}
