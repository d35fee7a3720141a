//! Files that are altered, cut off, exchanged and written into while they are used. Not one wrong byte may be sent.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::upstream::{Client, From, Got, blob, cache, entries, path_of};

/// How often a file is damaged.
const TRIALS: u32 = 10_000;

/// What came must be right, and all of it or an error.
fn assert_right(got: &Got, body: &Bytes, trial: &str) {
    assert_eq!(got.came, body.slice(..got.came.len()), "wrong bytes: {trial}");
    assert!(got.body.is_err() || got.came.len() == body.len(), "cut off without an error: {trial}");
}

/// Damages a file in one of several ways, and tells how.
fn damage(file: &Path, other: &Path, random: &mut SmallRng) -> String {
    let opened = OpenOptions::new().read(true).write(true).open(file).unwrap();
    let length = opened.metadata().unwrap().len();
    let at = random.random_range(0..length);
    match random.random_range(0..6) {
        0 => {
            let mut byte = [0];
            opened.read_exact_at(&mut byte, at).unwrap();
            opened.write_all_at(&[byte[0] ^ 1 << random.random_range(0..8)], at).unwrap();
            format!("a bit flipped at {at}")
        }
        1 => {
            opened.set_len(at).unwrap();
            format!("cut off at {at}")
        }
        2 => {
            opened.set_len(at).unwrap();
            opened.set_len(length).unwrap();
            format!("nothing but zeros from {at}")
        }
        3 => {
            opened.set_len(length + random.random_range(1..5000)).unwrap();
            "lengthened".to_owned()
        }
        4 => {
            let mut block = vec![0; usize::try_from(random.random_range(1..5000)).unwrap()];
            random.fill(&mut block[..]);
            opened.write_all_at(&block, at).unwrap();
            format!("{} random bytes at {at}", block.len())
        }
        _ => {
            fs::copy(other, file).unwrap();
            "another entry's content".to_owned()
        }
    }
}

#[tokio::test]
async fn no_wrong_byte_comes_from_a_damaged_file() {
    let (root, cache) = cache();
    let client = Client::of(&cache);
    let mut random = SmallRng::seed_from_u64(1);
    // Of three chunks, of one, and the one that is copied over them.
    let bodies = [blob(1, 270_000), blob(2, 3_000), blob(3, 270_000)];
    let mut files: Vec<PathBuf> = Vec::new();
    for body in &bodies {
        client.upstream.has_blob(body);
        client.get(&path_of(body)).await.body.unwrap();
        files.push(entries(&root).into_iter().find(|file| !files.contains(file)).unwrap());
    }
    let (mut fetched_again, mut broken_off) = (0, 0);
    for trial in 0..TRIALS {
        let which = usize::from(trial % 4 == 0);
        let (body, file) = (&bodies[which], &files[which]);
        let how = damage(file, &files[2], &mut random);
        let got = client.get(&path_of(body)).await;
        assert_right(&got, body, &how);
        match (&got.body, got.from) {
            (Err(_), _) => broken_off += 1,
            (Ok(_), From::Fetched) => fetched_again += 1,
            // The alteration was none.
            (Ok(_), from) => assert_eq!(from, From::Kept),
        }
        if got.body.is_err() {
            assert_eq!(client.get(&path_of(body)).await.from, From::Fetched, "it is removed: {how}");
        }
    }
    let stats = cache.stats().await.unwrap();
    assert!(stats.corruptions > u64::from(TRIALS) * 8 / 10, "most damage should be met: {stats:?}");
    assert!(fetched_again > broken_off && broken_off > 0, "{fetched_again} and {broken_off}");
}

#[tokio::test]
async fn a_file_that_is_damaged_while_it_is_sent_is_broken_off_before_the_damage() {
    let (root, cache) = cache();
    let client = Client::of(&cache);
    let body = blob(4, 3_000_000);
    let path = client.upstream.has_blob(&body);
    client.get(&path).await.body.unwrap();
    let octobot_proxy::cache::Lookup::Hit(response) = client.lookup(&crate::upstream::Ask::get(&path)).await else {
        panic!("it is kept")
    };
    let file = OpenOptions::new().write(true).open(&entries(&root)[0]).unwrap();
    file.write_all_at(b"damage", 2_000_000).unwrap();
    let got = crate::upstream::read(From::Kept, response).await;
    assert_right(&got, &body, "damaged while it is sent");
    assert!(got.came.len() > 1_800_000 && got.came.len() <= 2_000_000);
    assert!(got.body.unwrap_err().contains("altered"));
}
