//! Values that nobody may see: they have no way out but [`Secret::reveal`].

use std::fmt;
use std::sync::LazyLock;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq as _;

/// What stands for a secret where a program's state is shown.
const HIDDEN: &str = "(secret)";

/// How many bytes of its digest name a secret: as many as nobody finds a second text for.
const NAME_BYTES: usize = 16;

/// With what secrets are digested: another key in each process, so that a reference can be compared with nothing but other
/// references of the same run. Static, because serde hands nothing to a value that it writes.
static KEY: LazyLock<hmac::Key> = LazyLock::new(|| {
    hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).expect("the system has random numbers")
});

/// A secret text, or a reference to one: `(secret:…)`, which is all that is ever written of it. Who changes a configuration sends
/// back the reference, and [`Secret::refers_to`] finds the text that is meant, wherever it now stands.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text secret.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether it only refers to a secret, of this run or of another.
    pub fn is_reference(&self) -> bool {
        self.0 == HIDDEN || (self.0.starts_with("(secret:") && self.0.ends_with(')'))
    }

    /// Whether it only refers to a secret, and to this one.
    pub fn refers_to(&self, secret: &Self) -> bool {
        self.is_reference() && !secret.is_reference() && self.is(&secret.reference())
    }

    /// Whether a text is the secret. How long this takes doesn't depend on where the two differ.
    pub fn is(&self, text: &str) -> bool {
        self.0.as_bytes().ct_eq(text.as_bytes()).into()
    }

    /// What is written of it: the same text for the same secret, in one process.
    pub(crate) fn reference(&self) -> String {
        let digest = hmac::sign(&KEY, self.0.as_bytes());
        format!("(secret:{})", URL_SAFE_NO_PAD.encode(&digest.as_ref()[..NAME_BYTES]))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// Secrets are written, not read.
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.reference())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_back(secret: &Secret) -> Secret {
        serde_json::from_value(serde_json::to_value(secret).unwrap()).unwrap()
    }

    #[test]
    fn a_secret_isnt_shown() {
        let secret = Secret::new("canary".to_owned());
        assert!(!format!("{secret:?}").contains("canary"));
        assert!(!serde_json::to_string(&secret).unwrap().contains("canary"));
        assert!(secret.is("canary") && !secret.is("canar"));
    }

    #[test]
    fn a_reference_is_to_one_secret_only() {
        let (one, other) = (Secret::new("canary".to_owned()), Secret::new("canary2".to_owned()));
        let reference = sent_back(&one);
        assert!(reference.is_reference() && reference.refers_to(&one));
        assert!(!reference.refers_to(&other) && !reference.refers_to(&reference));
        assert!(!one.is_reference() && !one.refers_to(&one));
        for unknown in ["(secret)", "(secret:)", "(secret:AAAAAAAAAAAAAAAAAAAAAA)"] {
            let unknown = Secret::new(unknown.to_owned());
            assert!(unknown.is_reference() && !unknown.refers_to(&one), "{unknown:?}");
        }
    }
}
