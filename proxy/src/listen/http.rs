//! HTTP towards clients.

use std::convert::Infallible;
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::{interval, timeout};

use super::Arrival;
use super::guard::{Findings, Guard};
use super::prompt::Prompt;
use super::rewind::Rewind;
use crate::forward::{Forwarder, Via};

/// How much HTTP/2 may be under way from a client in one request, and in all of a connection.
const WINDOW: u32 = 256 * 1024;

/// How much of an answer waits for a client that doesn't read it.
const SEND_BUFFER: usize = 64 * 1024;

/// How many requests that a client has cancelled may wait to be seen as such: CVE-2023-44487, "rapid reset".
const RESETS: usize = 32;

/// How many times a client may break the rules of HTTP/2 and go on.
const OFFENCES: usize = 64;

/// A client that doesn't answer this often has gone.
const ALIVE: Duration = Duration::from_mins(1);

/// Serves HTTP/1.
pub async fn serve_http1(arrival: Arrival, stream: Rewind, via: Via) {
    let limits = arrival.proxy.settings().config.limits.clone();
    let findings = Findings::default();
    let mut guard = Guard::new(stream, findings.clone(), limits.patience());
    let closing = arrival.proxy.closing.clone();
    let begun = tokio::select! {
        begun = guard.begin() => begun,
        () = closing.cancelled() => return,
    };
    if !begun.unwrap_or(false) {
        return;
    }
    let forwarder = Forwarder::new(arrival.proxy, via, Some(findings));
    let service = service_fn(move |request| {
        let forwarder = forwarder.clone();
        // A connection has room for it from its beginning on; so it is only there while a request is.
        Box::pin(async { Ok::<_, Infallible>(forwarder.handle(request).await) })
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // The guard does that, with an answer.
        .header_read_timeout(None)
        .max_headers(128)
        // A head comes as a whole, and the parser adds what it reads beside it.
        .max_buf_size(limits.patience().longest_head + SEND_BUFFER)
        .serve_connection(TokioIo::new(guard), service)
        .with_upgrades();
    tokio::pin!(connection);
    let outcome = tokio::select! {
        outcome = &mut connection => outcome,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(error = %error, "a client's connection ended");
    }
}

/// Serves HTTP/2.
pub async fn serve_http2(arrival: Arrival, stream: Rewind, via: Via) {
    let limits = arrival.proxy.settings().config.limits.clone();
    let closing = arrival.proxy.closing.clone();
    let forwarder = Forwarder::new(arrival.proxy, via, None);
    let watched = forwarder.clone();
    let service = service_fn(move |request| {
        let forwarder = forwarder.clone();
        async { Ok::<_, Infallible>(forwarder.handle(request).await) }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(4 * WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(limits.head_bytes)
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(OFFENCES)
        .keep_alive_interval(ALIVE)
        .serve_connection(TokioIo::new(Prompt::new(stream, limits.patience().head)), service);
    tokio::pin!(connection);
    let outcome = tokio::select! {
        outcome = &mut connection => outcome,
        // The other one is the service's.
        () = idle(limits.patience().idle, || watched.is_busy(1)) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(error = %error, "a client's connection ended");
    }
}

/// Resolves when there was no request for so long.
async fn idle(patience: Duration, is_busy: impl Fn() -> bool) {
    let mut looks = interval(patience / 2);
    let mut quiet = 0;
    // The first look comes at once.
    while quiet < 3 {
        looks.tick().await;
        quiet = if is_busy() { 0 } else { quiet + 1 };
    }
}

/// Looks at the stream until `read` makes something of what has been seen, for as long as a handshake may take.
pub async fn look_until<T, E>(
    stream: &mut Rewind,
    patience: Duration,
    read: impl Fn(&[u8]) -> Result<Option<T>, E>,
) -> Option<Result<T, E>> {
    let look = async {
        loop {
            match read(stream.seen()) {
                Ok(Some(found)) => return Some(Ok(found)),
                Ok(None) => {}
                Err(error) => return Some(Err(error)),
            }
            if !matches!(stream.look().await, Ok(1..)) {
                return None;
            }
        }
    };
    timeout(patience, look).await.ok().flatten()
}
