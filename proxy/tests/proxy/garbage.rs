//! Random and mutated input for everything that reads bytes of clients. What is shown: nothing panics, nothing hangs, and no
//! answer of the detector changes when there are more bytes.

use octobot_proxy::dns;
use octobot_proxy::listen::{Detected, detect, offer, read_hello, request};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// How many inputs each reader gets.
const CASES: usize = 200_000;

/// Sound beginnings, to be mutated.
const SEEDS: [&[u8]; 8] = [
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET http://api.test/ HTTP/1.1\r\nHost: api.test\r\n\r\n",
    b"CONNECT api.test:443 HTTP/1.1\r\n\r\n",
    b"\x05\x01\x00\x05\x01\x00\x03\x08api.test\x01\xbb",
    b"\x05\x01\x00\x01\x7f\x00\x00\x01\x01\xbb",
    b"\x05\x01\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x50",
    b"\x16\x03\x01\x00\x2e\x01\x00\x00\x2a\x03\x03aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\x00\x00\x02\x13\x01\x01\x00\x00\x00",
    b"\x07\x09\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03api\x04test\x00\x00\x01\x00\x01",
];

fn inputs() -> impl Iterator<Item = Vec<u8>> {
    let mut random = StdRng::seed_from_u64(17_080);
    (0..CASES).map(move |case| {
        if case % 4 == 0 {
            let length = random.random_range(0..64);
            return (0..length).map(|_| random.random()).collect();
        }
        let mut input = SEEDS[case % SEEDS.len()].to_vec();
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..input.len());
            match random.random_range(0..4) {
                0 => input[at] = random.random(),
                1 => input.insert(at, random.random()),
                2 => drop(input.drain(at..)),
                _ => input.extend_from_within(at..),
            }
            if input.is_empty() {
                input.push(random.random());
            }
        }
        input
    })
}

#[test]
fn the_detector_never_changes_its_mind() {
    let mut known = 0;
    for input in inputs() {
        let answer = detect(&input);
        known +=
            usize::from(matches!(answer, Some(Detected::Tls | Detected::Http1 | Detected::Http2 | Detected::Socks5)));
        for length in 0..input.len() {
            let early = detect(&input[..length]);
            assert!(early.is_none() || early == answer, "{input:?} at {length}");
        }
        assert!(answer.is_some() || input.len() < 24, "{input:?}");
    }
    // The control: the inputs aren't all nonsense.
    assert!(known > CASES / 2);
}

#[test]
fn socks_handshakes_and_questions_are_read_or_refused() {
    let (mut read, mut refused) = ([0; 4], [0; 4]);
    for input in inputs() {
        let outcomes = [
            offer(&input).map(|found| found.is_some()).map_err(drop),
            request(&input).map(|found| found.is_some()).map_err(drop),
            read_hello(&input).map(|found| found.is_some()).map_err(drop),
            dns::question(&input).map(|_| true).map_err(drop),
        ];
        for (number, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Ok(true) => read[number] += 1,
                Ok(false) => {}
                Err(()) => refused[number] += 1,
            }
        }
    }
    // The control: each of them has said both.
    assert!(read.iter().chain(&refused).all(|count| *count > 0), "{read:?} {refused:?}");
}
