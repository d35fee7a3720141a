//! Whose certificates are trusted.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use serde::{Deserialize, Serialize};

use super::settings::UpstreamError;
use crate::tls;

/// Which authorities are trusted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Roots {
    /// The system's, or Mozilla's where the system has none.
    #[default]
    System,
    /// Mozilla's, as they were when the proxy was built.
    Mozilla,
    /// None but those of `extra_ca`.
    None,
}

/// What TLS to hosts is spoken with.
#[derive(Debug, Clone)]
pub struct ClientConfigs {
    /// Offers HTTP/1.1 alone.
    pub http1: Arc<ClientConfig>,
    /// Offers HTTP/2 as well.
    pub http2: Arc<ClientConfig>,
}

/// All authorities that are trusted.
pub fn store(roots: Roots, extra: &[String]) -> Result<Arc<RootCertStore>, UpstreamError> {
    let roots = match roots {
        Roots::System => Arc::clone(system()),
        Roots::Mozilla => Arc::new(mozilla()),
        Roots::None => Arc::new(RootCertStore::empty()),
    };
    if extra.is_empty() {
        return Ok(roots);
    }
    let mut store = Arc::unwrap_or_clone(roots);
    for text in extra {
        let before = store.len();
        for certificate in certificates(text)? {
            store.add(certificate)?;
        }
        if store.len() == before {
            return Err(UpstreamError::NoCertificate(shown(text)));
        }
    }
    Ok(Arc::new(store))
}

fn certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, UpstreamError> {
    let read = if is_pem(text) {
        CertificateDer::pem_slice_iter(text.as_bytes()).collect()
    } else {
        CertificateDer::pem_file_iter(text).and_then(Iterator::collect)
    };
    read.map_err(|source| UpstreamError::ExtraCa { file: shown(text), source })
}

fn is_pem(text: &str) -> bool {
    text.contains("-----BEGIN")
}

/// What an error says: the file, and nothing of a text, which may be a key.
fn shown(text: &str) -> PathBuf {
    if is_pem(text) { PathBuf::from("a text") } else { PathBuf::from(text) }
}

/// Reading the system's store takes tens of milliseconds, and holding it some hundred KiB, so it is done once.
fn system() -> &'static Arc<RootCertStore> {
    static SYSTEM: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    SYSTEM.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        let mut store = RootCertStore::empty();
        // One that can't be used is no reason not to trust the others.
        store.add_parsable_certificates(found.certs);
        if store.is_empty() {
            tracing::info!("the system has no store of certificates: Mozilla's is used");
            return Arc::new(mozilla());
        }
        Arc::new(store)
    })
}

fn mozilla() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

/// Makes what TLS is spoken with.
pub fn client_configs(roots: Arc<RootCertStore>, http2: bool) -> Result<ClientConfigs, UpstreamError> {
    let mut config = ClientConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let http1 = Arc::new(config.clone());
    if !http2 {
        return Ok(ClientConfigs { http2: Arc::clone(&http1), http1 });
    }
    config.alpn_protocols.insert(0, b"h2".to_vec());
    Ok(ClientConfigs { http1, http2: Arc::new(config) })
}
