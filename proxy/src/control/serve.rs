//! Serving the API. Who connects has little time and little room, whether it has the token or not: the proxy must be asked
//! and told things while others hold connections open.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// How many connections there may be at a time. More wait to be accepted.
const MOST: usize = 64;

/// How long the head of a request may take, and how long its connection may wait for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client that takes nothing of an answer for this long has gone.
const STALLED: Duration = Duration::from_secs(30);

/// Serves the API's routes to all who connect.
pub async fn serve(listener: impl Listener, router: Router) {
    serve_within(listener, router, PATIENCE).await;
}

async fn serve_within(mut listener: impl Listener, router: Router, patience: Duration) {
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        let place = Arc::clone(&places).acquire_owned().await.expect("nobody closes it");
        let (stream, _) = listener.accept().await;
        let service = TowerToHyperService::new(router.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience)
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "a connection to the control API ended");
            }
            drop(place);
        });
    }
}

/// Sets a connection up so that it answers at once and ends when its client takes nothing.
pub fn prepare(stream: &mut TcpStream) {
    let user_timeout = SockRef::from(&*stream).set_tcp_user_timeout(Some(STALLED));
    if let Err(error) = stream.set_nodelay(true).and(user_timeout) {
        tracing::debug!(error = %error, "a connection can't be set up as it should be");
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;

    /// An API that has as little patience as a test, and its address.
    async fn api(patience: Duration) -> std::net::SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve_within(listener, Router::new().route("/health", get(|| async { "well" })), patience));
        address
    }

    async fn ask(stream: &mut TcpStream) -> String {
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: control\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("no answer").unwrap();
        answer
    }

    #[tokio::test]
    async fn who_says_nothing_or_too_slowly_is_left() {
        let address = api(Duration::from_millis(50)).await;
        for said in ["", "GET /health HTTP/1.1\r\nHost:"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(said.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            // Bytes that weren't read make it a reset.
            let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("it is still open");
        }
    }

    #[tokio::test]
    async fn those_who_hold_all_connections_make_others_wait_but_not_for_ever() {
        let address = api(Duration::from_millis(200)).await;
        let mut silent = Vec::new();
        for _ in 0..MOST {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        let mut stream = TcpStream::connect(address).await.unwrap();
        assert!(ask(&mut stream).await.ends_with("well"));
        drop(silent);
    }
}
