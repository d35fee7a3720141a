//! Listening sockets.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
use tokio_util::task::TaskTracker;

use super::origin;
use super::rewind::{Rewind, keep_alive};
use super::{Arrival, handle};
use crate::proxy::{Place, Proxy};

/// After an error, such as having no descriptors left, nothing is accepted for this long.
const PAUSE: Duration = Duration::from_millis(100);

/// What goes on for longer than that is told of again after this long, and not for each connection.
const SILENCE: Duration = Duration::from_mins(1);

/// What a listener is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Clients that know of the proxy, and connections that a firewall redirects.
    Proxy,
    /// Clients that don't, in a network where every address leads here.
    Transparent,
}

/// Accepts connections until the proxy closes. `connections` has those that are served.
pub async fn serve(proxy: Arc<Proxy>, listener: TcpListener, kind: Kind, connections: TaskTracker) {
    let closing = proxy.closing.clone();
    let (mut unaccepted, mut refused) = (Complaint::default(), Complaint::default());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = closing.cancelled() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                if let Some(place) = proxy.place() {
                    begin(&proxy, stream, kind, place, &connections);
                } else {
                    refuse(&proxy, &stream, &mut refused);
                }
            }
            // The client has gone already.
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                if unaccepted.is_due(Instant::now()) {
                    tracing::warn!(error = %error, "no further connection can be accepted for now; those that are open go on");
                }
                sleep(PAUSE).await;
            }
        }
    }
}

fn begin(proxy: &Arc<Proxy>, stream: TcpStream, kind: Kind, place: Place, connections: &TaskTracker) {
    if let Err(error) = stream.set_nodelay(true).and_then(|()| keep_alive(&stream)) {
        tracing::debug!(error = %error, "a connection can't be set up as it should be");
    }
    let arrival = Arrival { proxy: Arc::clone(proxy), destination: origin::destination(&stream, kind) };
    connections.spawn(async move {
        let _place = place;
        handle(arrival, Rewind::new(stream)).await;
    });
}

fn refuse(proxy: &Proxy, stream: &TcpStream, complaint: &mut Complaint) {
    super::Stream::abort(stream);
    if complaint.is_due(Instant::now()) {
        let connections = proxy.connections();
        tracing::warn!(connections, "further connections are refused: there are as many as there may be");
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// What is told of at most once in a while.
#[derive(Debug, Default)]
struct Complaint(Option<Instant>);

impl Complaint {
    /// Whether it is to be told of now.
    fn is_due(&mut self, now: Instant) -> bool {
        let is_due = self.0.is_none_or(|told| now.duration_since(told) >= SILENCE);
        if is_due {
            self.0 = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_is_told_of_once_in_a_while() {
        let (mut complaint, start) = (Complaint::default(), Instant::now());
        let told = [0, 1, 59, 60, 61, 119, 120].map(|second| complaint.is_due(start + Duration::from_secs(second)));
        assert_eq!(told, [true, false, false, true, false, false, true]);
    }
}
