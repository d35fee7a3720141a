//! The library hudsucker as a proxy of its own, as it comes: one header is injected, and all names lead to this machine. Nothing
//! else belongs here: what is measured is the library.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use hudsucker::certificate_authority::RcgenAuthority;
use hudsucker::hyper::Request;
use hudsucker::hyper::header::HeaderValue;
use hudsucker::hyper_util::client::legacy::connect::HttpConnector;
use hudsucker::{Body, HttpContext, HttpHandler, Proxy, RequestOrResponse};
use hyper_rustls::HttpsConnectorBuilder;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// How many hosts' certificates it keeps.
const KEPT: u64 = 1024;

#[derive(Clone)]
struct Injection;

impl HttpHandler for Injection {
    async fn handle_request(&mut self, _: &HttpContext, mut request: Request<Body>) -> RequestOrResponse {
        request.headers_mut().insert("x-api-key", HeaderValue::from_static("0123456789abcdef"));
        request.into()
    }
}

/// Arguments: where to listen, whom to trust, and where to put the certificate of its own authority.
#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().context("an argument is missing");
    let address: SocketAddr = next()?.parse()?;
    let (trusted, own) = (PathBuf::from(next()?), PathBuf::from(next()?));

    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    fs::write(own, params.self_signed(&key)?.pem())?;
    let authority = RcgenAuthority::new(Issuer::new(params, key), KEPT, ring::default_provider());

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(trusted)?)?;
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let here = tower::service_fn(|_| async {
        Ok::<_, std::io::Error>([SocketAddr::from((Ipv4Addr::LOCALHOST, 0))].into_iter())
    });
    let mut plain = HttpConnector::new_with_resolver(here);
    plain.enforce_http(false);
    let connector =
        HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(plain);
    let proxy = Proxy::builder().with_addr(address).with_ca(authority).with_http_connector(connector);
    Ok(proxy.with_http_handler(Injection).build()?.start().await?)
}
