//! The certificates that a sandbox's programs trust: those of this machine, and its proxy's own. As PEM, which nearly everything
//! reads, and as a key store of Java's.

use std::fs;
use std::io;
use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha1::{Digest, Sha1};

/// Where distributions have the certificates that everything trusts: Debian and Alpine, Fedora, older ones of it, SUSE, the BSD way.
pub const STORES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// What Java expects a key store to be locked with that holds nothing secret.
const JAVA_PASSWORD: &str = "changeit";

/// The certificates.
#[derive(Debug)]
pub struct Trust {
    /// One after the other, as PEM.
    pub bundle: String,
}

impl Trust {
    /// This machine's, and an authority's own (PEM).
    pub fn with(authority: &str) -> io::Result<Self> {
        let mut bundle = String::new();
        for store in STORES.map(Path::new) {
            match fs::read_to_string(store) {
                Ok(found) => {
                    bundle = found;
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        if !bundle.is_empty() && !bundle.ends_with('\n') {
            bundle.push('\n');
        }
        bundle.push_str(authority);
        Ok(Self { bundle })
    }

    /// As a key store of the format JKS, version 2, which every Java reads. A certificate that can't be read is left out.
    pub fn java_store(&self) -> Vec<u8> {
        let certificates: Vec<_> =
            CertificateDer::pem_slice_iter(self.bundle.as_bytes()).filter_map(Result::ok).collect();
        let mut store = Vec::new();
        store.extend(0xfeed_feed_u32.to_be_bytes());
        store.extend(2_u32.to_be_bytes());
        store.extend(length(certificates.len()));
        for (number, certificate) in certificates.iter().enumerate() {
            // A certificate that is trusted, its name, when it was added (in ms; nobody asks), its kind, itself.
            store.extend(2_u32.to_be_bytes());
            text(&mut store, &format!("octobot-{number}"));
            store.extend(0_u64.to_be_bytes());
            text(&mut store, "X.509");
            store.extend(length(certificate.len()));
            store.extend_from_slice(certificate);
        }
        let mut digest = Sha1::new();
        digest.update(JAVA_PASSWORD.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>());
        // So the format wants it.
        digest.update(b"Mighty Aphrodite");
        digest.update(&store);
        store.extend_from_slice(&digest.finalize());
        store
    }
}

fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).expect("certificates are far below 4 GiB").to_be_bytes()
}

/// Text as Java's `DataOutput.writeUTF` writes it, which is UTF-8 for ASCII.
fn text(to: &mut Vec<u8>, text: &str) {
    to.extend(u16::try_from(text.len()).expect("names are short").to_be_bytes());
    to.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_store_of_java_has_each_certificate_and_ends_with_a_digest() {
        let folder = tempfile::tempdir().unwrap();
        let authority = super::super::ProxyHome::at(folder.path().join("proxy")).ensure().unwrap();
        let trust = Trust { bundle: format!("{authority}{authority}") };
        let store = trust.java_store();
        assert_eq!(store[..12], [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 2]);
        let der = CertificateDer::from_pem_slice(authority.as_bytes()).unwrap();
        assert_eq!(store.windows(der.len()).filter(|window| *window == &der[..]).count(), 2);
    }

    #[test]
    fn what_this_machine_trusts_is_trusted_and_the_authority() {
        let trust = Trust::with("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n").unwrap();
        assert!(trust.bundle.ends_with("\nAA==\n-----END CERTIFICATE-----\n"));
    }
}
