//! The certificates of single hosts: made when a host is first spoken for, kept in memory, bounded in number.
//!
//! They have one key, which is made for the first of them, isn't the authority's, and is never written down. A key for each
//! would be no safer, for all of them would be in the same memory, and costs processor time for every new host.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    SanType,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{NoServerSessionStorage, ProducesTickets};
use rustls::sign::{CertifiedKey, SigningKey, SingleCertAndKey};

use super::authority::{AuthorityError, SKEW};
use crate::clock::Clock;
use crate::policy::Host;
use crate::tls;

/// How many hosts are remembered. An endless row of names costs time, but no more memory than this.
const MOST: usize = 1024;

/// How long a certificate is good for: less than what clients accept (825 days), more than any session lasts.
const LIFE: Duration = Duration::from_hours(90 * 24);

/// A common name may not be longer (RFC 5280, appendix A.1).
const LONGEST_COMMON_NAME: usize = 64;

/// The certificates.
pub struct Leaves {
    issuer: Issuer<'static, KeyPair>,
    authority: CertificateDer<'static>,
    speaker: OnceLock<Speaker>,
    clock: Clock,
    known: Mutex<Known>,
}

/// What all hosts are spoken for with. A proxy that nobody uses has none: making it brings code and tables of curves into memory.
struct Speaker {
    key: KeyPair,
    signer: Arc<dyn SigningKey>,
    tickets: Arc<dyn ProducesTickets>,
}

/// What is remembered; `turn` counts questions, so that the host that wasn't asked for the longest can go.
#[derive(Default)]
struct Known {
    configs: HashMap<Host, Leaf>,
    turn: u64,
}

struct Leaf {
    config: Arc<ServerConfig>,
    asked: u64,
    expires: SystemTime,
}

impl Leaves {
    pub fn new(issuer: Issuer<'static, KeyPair>, authority: CertificateDer<'static>, clock: Clock) -> Self {
        Self { issuer, authority, speaker: OnceLock::new(), clock, known: Mutex::default() }
    }

    /// What TLS is spoken with in a host's name.
    pub fn server_config(&self, host: &Host) -> Result<Arc<ServerConfig>, AuthorityError> {
        let now = (self.clock)();
        if let Some(config) = self.known().find(host, now) {
            return Ok(config);
        }
        let config = Arc::new(self.make(host, now)?);
        self.known().remember(host.clone(), Arc::clone(&config), now + LIFE / 2);
        Ok(config)
    }

    fn make(&self, host: &Host, now: SystemTime) -> Result<ServerConfig, AuthorityError> {
        let speaker = self.speaker()?;
        let leaf = params(host, now)?.signed_by(&speaker.key, &self.issuer)?;
        let certified = CertifiedKey::new(vec![leaf.into(), self.authority.clone()], Arc::clone(&speaker.signer));
        let mut config = ServerConfig::builder_with_provider(tls::provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // Who asks is on the same machine, so what is cheap here is cheap there.
        config.ignore_client_order = true;
        // Tickets are kept by clients; sessions would be kept here.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = Arc::clone(&speaker.tickets);
        config.send_tls13_tickets = 1;
        Ok(config)
    }

    fn speaker(&self) -> Result<&Speaker, AuthorityError> {
        if let Some(speaker) = self.speaker.get() {
            return Ok(speaker);
        }
        // Where two make one, the first is used by both.
        let made = Speaker::new()?;
        Ok(self.speaker.get_or_init(|| made))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Speaker {
    fn new() -> Result<Self, AuthorityError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let signer = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let signer = aws_lc_rs::sign::any_ecdsa_type(&signer)?;
        Ok(Self { key, signer, tickets: aws_lc_rs::Ticketer::new()? })
    }
}

impl Known {
    fn find(&mut self, host: &Host, now: SystemTime) -> Option<Arc<ServerConfig>> {
        self.turn += 1;
        let leaf = self.configs.get_mut(host).filter(|leaf| now < leaf.expires)?;
        leaf.asked = self.turn;
        Some(Arc::clone(&leaf.config))
    }

    fn remember(&mut self, host: Host, config: Arc<ServerConfig>, expires: SystemTime) {
        if self.configs.len() >= MOST {
            // An eighth at once, so that the search for the oldest isn't made for each new host.
            let mut asked: Vec<_> = self.configs.values().map(|leaf| leaf.asked).collect();
            let (_, limit, _) = asked.select_nth_unstable(MOST / 8);
            let limit = *limit;
            self.configs.retain(|_, leaf| leaf.asked > limit);
        }
        self.configs.insert(host, Leaf { config, asked: self.turn, expires });
    }
}

fn params(host: &Host, now: SystemTime) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::default();
    let name = match host {
        Host::Name(name) => SanType::DnsName(name.as_str().try_into()?),
        Host::Address(address) => SanType::IpAddress(*address),
    };
    let common_name = host.to_string();
    if common_name.len() <= LONGEST_COMMON_NAME {
        params.distinguished_name.push(DnType::CommonName, common_name);
    }
    params.subject_alt_names = vec![name];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.not_before = (now - SKEW).into();
    params.not_after = (now + LIFE).into();
    Ok(params)
}

#[cfg(test)]
mod tests {
    use rustls::RootCertStore;
    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier as _;
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{ServerName, UnixTime};

    use super::*;
    use crate::clock;
    use crate::mitm::Authority;
    use crate::mitm::authority::KEY;

    fn leaves() -> (tempfile::TempDir, Leaves) {
        let folder = tempfile::tempdir().unwrap();
        let pem = Authority::open(folder.path(), clock::system).unwrap().pem().to_owned();
        let key = KeyPair::from_pem(&std::fs::read_to_string(folder.path().join(KEY)).unwrap()).unwrap();
        let issuer = Issuer::from_ca_cert_pem(&pem, key).unwrap();
        let authority = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let leaves = Leaves::new(issuer, authority, clock::system);
        (folder, leaves)
    }

    fn is_good_for(leaves: &Leaves, host: &str, asked: &str) -> bool {
        let host = Host::parse(host).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = params(&host, clock::system()).unwrap().signed_by(&key, &leaves.issuer).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(leaves.authority.clone()).unwrap();
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), tls::provider()).build().unwrap();
        let name = ServerName::try_from(asked.to_owned()).unwrap();
        verifier.verify_server_cert(leaf.der(), &[], &name, &[], UnixTime::now()).is_ok()
    }

    #[test]
    fn a_certificate_is_for_its_name_or_address_alone() {
        let (_folder, leaves) = leaves();
        assert!(is_good_for(&leaves, "api.example", "api.example"));
        assert!(!is_good_for(&leaves, "api.example", "other.example"));
        assert!(is_good_for(&leaves, "127.0.0.1", "127.0.0.1"));
        assert!(is_good_for(&leaves, "[::1]", "::1"));
        assert!(!is_good_for(&leaves, "127.0.0.1", "127.0.0.2"));
        let long = format!("{}.{}.example", "a".repeat(60), "b".repeat(60));
        assert!(is_good_for(&leaves, &long, &long));
    }

    #[test]
    fn hosts_are_spoken_for_with_a_key_that_signs_no_certificates() {
        let (_folder, leaves) = leaves();
        let speaker = leaves.speaker().unwrap();
        let spoken = speaker.signer.public_key().unwrap();
        assert!(spoken.ends_with(speaker.key.public_key_raw()));
        assert!(!spoken.ends_with(leaves.issuer.key().public_key_raw()));
    }

    #[test]
    fn endless_names_take_no_endless_memory() {
        let (_folder, leaves) = leaves();
        let hosts: Vec<_> = (0..MOST + 100).map(|n| Host::parse(&format!("h{n}.example")).unwrap()).collect();
        let config = leaves.server_config(&hosts[0]).unwrap();
        let mut known = leaves.known();
        for host in &hosts {
            known.turn += 1;
            known.remember(host.clone(), Arc::clone(&config), clock::system() + LIFE);
        }
        assert!(known.configs.len() <= MOST);
        assert!(known.find(hosts.last().unwrap(), clock::system()).is_some());
        assert!(known.find(&hosts[0], clock::system()).is_none());
    }

    #[test]
    fn a_host_keeps_its_certificate() {
        let (_folder, leaves) = leaves();
        let host = Host::parse("api.example").unwrap();
        let (first, second) = (leaves.server_config(&host).unwrap(), leaves.server_config(&host).unwrap());
        assert!(Arc::ptr_eq(&first, &second));
    }
}
