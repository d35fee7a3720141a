//! The limit, and a disk that is full before it is reached.

use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use octobot_proxy::cache::{Cache, Lookup};
use tempfile::TempDir;

use crate::upstream::{Ask, Client, From, blob, config, entries, path_of, read, skip};

#[tokio::test]
async fn what_was_asked_for_last_stays() {
    let root = tempfile::tempdir().unwrap();
    let cache = Cache::open(&root.path().join("cache"), "project", config("1MB")).unwrap();
    let client = Client::of(&cache);
    let bodies: Vec<Bytes> = (0..40).map(|seed| blob(seed, 100_000)).collect();
    for body in &bodies {
        client.upstream.has_blob(body);
        assert_eq!(client.get(&path_of(body)).await.body.unwrap(), *body);
        let stats = cache.stats().await.unwrap();
        assert!(stats.size_bytes <= 1_000_000, "{} bytes", stats.size_bytes);
    }
    assert!(entries(&root).len() >= 8);
    let stats = cache.stats().await.unwrap();
    assert_eq!(stats.evictions + stats.entries, 40);
    assert_eq!(client.get(&path_of(&bodies[39])).await.from, From::Kept);
    assert_eq!(client.get(&path_of(&bodies[0])).await.from, From::Fetched);
}

/// A disk of one megabyte. It goes with this.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// A disk; none where the system refuses.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(folder.path()).output();
        let refused = match mount {
            Ok(output) if output.status.success() => return Some(Self(folder)),
            Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
            Err(error) => error.to_string(),
        };
        skip("a full disk under the cache", &refused);
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _stays_mounted = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_keeps_nothing_and_everybody_gets_everything() {
    let Some(disk) = SmallDisk::mount() else { return };
    let cache = Cache::open(disk.path(), "project", config("20GB")).unwrap();
    let client = Client::of(&cache);
    let body = blob(1, 5_000_000);
    let path = path_of(&body);
    let (leader, mut upstream) = client.lead(&path, body.len()).await;
    let Lookup::Follow(follower) = client.lookup(&Ask::get(&path)).await else { panic!("it is being fetched") };
    let late = client.lookup(&Ask::get(&path).with("range", "bytes=4000000-4999998")).await;
    let Lookup::Follow(part) = late else { panic!("it is being fetched") };
    let Lookup::Follow(gone) = client.lookup(&Ask::get(&path)).await else { panic!("it is being fetched") };
    let readers = [leader, follower, part].map(|response| tokio::spawn(read(From::Followed, response)));
    let mut gone = Some(gone.into_body());
    for piece in body.chunks(50_000) {
        assert!(upstream.send(Bytes::copy_from_slice(piece)).await);
        // One reads along for a while, and goes when the disk is full already.
        if cache.stats().await.unwrap().failed_writes > 0 {
            gone = None;
        } else if let Some(gone) = &mut gone {
            gone.frame().await.unwrap().unwrap();
        }
    }
    let [leader, follower, part] = readers.map(|reader| async { reader.await.unwrap().body.unwrap() });
    assert_eq!(leader.await, body);
    assert_eq!(follower.await, body);
    assert_eq!(part.await, body.slice(4_000_000..=4_999_998));
    assert_eq!(cache.stats().await.unwrap().entries, 0);

    let small = blob(2, 10_000);
    let path = client.upstream.has_blob(&small);
    assert_eq!(client.get(&path).await.body.unwrap(), small);
    assert_eq!(client.get(&path).await.from, From::Kept, "what fits is kept again");
}

#[tokio::test]
async fn a_wrong_blob_on_a_full_disk_is_never_whole() {
    let Some(disk) = SmallDisk::mount() else { return };
    let cache = Cache::open(disk.path(), "project", config("20GB")).unwrap();
    let client = Client::of(&cache);
    let mut wrong = blob(3, 3_000_000).to_vec();
    let path = path_of(&wrong);
    wrong[7] ^= 1;
    let (leader, mut upstream) = client.lead(&path, wrong.len()).await;
    let leader = tokio::spawn(read(From::Fetched, leader));
    for piece in wrong.chunks(100_000) {
        assert!(upstream.send(Bytes::copy_from_slice(piece)).await);
    }
    let got = leader.await.unwrap();
    assert!(got.came.len() < wrong.len());
    got.body.unwrap_err();
}

#[tokio::test]
async fn a_disk_that_is_full_at_the_start_serves_what_it_has() {
    let Some(disk) = SmallDisk::mount() else { return };
    let kept = blob(4, 100_000);
    let fresh = blob(5, 100_000);
    let client = Client::of(&Cache::open(disk.path(), "project", config("20GB")).unwrap());
    client.upstream.has_blob(&fresh);
    let path = client.upstream.has_blob(&kept);
    client.get(&path).await.body.unwrap();
    // It ends with the disk.
    std::fs::write(disk.path().join("filler"), vec![0; 2_000_000]).unwrap_err();

    let cache = Cache::open(disk.path(), "project", config("20GB")).unwrap();
    let client = Client { cache, ..client };
    let got = client.get(&path).await;
    assert_eq!((got.from, got.body.unwrap()), (From::Kept, kept));
    assert_eq!(client.get(&path_of(&fresh)).await.body.unwrap(), fresh);
    std::fs::remove_file(disk.path().join("filler")).unwrap();
    client.get(&path_of(&fresh)).await.body.unwrap();
    assert_eq!(client.get(&path_of(&fresh)).await.from, From::Kept, "it recovers by itself");
}
