//! Encryption of what must not stand in the database in plain text.
//!
//! A sealed value is bound to the row that it belongs to: copied to another row, it can't be opened. Nothing here
//! knows what is sealed or where it is kept.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use aes_gcm::aead::{Aead as _, Generate as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

/// A 256-bit key.
#[derive(Clone)]
pub struct Key([u8; KEY_BYTES]);

/// A sealed value: one byte that names the key, the nonce, then what AES-GCM made of the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

/// Seals and opens values with one key.
pub struct Vault {
    key_id: u8,
    cipher: Aes256Gcm,
}

/// A failure to seal or open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The system has no randomness to give.
    #[error("the system's random number generator failed")]
    Randomness,
    /// The value is longer than AES-GCM allows.
    #[error("the value is too long to be sealed")]
    TooLong,
    /// It was sealed with another key.
    #[error("it was sealed with another key")]
    OtherKey,
    /// It was changed, or belongs to another row.
    #[error("it was changed since it was sealed, or belongs to another row")]
    Forged,
}

/// A failure to get a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The text isn't 32 bytes.
    #[error("a key is 32 bytes in base64 or hexadecimal")]
    Form,
    /// The file's text isn't a key.
    #[error("{} doesn't hold a key: 32 bytes in base64", path.display())]
    File {
        /// The file.
        path: PathBuf,
    },
    /// Others than its owner can read the file.
    #[error("{} can be read by others; run: chmod 600 {}", path.display(), path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// The file can't be read or made.
    #[error("the key file {} can't be used", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system has no randomness to give.
    #[error("the system's random number generator failed")]
    Randomness,
}

// === impl Vault ===

impl Vault {
    /// A vault that uses this key.
    #[expect(clippy::needless_pass_by_value, reason = "the vault takes the key over, so that no other copy stays")]
    pub fn new(key: Key) -> Self {
        let cipher = Aes256Gcm::new(&key.0.into());
        Self { key_id: key.id(), cipher }
    }

    /// Seals a value that belongs to the row and column that `identity` names.
    pub fn seal(&self, plaintext: &[u8], identity: &str) -> Result<Sealed, VaultError> {
        let nonce = Nonce::try_generate().map_err(|_| VaultError::Randomness)?;
        let payload = Payload { msg: plaintext, aad: &self.associated_data(identity) };
        let ciphertext = self.cipher.encrypt(&nonce, payload).map_err(|_| VaultError::TooLong)?;
        let mut bytes = Vec::with_capacity(1 + NONCE_BYTES + ciphertext.len());
        bytes.push(self.key_id);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&ciphertext);
        Ok(Sealed(bytes))
    }

    /// Opens a value that was sealed for the same `identity`.
    pub fn open(&self, sealed: &Sealed, identity: &str) -> Result<Vec<u8>, VaultError> {
        let (key_id, rest) = sealed.0.split_first().ok_or(VaultError::Forged)?;
        if *key_id != self.key_id {
            return Err(VaultError::OtherKey);
        }
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::Forged)?;
        let payload = Payload { msg: ciphertext, aad: &self.associated_data(identity) };
        self.cipher.decrypt(&(*nonce).into(), payload).map_err(|_| VaultError::Forged)
    }

    fn associated_data(&self, identity: &str) -> Vec<u8> {
        [&[self.key_id], identity.as_bytes()].concat()
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

// === impl Sealed ===

impl Sealed {
    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// A sealed value as it was stored.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").finish_non_exhaustive()
    }
}

// === impl Key ===

impl Key {
    /// A key of these bytes.
    pub const fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// Reads the key in a file, or makes one that only the file's owner can read.
    ///
    /// When several processes start at once, all of them get the same key, and a crash leaves a whole key or none.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        let io_error = |source| KeyError::Io { path: path.to_owned(), source };
        match fs::metadata(path) {
            Ok(_) => return Self::load(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_error(error)),
        }
        let key = Self(<[u8; KEY_BYTES]>::try_generate().map_err(|_| KeyError::Randomness)?);
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // Written under another name and then given its own, so that nobody sees half a key.
        let mut file = tempfile::Builder::new()
            .prefix(".key-")
            .permissions(fs::Permissions::from_mode(0o600))
            .tempfile_in(folder)
            .map_err(io_error)?;
        writeln!(file, "{}", BASE64_STANDARD.encode(key.0)).map_err(io_error)?;
        file.as_file().sync_all().map_err(io_error)?;
        match file.persist_noclobber(path) {
            Ok(_) => {}
            Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => return Self::load(path),
            Err(refused) => return Err(io_error(refused.error)),
        }
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_error)?;
        Ok(key)
    }

    fn load(path: &Path) -> Result<Self, KeyError> {
        let io_error = |source| KeyError::Io { path: path.to_owned(), source };
        let mode = fs::metadata(path).map_err(io_error)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed { path: path.to_owned() });
        }
        let text = fs::read_to_string(path).map_err(io_error)?;
        text.parse().map_err(|_| KeyError::File { path: path.to_owned() })
    }

    /// A byte that says which key sealed a value. It is taken from a hash, so that it needs no configuration.
    fn id(&self) -> u8 {
        Sha256::new().chain_update(b"octobot key id").chain_update(self.0).finalize()[0]
    }
}

impl FromStr for Key {
    type Err = KeyError;

    /// Reads 32 bytes in hexadecimal or base64, of either alphabet, padded or not.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let bytes = if text.len() == 2 * KEY_BYTES { from_hexadecimal(text) } else { None };
        let decode = || {
            [BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD]
                .iter()
                .find_map(|alphabet| alphabet.decode(text).ok()?.try_into().ok())
        };
        bytes.or_else(decode).map(Self).ok_or(KeyError::Form)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").finish_non_exhaustive()
    }
}

fn from_hexadecimal(text: &str) -> Option<[u8; KEY_BYTES]> {
    let mut bytes = [0; KEY_BYTES];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |c: u8| char::from(c).to_digit(16);
        *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Vault {
        Vault::new(Key::from_bytes([7; 32]))
    }

    #[test]
    fn what_was_sealed_can_be_opened() {
        let sealed = vault().seal(b"rm -rf build", "turns/1/prompt").unwrap();
        assert_eq!(vault().open(&sealed, "turns/1/prompt").unwrap(), b"rm -rf build");
    }

    #[test]
    fn the_same_value_is_never_sealed_the_same_way() {
        let (one, two) = (vault().seal(b"x", "row").unwrap(), vault().seal(b"x", "row").unwrap());
        assert_ne!(one, two);
    }

    #[test]
    fn no_bit_can_be_changed() {
        let sealed = vault().seal(b"ls", "row").unwrap();
        for bit in 0..sealed.as_bytes().len() * 8 {
            let mut bytes = sealed.as_bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(vault().open(&Sealed::from_bytes(bytes), "row").is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_value_cannot_be_moved_to_another_row() {
        let sealed = vault().seal(b"ls", "turns/1/prompt").unwrap();
        assert_eq!(vault().open(&sealed, "turns/2/prompt"), Err(VaultError::Forged));
    }

    #[test]
    fn a_truncated_value_is_refused() {
        let sealed = vault().seal(b"ls", "row").unwrap();
        for length in 0..sealed.as_bytes().len() {
            let cut = Sealed::from_bytes(sealed.as_bytes()[..length].to_vec());
            assert_eq!(vault().open(&cut, "row"), Err(VaultError::Forged), "{length} bytes");
        }
    }

    #[test]
    fn another_key_is_told_from_a_forgery() {
        let sealed = vault().seal(b"ls", "row").unwrap();
        let other = Vault::new(Key::from_bytes([8; 32]));
        assert_eq!(other.open(&sealed, "row"), Err(VaultError::OtherKey));
    }

    #[test]
    fn a_key_is_read_from_base64_and_hexadecimal() {
        let bytes = [0xfb; 32];
        for text in ["fb".repeat(32), BASE64_STANDARD.encode(bytes), BASE64_URL_SAFE_NO_PAD.encode(bytes)] {
            assert_eq!(text.parse::<Key>().unwrap().0, bytes, "{text}");
        }
        for text in ["", "fb", &"g".repeat(64), &BASE64_STANDARD.encode([1; 31])] {
            assert!(matches!(text.parse::<Key>(), Err(KeyError::Form)), "{text}");
        }
    }

    #[test]
    fn a_key_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let first = Key::load_or_create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Key::load_or_create(&path).unwrap().0, first.0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left in the folder");
    }

    #[test]
    fn processes_that_start_together_share_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let keys = std::thread::scope(|scope| {
            let racers = [(); 8].map(|()| scope.spawn(|| Key::load_or_create(&path).unwrap().0));
            racers.map(|racer| racer.join().unwrap())
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        Key::load_or_create(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Key::load_or_create(&path), Err(KeyError::Exposed { .. })));
    }

    #[test]
    fn secrets_are_not_printed() {
        let sealed = vault().seal(b"ls", "row").unwrap();
        let printed = format!("{:?} {:?} {sealed:?}", vault(), Key::from_bytes([7; 32]));
        assert_eq!(printed, "Vault { .. } Key { .. } Sealed { .. }");
    }
}
