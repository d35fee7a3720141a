//! Listening sockets.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

use super::origin;
use super::rewind::{Rewind, keep_alive};
use super::{Arrival, handle};
use crate::proxy::Proxy;

/// After an error, such as having no descriptors left, nothing is accepted for this long.
const PAUSE: Duration = Duration::from_millis(100);

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
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = closing.cancelled() => return,
        };
        match accepted {
            Ok((stream, _)) => begin(&proxy, stream, kind, &connections),
            // The client has gone already.
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(error = %error, "no connection can be accepted for a moment");
                sleep(PAUSE).await;
            }
        }
    }
}

fn begin(proxy: &Arc<Proxy>, stream: TcpStream, kind: Kind, connections: &TaskTracker) {
    let Some(place) = proxy.place() else {
        tracing::debug!("a connection is refused: there are as many as there may be");
        super::Stream::abort(&stream);
        return;
    };
    if let Err(error) = stream.set_nodelay(true).and_then(|()| keep_alive(&stream)) {
        tracing::debug!(error = %error, "a connection can't be set up as it should be");
    }
    let arrival = Arrival { proxy: Arc::clone(proxy), destination: origin::destination(&stream, kind) };
    connections.spawn(async move {
        let _place = place;
        handle(arrival, Rewind::new(stream)).await;
    });
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
