//! The fuzzer's targets, over what it has found and kept (`fuzz/corpus`) and over what that becomes with a few changes. The
//! fuzzer itself is `cargo xtask fuzz`.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "../fuzz/src/targets.rs"]
mod targets;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// How often each input is changed.
const CHANGES: u32 = 40;

/// The inputs that are kept for a target.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Some bytes replaced, doubled or left out.
fn changed(bytes: &[u8], changes: &[(usize, u8, u8)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (at, kind, byte) in changes.iter().copied() {
        let at = at % (bytes.len() + 1);
        match kind % 3 {
            0 if at < bytes.len() => bytes[at] = byte,
            1 if at < bytes.len() => drop(bytes.remove(at)),
            _ => bytes.insert(at, byte),
        }
    }
    bytes
}

#[test]
fn every_target_holds_for_what_is_kept_and_what_comes_close_to_it() {
    for (name, run) in targets::ALL {
        let kept = corpus(name);
        assert!(!kept.is_empty(), "{name}");
        for input in kept {
            run(&input);
            let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(CHANGES) });
            let changes = proptest::collection::vec((any::<usize>(), any::<u8>(), any::<u8>()), 1..6);
            runner
                .run(&changes, |changes| {
                    run(&changed(&input, &changes));
                    Ok(())
                })
                .unwrap();
        }
    }
}
