//! Certificates for the tests' own hosts, by an authority of their own.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// What a host needs to speak TLS, and its clients to believe it, as PEM.
pub struct Certificates {
    pub ca: String,
    pub chain: String,
    pub key: String,
}

/// Makes them for a host of these names.
pub fn make(names: &[&str]) -> Certificates {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.distinguished_name.push(DnType::CommonName, "the tests' authority");
    let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let leaf = CertificateParams::new(names).unwrap().signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
    Certificates { ca: ca_pem, chain: leaf.pem(), key: key.serialize_pem() }
}
