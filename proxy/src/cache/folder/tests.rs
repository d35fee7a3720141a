//! The folder, as one process uses it.

use std::io::Write as _;
use std::time::Duration;

use super::*;

const LIMIT: u64 = 1000;

fn folder() -> (tempfile::TempDir, Folder) {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::open(&root.path().join("cache")).unwrap();
    (root, folder)
}

fn name(letter: char) -> String {
    letter.to_string().repeat(64)
}

fn keep(folder: &Folder, letter: char, bytes: usize) -> u64 {
    let room = folder.make_room(bytes as u64, LIMIT).unwrap();
    let draft = room.draft.unwrap();
    draft.file().unwrap().write_all(&vec![1; bytes]).unwrap();
    draft.publish(&name(letter)).unwrap();
    room.evicted
}

/// Sets when an entry was used, so that no test waits for the clock.
fn used(folder: &Folder, letter: char, second: u64) {
    let file = folder.entry(&name(letter)).unwrap().unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(second)).unwrap();
}

fn kept(folder: &Folder) -> String {
    ('a'..='f').filter(|letter| folder.entry(&name(*letter)).unwrap().is_some()).collect()
}

fn usage(folder: &Folder) -> u64 {
    Usage::lock(folder).unwrap().read().unwrap()
}

#[test]
fn what_was_used_the_longest_ago_goes_first() {
    let (_root, folder) = folder();
    for (letter, second) in [('a', 3), ('b', 1), ('c', 2)] {
        assert_eq!(keep(&folder, letter, 300), 0);
        used(&folder, letter, second);
    }
    assert_eq!(usage(&folder), 900);
    assert_eq!(keep(&folder, 'd', 300), 1);
    assert_eq!(kept(&folder), "acd");
    assert_eq!(folder.contents().unwrap(), Contents { entries: 3, bytes: 900 });
    used(&folder, 'd', 4);
    assert_eq!(keep(&folder, 'e', 900), 3);
    assert_eq!(kept(&folder), "e");
    assert_eq!(usage(&folder), 900);
}

#[test]
fn what_is_being_made_counts_and_isnt_evicted() {
    let (_root, folder) = folder();
    let first = folder.make_room(600, LIMIT).unwrap().draft.unwrap();
    assert!(folder.make_room(600, LIMIT).unwrap().draft.is_none(), "both together are too much");
    assert_eq!(usage(&folder), 600);
    drop(first);
    assert_eq!(usage(&folder), 0);
    assert!(folder.make_room(600, LIMIT).unwrap().draft.is_some());
    assert_eq!(folder.contents().unwrap(), Contents::default());
}

#[test]
fn a_second_copy_replaces_the_first_and_is_counted_once() {
    let (_root, folder) = folder();
    keep(&folder, 'a', 300);
    keep(&folder, 'a', 300);
    assert_eq!(usage(&folder), 300);
    folder.remove(&name('a')).unwrap();
    folder.remove(&name('a')).unwrap();
    assert_eq!(usage(&folder), 0);
}

#[test]
fn what_a_dead_process_left_goes_when_the_folder_is_opened_and_what_lives_stays() {
    let (root, folder) = folder();
    let dead = root.path().join("cache/making/left");
    fs::write(&dead, [0; 100]).unwrap();
    let live = folder.make_room(200, LIMIT).unwrap().draft.unwrap();
    fs::write(root.path().join("cache/usage"), "not").unwrap();
    let again = Folder::open(&root.path().join("cache")).unwrap();
    assert!(!dead.exists());
    assert_eq!(usage(&again), 200);
    live.publish(&name('a')).unwrap();
    assert_eq!(kept(&again), "a");
}

#[test]
fn a_wrong_usage_is_put_right_when_it_matters() {
    let (root, folder) = folder();
    keep(&folder, 'a', 300);
    for wrong in [&u64::MAX.to_le_bytes()[..], &[], b"x"] {
        fs::write(root.path().join("cache/usage"), wrong).unwrap();
        keep(&folder, 'b', 300);
        assert_eq!(kept(&folder), "ab");
        assert_eq!(usage(&folder), 600);
    }
}

#[test]
fn a_smaller_limit_is_held_at_once() {
    let (_root, folder) = folder();
    for (letter, second) in [('a', 1), ('b', 2), ('c', 3)] {
        keep(&folder, letter, 300);
        used(&folder, letter, second);
    }
    assert_eq!(folder.shrink(900).unwrap(), 0);
    assert_eq!(folder.shrink(400).unwrap(), 2);
    assert_eq!(kept(&folder), "c");
    assert_eq!(folder.shrink(0).unwrap(), 1);
    assert_eq!(usage(&folder), 0);
}
