//! Several clients that want the same at the same time.

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::join_all;
use http::StatusCode;
use http_body_util::BodyExt as _;
use octobot_proxy::cache::Lookup;

use crate::upstream::{Ask, Client, From, blob, cache, entries, path_of, read};

const LENGTH: usize = 1_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_cold_pulls_are_one_fetch() {
    let (_root, cache) = cache();
    let client = Client::of(&cache);
    let bodies: Vec<Bytes> = (0..4).map(|seed| blob(seed, LENGTH)).collect();
    let pulls = bodies.iter().flat_map(|body| {
        let path = client.upstream.has_blob(body);
        let client = client.clone();
        (0..50).map(move |_| {
            let (client, path, body) = (client.clone(), path.clone(), body.clone());
            tokio::spawn(async move { assert_eq!(client.get(&path).await.body.unwrap(), body) })
        })
    });
    for pull in join_all(pulls.collect::<Vec<_>>()).await {
        pull.unwrap();
    }
    assert_eq!(client.upstream.fetches(), 4);
    let stats = cache.stats().await.unwrap();
    assert_eq!((stats.misses, stats.followed + stats.hits), (4, 196));
}

#[tokio::test]
async fn followers_stream_while_it_grows_and_ranges_of_it_too() {
    let (_root, cache) = cache();
    let client = Client::of(&cache);
    let body = blob(1, LENGTH);
    let path = path_of(&body);
    let (leader, mut upstream) = client.lead(&path, LENGTH).await;
    assert!(upstream.send(body.slice(..600_000)).await);

    let Lookup::Follow(follower) = client.lookup(&Ask::get(&path)).await else { panic!("it is being fetched") };
    assert_eq!(follower.status(), StatusCode::OK);
    let mut follower = follower.into_body();
    let first = follower.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, body.slice(..first.len()), "it comes before all is there");
    let part = client.ask(&Ask::get(&path).with("range", "bytes=300000-500000")).await;
    assert_eq!((part.from, part.status), (From::Followed, StatusCode::PARTIAL_CONTENT));
    assert_eq!(part.body.unwrap(), body.slice(300_000..=500_000));
    let last = Ask::get(&path).with("range", "bytes=999999-");
    let Lookup::Follow(last) = client.lookup(&last).await else { panic!("it is being fetched") };
    let mut last = last.into_body();
    assert!(last.frame().now_or_never().is_none(), "that isn't there yet");

    assert!(upstream.send(body.slice(600_000..)).await);
    let rest = follower.collect().await.unwrap().to_bytes();
    assert_eq!([first, rest].concat(), body);
    assert_eq!(last.collect().await.unwrap().to_bytes(), body.slice(999_999..));
    assert_eq!(read(From::Fetched, leader).await.body.unwrap(), body);
    assert_eq!(client.get(&path).await.from, From::Kept);
    assert_eq!(client.upstream.fetches(), 1);
}

#[tokio::test]
async fn a_leader_that_goes_away_takes_nobody_along() {
    let (_root, cache) = cache();
    let client = Client::of(&cache);
    let body = blob(2, LENGTH);
    let path = path_of(&body);
    let (leader, mut upstream) = client.lead(&path, LENGTH).await;
    let Lookup::Follow(follower) = client.lookup(&Ask::get(&path)).await else { panic!("it is being fetched") };
    assert!(upstream.send(body.slice(..500_000)).await);
    drop(leader);
    assert!(upstream.send(body.slice(500_000..)).await);
    assert_eq!(read(From::Followed, follower).await.body.unwrap(), body);
    assert_eq!(client.get(&path).await.from, From::Kept);
}

#[tokio::test]
async fn a_leader_that_doesnt_read_holds_up_nobody() {
    let (_root, cache) = cache();
    let client = Client::of(&cache);
    let body = blob(3, 8 * LENGTH);
    let path = path_of(&body);
    let (leader, mut upstream) = client.lead(&path, body.len()).await;
    let Lookup::Follow(follower) = client.lookup(&Ask::get(&path)).await else { panic!("it is being fetched") };
    let follower = tokio::spawn(read(From::Followed, follower));
    for piece in body.chunks(LENGTH) {
        assert!(upstream.send(Bytes::copy_from_slice(piece)).await);
    }
    assert_eq!(follower.await.unwrap().body.unwrap(), body);
    assert_eq!(read(From::Fetched, leader).await.body.unwrap(), body, "and it has lost nothing");
}

#[tokio::test]
async fn what_nobody_waits_for_is_not_fetched_on() {
    let (root, cache) = cache();
    let client = Client::of(&cache);
    let body = blob(4, LENGTH);
    let path = path_of(&body);
    let (leader, mut upstream) = client.lead(&path, LENGTH).await;
    assert!(upstream.send(body.slice(..10)).await);
    drop(leader);
    while upstream.send(Bytes::from_static(b"x")).await {}
    assert!(entries(&root).is_empty());
    client.upstream.has_blob(&body);
    assert_eq!(client.get(&path).await.body.unwrap(), body, "and the next one begins anew");
}

#[tokio::test]
async fn one_who_goes_before_upstream_answers_is_replaced_by_the_next() {
    let (_root, cache) = cache();
    let client = Client::of(&cache);
    let body = blob(5, 1000);
    let path = client.upstream.has_blob(&body);
    let Lookup::Miss(leader) = client.lookup(&Ask::get(&path)).await else { panic!("it should be missing") };
    let followers: Vec<_> = (0..10)
        .map(|_| {
            let (client, path) = (client.clone(), path.clone());
            tokio::spawn(async move { client.get(&path).await })
        })
        .collect();
    tokio::task::yield_now().await;
    drop(leader);
    for follower in join_all(followers).await {
        assert_eq!(follower.unwrap().body.unwrap(), body);
    }
    assert_eq!(client.upstream.fetches(), 1);
}

#[tokio::test]
async fn what_is_not_to_be_kept_is_fetched_by_each() {
    let (_root, cache) = cache();
    let client = Client::of(&cache);
    let path = path_of(b"private");
    let Lookup::Miss(leader) = client.lookup(&Ask::get(&path)).await else { panic!("it should be missing") };
    client.upstream.has(&path, StatusCode::UNAUTHORIZED, &[], &Bytes::from_static(b"who are you?"));
    let (other, asked) = (client.clone(), path.clone());
    let follower = tokio::spawn(async move { other.get(&asked).await });
    tokio::task::yield_now().await;
    let refused = http::Response::builder().status(401).body(()).unwrap().into_parts().0;
    let leader = leader.response(refused, http_body_util::Empty::new()).await;
    assert_eq!(leader.status(), StatusCode::UNAUTHORIZED);
    let follower = follower.await.unwrap();
    assert_eq!((follower.status, follower.body.unwrap().as_ref()), (StatusCode::UNAUTHORIZED, &b"who are you?"[..]));
}

#[tokio::test]
async fn when_upstream_breaks_off_all_see_it_and_nothing_is_kept() {
    let (root, cache) = cache();
    let client = Client::of(&cache);
    let body = blob(6, LENGTH);
    let path = path_of(&body);
    let (leader, mut upstream) = client.lead(&path, LENGTH).await;
    let Lookup::Follow(follower) = client.lookup(&Ask::get(&path)).await else { panic!("it is being fetched") };
    assert!(upstream.send(body.slice(..500_000)).await);
    upstream.fail().await;
    for response in [leader, follower] {
        let got = read(From::Followed, response).await;
        assert_eq!(got.came, body.slice(..500_000));
        got.body.unwrap_err();
    }
    assert!(entries(&root).is_empty());
    client.upstream.has_blob(&body);
    assert_eq!(client.get(&path).await.body.unwrap(), body);
}
