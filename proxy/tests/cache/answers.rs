//! What one client after another gets.

use bytes::Bytes;
use http::{Method, StatusCode};
use proptest::prelude::*;

use crate::upstream::{Ask, Client, From, blob, cache, config, entries, open, path_of};

/// Several chunks, and a part of one.
const LENGTH: usize = 400_000;

#[tokio::test]
async fn what_was_fetched_once_is_kept_over_a_restart() {
    let (root, cache) = cache();
    let client = Client::of(&cache);
    for length in [1, 131_072, 131_073, LENGTH] {
        let body = blob(length as u64, length);
        let path = client.upstream.has_blob(&body);
        let first = client.get(&path).await;
        assert_eq!((first.from, first.body.unwrap()), (From::Fetched, body.clone()));
        for client in [client.clone(), Client::of(&open(&root, "project"))] {
            let again = client.get(&path).await;
            assert_eq!((again.from, again.status, again.body.unwrap()), (From::Kept, StatusCode::OK, body.clone()));
            assert_eq!(again.headers["content-length"], length.to_string());
            assert_eq!(again.headers["content-type"], "application/octet-stream");
            assert_eq!(again.headers["accept-ranges"], "bytes");
        }
    }
    assert_eq!(client.upstream.fetches(), 4);
    let stats = cache.stats().await.unwrap();
    assert_eq!((stats.hits, stats.misses, stats.entries), (4, 4, 4));
    let all = 1 + 131_072 + 131_073 + LENGTH as u64;
    assert_eq!((stats.served_bytes, stats.stored_bytes), (all, all));
    assert!(stats.size_bytes > all && stats.size_bytes < all + 4096);

    cache.clear().await.unwrap();
    assert_eq!(cache.stats().await.unwrap().size_bytes, 0);
    assert_eq!(client.get(&path_of(&blob(1, 1))).await.from, From::Fetched);
}

#[tokio::test]
async fn heads_conditions_and_ranges_are_answered_from_what_is_kept() {
    let (_root, cache) = cache();
    let client = Client::of(&cache);
    let body = blob(1, LENGTH);
    let path = client.upstream.has_blob(&body);
    for partial in [Ask::get(&path).with("range", "bytes=0-9"), Ask { method: Method::HEAD, ..Ask::get(&path) }] {
        assert_eq!(client.ask(&partial).await.from, From::Bypassed, "nothing is kept yet, and this doesn't fetch it");
    }
    client.get(&path).await.body.unwrap();

    let head = client.ask(&Ask { method: Method::HEAD, ..Ask::get(&path) }.with("range", "bytes=0-9")).await;
    assert_eq!((head.from, head.status, head.came.len()), (From::Kept, StatusCode::OK, 0));
    assert_eq!(head.headers["content-length"], LENGTH.to_string());

    let tag = head.headers["etag"].to_str().unwrap();
    let same = client.ask(&Ask::get(&path).with("if-none-match", tag)).await;
    assert_eq!((same.from, same.status, same.came.len()), (From::Kept, StatusCode::NOT_MODIFIED, 0));
    assert_eq!(same.headers["etag"], tag);
    assert!(!same.headers.contains_key("content-length"));

    let part = client.ask(&Ask::get(&path).with("range", "bytes=131000-131100").with("if-range", tag)).await;
    assert_eq!((part.from, part.status), (From::Kept, StatusCode::PARTIAL_CONTENT));
    assert_eq!(part.headers["content-range"], format!("bytes 131000-131100/{LENGTH}"));
    assert_eq!(part.headers["content-length"], "101");
    assert_eq!(part.body.unwrap(), body.slice(131_000..=131_100));

    let beyond = client.ask(&Ask::get(&path).with("range", "bytes=400000-")).await;
    assert_eq!((beyond.from, beyond.status), (From::Kept, StatusCode::RANGE_NOT_SATISFIABLE));
    assert_eq!(beyond.headers["content-range"], format!("bytes */{LENGTH}"));
    assert_eq!(beyond.came.len(), 0);
}

#[test]
fn any_range_is_the_one_that_was_asked_for() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (_root, cache) = cache();
    let client = Client::of(&cache);
    let body = blob(2, LENGTH);
    let path = client.upstream.has_blob(&body);
    runtime.block_on(client.get(&path)).body.unwrap();
    let ends = prop_oneof![0..LENGTH + 10, (0usize..4, 0usize..5).prop_map(|(chunk, near)| chunk * 131_072 + near)];
    let settings = ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(settings, |(first in ends.clone(), last in ends)| {
        let asked = Ask::get(&path).with("range", &format!("bytes={first}-{last}"));
        let got = runtime.block_on(client.ask(&asked));
        let expected = match (got.status, first <= last) {
            (StatusCode::PARTIAL_CONTENT, true) => body.slice(first..LENGTH.min(last + 1)),
            (StatusCode::RANGE_NOT_SATISFIABLE, true) => { prop_assert!(first >= LENGTH); Bytes::new() }
            (StatusCode::OK, false) => body.clone(),
            (status, _) => return Err(TestCaseError::fail(status.to_string())),
        };
        prop_assert_eq!(got.body.unwrap(), expected);
    });
}

#[tokio::test]
async fn what_isnt_what_its_digest_says_is_never_whole_and_never_kept() {
    let (root, cache) = cache();
    let client = Client::of(&cache);
    let body = blob(3, LENGTH);
    let path = path_of(&body);
    for flipped in [0, 200_000, LENGTH - 1] {
        let mut wrong = body.to_vec();
        wrong[flipped] ^= 1;
        client.upstream.has(&path, StatusCode::OK, &[], &wrong.into());
        let got = client.get(&path).await;
        assert_eq!((got.from, got.status), (From::Fetched, StatusCode::OK));
        assert!(got.came.len() < LENGTH, "the end must not be sent");
        got.body.unwrap_err();
    }
    assert!(entries(&root).is_empty());
    assert_eq!(cache.stats().await.unwrap().corruptions, 3);
    client.upstream.has_blob(&body);
    assert_eq!(client.get(&path).await.body.unwrap(), body);
    assert_eq!(client.get(&path).await.from, From::Kept);
}

#[tokio::test]
async fn what_is_cut_off_or_goes_on_too_long_is_not_kept() {
    let (root, cache) = cache();
    let client = Client::of(&cache);
    let body = blob(4, LENGTH);
    for said in [LENGTH + 1, LENGTH - 1] {
        for path in [path_of(&body), "/files/x".to_owned()] {
            client.upstream.has(&path, StatusCode::OK, &[("content-length", &said.to_string())], &body);
            let got = client.get(&path).await;
            assert!(got.came.len() < said);
            got.body.unwrap_err();
        }
    }
    assert!(entries(&root).is_empty());
    assert_eq!(std::fs::read_dir(root.path().join("cache/making")).unwrap().count(), 0);
}

#[tokio::test]
async fn other_responses_pass_through() {
    let (root, cache) = cache();
    let client = Client::of(&cache);
    let body = blob(5, 1000);
    let path = path_of(&body);
    for (status, headers) in [
        (StatusCode::NOT_FOUND, vec![("x-own", "1")]),
        (StatusCode::UNAUTHORIZED, vec![("www-authenticate", "Bearer")]),
        (StatusCode::TEMPORARY_REDIRECT, vec![("location", "https://cdn.example/")]),
        (StatusCode::PARTIAL_CONTENT, vec![("content-range", "bytes 0-999/2000")]),
        (StatusCode::OK, vec![("content-encoding", "gzip")]),
        (StatusCode::OK, vec![("cache-control", "no-store")]),
        (StatusCode::OK, vec![("content-length", "30000000000")]),
    ] {
        client.upstream.has(&path, status, &headers, &body);
        let got = client.get(&path).await;
        assert_eq!((got.from, got.status, got.body.unwrap()), (From::Fetched, status, body.clone()));
        assert_eq!(got.headers[headers[0].0], headers[0].1);
    }
    assert!(entries(&root).is_empty());
}

#[tokio::test]
async fn files_by_pattern_are_kept_with_their_tag_or_one_of_their_content() {
    let (_root, cache) = cache();
    let client = Client::of(&cache);
    let body = blob(6, 1000);
    client.upstream.has("/files/own", StatusCode::OK, &[("etag", "\"own\"")], &body);
    client.upstream.has("/files/none", StatusCode::OK, &[], &body);
    for path in ["/files/own", "/files/none"] {
        assert_eq!(client.get(path).await.from, From::Fetched);
    }
    assert_eq!(client.get("/files/own").await.headers["etag"], "\"own\"");
    assert!(client.get("/files/none").await.headers["etag"].to_str().unwrap().starts_with("\"sha256:"));
}

#[tokio::test]
async fn a_configuration_is_in_force_at_once() {
    let (root, cache) = cache();
    let client = Client::of(&cache);
    let bodies: Vec<Bytes> = (0..5).map(|seed| blob(seed, 100_000)).collect();
    for body in &bodies {
        client.upstream.has_blob(body);
        client.get(&path_of(body)).await.body.unwrap();
    }
    cache.reconfigure(config("250kB")).await.unwrap();
    assert_eq!(entries(&root).len(), 2);
    let mut disabled = config("250kB");
    disabled.enabled = false;
    cache.reconfigure(disabled).await.unwrap();
    assert_eq!(client.get(&path_of(&bodies[0])).await.from, From::Bypassed);
}
