//! How an entry lies in its file. Pure.
//!
//! ```text
//! body ‖ check of each chunk of the body (8 bytes each) ‖ head as JSON ‖ SHA-256 of the body ‖ footer
//! footer: magic (8) ‖ length of the body (8) ‖ length of the head (4) ‖ size of a chunk (4) ‖ check of all after the body (8)
//! ```
//!
//! Numbers are little-endian. The body comes first, so that its chunks lie on pages. Whatever is cut off or altered after
//! the body, the check in the footer tells; whatever is altered in the body, the check of its chunk tells before a byte of
//! that chunk is sent.
//!
//! The checks are XXH3 with 64 bits, because they are made anew at each hit: for a GiB they take a tenth of the time that
//! reading it from the page cache does, where SHA-256 would take longer than the sending. An accident goes unseen once in 2⁶⁴; an attacker who can write into the
//! folder could make them fit, and is none: only the proxy reaches it. What the content has to be was checked with SHA-256
//! when it was kept. The seed of each check holds the key and the place, so that a chunk of another entry, or of another
//! place, doesn't fit.

use twox_hash::XxHash3_64;

use super::head::Head;

/// The size of a chunk in bytes: what is read, checked and sent at once. Small enough to stay in a core's own cache between
/// the three.
pub(super) const CHUNK_BYTES: usize = 128 * 1024;

const MAGIC: [u8; 8] = *b"octobot1";
/// The length of the footer in bytes.
pub(super) const FOOTER_BYTES: usize = 32;
/// The longest head that is believed, in bytes.
const LONGEST_HEAD: u32 = 256 * 1024;

/// The sizes that a footer tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Footer {
    pub body_bytes: u64,
    head_bytes: u32,
    check: u64,
}

/// All that follows the body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trailer {
    pub head: Head,
    pub sha256: [u8; 32],
    /// The check of each chunk.
    pub checks: Vec<u64>,
}

/// The checks of a body that comes piece by piece.
#[derive(Debug)]
pub(super) struct Checks {
    id: [u8; 32],
    done: Vec<u64>,
    chunk: Vec<u8>,
}

impl Footer {
    /// Reads the last [`FOOTER_BYTES`] of a file of this length; `None` where they aren't a footer of it.
    pub fn read(bytes: &[u8; FOOTER_BYTES], file_bytes: u64) -> Option<Self> {
        let (magic, numbers) = bytes.split_first_chunk::<8>()?;
        let (body_bytes, numbers) = numbers.split_first_chunk::<8>()?;
        let (head_bytes, numbers) = numbers.split_first_chunk::<4>()?;
        let (chunk_bytes, check) = numbers.split_first_chunk::<4>()?;
        let footer = Self {
            body_bytes: u64::from_le_bytes(*body_bytes),
            head_bytes: u32::from_le_bytes(*head_bytes),
            check: u64::from_le_bytes(*check.first_chunk()?),
        };
        let is_ours = *magic == MAGIC
            && u32::from_le_bytes(*chunk_bytes) as usize == CHUNK_BYTES
            && footer.head_bytes <= LONGEST_HEAD
            && footer.body_bytes <= file_bytes
            && footer.body_bytes + footer.trailer_bytes() + FOOTER_BYTES as u64 == file_bytes;
        is_ours.then_some(footer)
    }

    /// The length of what lies between the body and the footer.
    pub fn trailer_bytes(&self) -> u64 {
        chunks(self.body_bytes) * 8 + u64::from(self.head_bytes) + 32
    }
}

impl Trailer {
    /// What follows the body of the entry with this id, footer included.
    pub fn write(&self, id: &[u8; 32]) -> Vec<u8> {
        let head = serde_json::to_vec(&self.head).expect("a head is text and numbers");
        let mut bytes: Vec<u8> = self.checks.iter().flat_map(|check| check.to_le_bytes()).collect();
        bytes.extend_from_slice(&head);
        bytes.extend_from_slice(&self.sha256);
        let check = check(&bytes, id, u64::MAX);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.head.length.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(head.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(CHUNK_BYTES).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(&check.to_le_bytes());
        bytes
    }

    /// Reads what lies between body and footer; `None` where it isn't what was written for the entry with this id.
    pub fn read(bytes: &[u8], footer: &Footer, id: &[u8; 32]) -> Option<Self> {
        if bytes.len() as u64 != footer.trailer_bytes() || check(bytes, id, u64::MAX) != footer.check {
            return None;
        }
        let (checks, rest) = bytes.split_at_checked(usize::try_from(chunks(footer.body_bytes) * 8).ok()?)?;
        let (head, sha256) = rest.split_last_chunk::<32>()?;
        let head: Head = serde_json::from_slice(head).ok()?;
        let checks = checks.as_chunks::<8>().0.iter().map(|check| u64::from_le_bytes(*check)).collect();
        (head.length == footer.body_bytes).then_some(Self { head, sha256: *sha256, checks })
    }
}

impl Checks {
    /// The checks of the entry with this id.
    pub fn new(id: [u8; 32]) -> Self {
        Self { id, done: Vec::new(), chunk: Vec::new() }
    }

    /// Takes the next piece of the body.
    pub fn add(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            let room = CHUNK_BYTES - self.chunk.len();
            let (now, later) = piece.split_at(room.min(piece.len()));
            // A whole chunk is checked where it lies.
            if now.len() == CHUNK_BYTES {
                self.done.push(check_chunk(now, &self.id, self.done.len() as u64));
            } else {
                self.chunk.extend_from_slice(now);
                if self.chunk.len() == CHUNK_BYTES {
                    self.finish_chunk();
                }
            }
            piece = later;
        }
    }

    /// The checks of all chunks.
    pub fn finish(mut self) -> Vec<u64> {
        if !self.chunk.is_empty() {
            self.finish_chunk();
        }
        self.done
    }

    fn finish_chunk(&mut self) {
        self.done.push(check_chunk(&self.chunk, &self.id, self.done.len() as u64));
        self.chunk.clear();
    }
}

/// How many chunks a body has.
pub(super) fn chunks(body_bytes: u64) -> u64 {
    body_bytes.div_ceil(CHUNK_BYTES as u64)
}

/// The check of a chunk of the entry with this id.
pub(super) fn check_chunk(chunk: &[u8], id: &[u8; 32], number: u64) -> u64 {
    check(chunk, id, number)
}

fn check(bytes: &[u8], id: &[u8; 32], place: u64) -> u64 {
    let (first, _) = id.split_first_chunk::<8>().expect("an id has 32 bytes");
    // Multiplied by an odd number, so that neighbouring places have unlike seeds.
    let seed = u64::from_le_bytes(*first) ^ place.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    XxHash3_64::oneshot_with_seed(seed, bytes)
}

#[cfg(test)]
mod tests {
    use http::Response;
    use proptest::prelude::*;

    use super::*;
    use crate::cache::key::Key;

    const ID: [u8; 32] = [7; 32];

    fn trailer(body: &[u8]) -> Trailer {
        let parts = Response::builder().header("content-length", body.len()).body(()).unwrap().into_parts().0;
        let head = Head::of(&parts, &Key { id: ID, digest: None }, u64::MAX).unwrap();
        let mut checks = Checks::new(ID);
        checks.add(body);
        Trailer { head, sha256: [9; 32], checks: checks.finish() }
    }

    fn read(file: &[u8]) -> Option<Trailer> {
        let (_, footer) = file.split_last_chunk()?;
        let footer = Footer::read(footer, file.len() as u64)?;
        let body = usize::try_from(footer.body_bytes).unwrap();
        Trailer::read(&file[body..file.len() - FOOTER_BYTES], &footer, &ID)
    }

    #[test]
    fn what_was_written_is_read() {
        for length in [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES] {
            let body = vec![1; length];
            let trailer = trailer(&body);
            assert_eq!(trailer.checks.len() as u64, chunks(length as u64));
            assert_eq!(read(&[body, trailer.write(&ID)].concat()), Some(trailer));
        }
    }

    #[test]
    fn checks_dont_depend_on_the_pieces_and_know_their_place() {
        let body: Vec<u8> = (0..CHUNK_BYTES * 3 + 5).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let mut pieces = Checks::new(ID);
        body.chunks(1000).for_each(|piece| pieces.add(piece));
        assert_eq!(pieces.finish(), trailer(&body).checks);
        let chunk = &body[..CHUNK_BYTES];
        assert_ne!(check_chunk(chunk, &ID, 0), check_chunk(chunk, &ID, 1));
        assert_ne!(check_chunk(chunk, &ID, 0), check_chunk(chunk, &[8; 32], 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_altered_or_cut_off_behind_the_body_is_seen(at in 0usize..1000, bit in 0u8..8, body in 1usize..300) {
            let file = [vec![3; body], trailer(&vec![3; body]).write(&ID)].concat();
            let at = body + at % (file.len() - body);
            let mut altered = file.clone();
            altered[at] ^= 1 << bit;
            prop_assert_eq!(read(&altered), None);
            prop_assert_eq!(read(&file[..at]), None);
        }

        #[test]
        fn no_file_makes_reading_panic(file in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(read(&file), None);
        }
    }
}
