//! What TLS is spoken with, towards clients and towards hosts.

use std::sync::{Arc, OnceLock};

use rustls::CipherSuite;
use rustls::crypto::{CryptoProvider, aws_lc_rs};

mod ahead;

pub use ahead::Ahead;

/// The suites that are preferred: the cheapest of those that are strong enough, as browsers prefer them.
///
/// AES-128 takes ten rounds where AES-256 takes fourteen. With it goes SHA-256, for which processors have instructions; with the other
/// goes SHA-384, for which many have none, and a handshake hashes a hundred times.
const FIRST: [CipherSuite; 3] = [
    CipherSuite::TLS13_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
];

/// The provider: all suites that AWS-LC has, with AES-128 before AES-256.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let make = || {
        let mut provider = aws_lc_rs::default_provider();
        // The sort is stable: what isn't said here stays in the order that rustls gives it.
        provider.cipher_suites.sort_by_key(|suite| (suite.tls13().is_none(), !FIRST.contains(&suite.suite())));
        Arc::new(provider)
    };
    Arc::clone(PROVIDER.get_or_init(make))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_is_there_and_the_preferred_are_first_in_their_version() {
        let ours: Vec<_> = provider().cipher_suites.iter().map(rustls::SupportedCipherSuite::suite).collect();
        let mut missing = aws_lc_rs::ALL_CIPHER_SUITES.iter().map(rustls::SupportedCipherSuite::suite);
        assert!(missing.all(|suite| ours.contains(&suite)), "{ours:?}");
        assert_eq!((ours[0], ours[3], ours[4]), (FIRST[0], FIRST[1], FIRST[2]));
    }
}
