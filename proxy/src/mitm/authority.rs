//! The authority: a key and a certificate that are made once and stay in the proxy's folder.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::leaves::Leaves;
use crate::clock::Clock;
use crate::policy::Host;

/// The certificate, for everybody to trust.
const CERTIFICATE: &str = "ca.crt";

/// The private key, for the proxy alone.
pub(super) const KEY: &str = "ca.key";

/// How long the authority is good for.
const LIFE: Duration = Duration::from_hours(10 * 365 * 24);

/// Clocks that are behind by less than this still see a certificate as valid.
pub(super) const SKEW: Duration = Duration::from_hours(48);

/// The certificate authority.
pub struct Authority {
    pem: String,
    leaves: Leaves,
}

/// Why there is no authority.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// Its files can't be read or written.
    #[error("its files can't be used")]
    Files(#[from] io::Error),
    /// Its files make no sense, or a certificate can't be made.
    #[error("its certificate or key can't be used")]
    Certificate(#[from] rcgen::Error),
    /// The certificate's file has none.
    #[error("its certificate can't be read")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// rustls refuses what was made.
    #[error("TLS refuses its certificates")]
    Tls(#[from] rustls::Error),
    /// Others may read the key.
    #[error("its key may be read by others than its owner: make its mode 0600, or remove it with the certificate")]
    KeyIsOpen,
}

impl Authority {
    /// The authority in a folder, made there when there is none.
    pub fn open(folder: &Path, clock: Clock) -> Result<Self, AuthorityError> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let (key_file, certificate_file) = (folder.join(KEY), folder.join(CERTIFICATE));
        if !certificate_file.exists() {
            create(&key_file, &certificate_file, clock())?;
        }
        if fs::metadata(&key_file)?.permissions().mode() & 0o077 != 0 {
            return Err(AuthorityError::KeyIsOpen);
        }
        let pem = fs::read_to_string(&certificate_file)?;
        let key = KeyPair::from_pem(&fs::read_to_string(&key_file)?)?;
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes())?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key)?;
        Ok(Self { pem, leaves: Leaves::new(issuer, certificate, clock) })
    }

    /// The certificate, for clients to trust.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// What TLS is spoken with in a host's name.
    pub fn server_config(&self, host: &Host) -> Result<Arc<ServerConfig>, AuthorityError> {
        self.leaves.server_config(host)
    }
}

/// Makes the two files. The certificate comes last and at once, so that a crash leaves no half of an authority.
fn create(key_file: &Path, certificate_file: &Path, now: SystemTime) -> Result<(), AuthorityError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::OrganizationName, "Octobot");
    // The key's fingerprint tells the authorities of several proxies apart in one store.
    let identifier = params.key_identifier(&key);
    let fingerprint = identifier.first_chunk().map_or(0, |first| u32::from_be_bytes(*first));
    params.distinguished_name.push(DnType::CommonName, format!("Octobot proxy {fingerprint:08x}"));
    // It signs leaves, and no further authorities.
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = (now - SKEW).into();
    params.not_after = (now + LIFE).into();
    let certificate = params.self_signed(&key)?;

    // One without a certificate is of a start that didn't get to its end.
    let _ = fs::remove_file(key_file);
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(key_file)?;
    file.write_all(key.serialize_pem().as_bytes())?;
    file.sync_all()?;
    let partial = certificate_file.with_extension("partial");
    fs::write(&partial, certificate.pem())?;
    fs::set_permissions(&partial, fs::Permissions::from_mode(0o644))?;
    fs::rename(partial, certificate_file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn an_authority_is_made_once_and_its_key_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let first = Authority::open(folder.path(), clock::system).unwrap();
        let second = Authority::open(folder.path(), clock::system).unwrap();
        assert_eq!(first.pem(), second.pem());
        let mode = |name| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(KEY), mode(CERTIFICATE)), (0o600, 0o644));
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        drop(Authority::open(folder.path(), clock::system).unwrap());
        fs::set_permissions(folder.path().join(KEY), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Authority::open(folder.path(), clock::system), Err(AuthorityError::KeyIsOpen)));
    }
}
