//! The client with which the server itself makes requests: to try credentials (`trial`), and to forges (`forge`).

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// The client.
pub type Outgoing = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// A client that trusts whom the system trusts, or on a system without such a list whom Mozilla does. It follows no
/// redirect: a key goes to the address that it is for, and to no other.
pub fn outgoing() -> Result<Outgoing, rustls::Error> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let connector = match HttpsConnectorBuilder::new().with_provider_and_native_roots(provider.clone()) {
        Ok(builder) => builder,
        Err(_) => HttpsConnectorBuilder::new().with_provider_and_webpki_roots(provider)?,
    };
    let connector = connector.https_or_http().enable_http1().build();
    // Requests are rare, and each stands for itself: nothing is kept open for the next one.
    Ok(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector))
}

/// The innermost cause says what a person can act on, and none of them holds the request's headers.
pub fn innermost<'e>(error: &'e (dyn std::error::Error + 'static)) -> &'e (dyn std::error::Error + 'static) {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause
}
