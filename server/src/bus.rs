//! The bus: committed events on their way to every open tab.
//!
//! It promises neither order nor completeness, and needn't: the numbers of a project have no gaps and are given in
//! commit order. A subscriber that hears number 7 after 5, or is told that it lagged, reads what it missed from the
//! store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use octobot_wire::{ProjectId, SessionId};
use tokio::sync::broadcast;

use crate::store::Recorded;

/// How many events a subscriber may lag behind before it has to read on from the store.
const CAPACITY: usize = 2048;

/// An event, ready to be written to any number of streams.
#[derive(Debug)]
pub struct Frame {
    /// Its number within the project.
    pub number: u64,
    /// The session whose transcript it belongs to; none where every tab needs it.
    pub transcript_of: Option<SessionId>,
    /// The event as a server-sent event, made once for all subscribers.
    pub sse: Bytes,
}

impl Frame {
    /// Formats a recorded event.
    pub fn new(recorded: &Recorded) -> Self {
        Self {
            number: recorded.number,
            transcript_of: recorded.transcript_of,
            sse: Bytes::from(format!("id: {}\ndata: {}\n\n", recorded.number, recorded.json)),
        }
    }
}

/// What a subscriber hears.
#[derive(Debug, Clone)]
pub enum News {
    /// An event.
    Frame(Arc<Frame>),
    /// There are events up to this number that another server committed: they are in the store.
    UpTo(u64),
}

/// See the module.
#[derive(Debug, Default)]
pub struct Bus {
    channels: Mutex<HashMap<ProjectId, broadcast::Sender<News>>>,
}

impl Bus {
    /// Sends what a transaction recorded.
    pub fn publish(&self, recorded: &[Recorded]) {
        let channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        for event in recorded {
            if let Some(sender) = channels.get(&event.project) {
                // Nobody listening is no failure: the event is in the store.
                let _ = sender.send(News::Frame(Arc::new(Frame::new(event))));
            }
        }
    }

    /// Tells of events that another server committed; those of all projects without one named.
    pub fn nudge(&self, project: Option<&ProjectId>, number: u64) {
        let channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let concerned = channels.iter().filter(|(id, _)| project.is_none_or(|project| project == *id));
        for (_, sender) in concerned {
            let _ = sender.send(News::UpTo(number));
        }
    }

    /// Listens to a project. Subscribe first and read the store afterwards, so that nothing falls in between.
    pub fn subscribe(&self, project: &ProjectId) -> broadcast::Receiver<News> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        channels.retain(|_, sender| sender.receiver_count() > 0);
        channels.entry(project.clone()).or_insert_with(|| broadcast::Sender::new(CAPACITY)).subscribe()
    }

    /// How many streams listen, over all projects.
    pub fn subscribers(&self) -> usize {
        let channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        channels.values().map(broadcast::Sender::receiver_count).sum()
    }
}
