//! Who may have what others have fetched.

use http::StatusCode;

use crate::upstream::{Ask, Client, From, blob, cache, open};

#[tokio::test]
async fn another_project_gets_nothing_even_in_the_same_folder() {
    let (root, cache) = cache();
    let client = Client::of(&cache);
    let body = blob(1, 1000);
    let path = client.upstream.has_blob(&body);
    assert_eq!(client.get(&path).await.from, From::Fetched);
    let other = Client { cache: open(&root, "other"), upstream: client.upstream.clone() };
    assert_eq!(other.get(&path).await.from, From::Fetched);
    assert_eq!(client.upstream.fetches(), 2);
}

#[tokio::test]
async fn whoever_names_the_digest_gets_the_blob_within_a_project() {
    let (_root, cache) = cache();
    let client = Client::of(&cache);
    let path = client.upstream.has_blob(&blob(2, 1000));
    assert_eq!(client.ask(&Ask::get(&path).with("authorization", "Bearer one")).await.from, From::Fetched);
    assert_eq!(client.ask(&Ask::get(&path).with("authorization", "Bearer two")).await.from, From::Kept);
    assert_eq!(client.get(&path).await.from, From::Kept);
}

#[tokio::test]
async fn a_file_is_for_those_with_the_same_credentials() {
    let (_root, cache) = cache();
    let client = Client::of(&cache);
    client.upstream.has("/files/private.tgz", StatusCode::OK, &[], &blob(3, 1000));
    let ask = || Ask::get("/files/private.tgz");
    let injected = |name: &str| Ask { injected: Some(name.to_owned()), ..ask() };
    let sent = |token: &str| ask().with("authorization", token);
    for ask in [ask(), injected("npm 1"), injected("npm 2"), sent("Bearer one"), sent("Bearer two")] {
        assert_eq!(client.ask(&ask).await.from, From::Fetched, "{ask:?}");
        assert_eq!(client.ask(&ask).await.from, From::Kept, "{ask:?}");
    }
}

#[tokio::test]
async fn no_name_leads_out_of_the_folder() {
    let (root, cache) = cache();
    let client = Client::of(&cache);
    for path in
        ["/files/../../../etc/passwd", "/files/%2e%2e/%2e%2e/x", "/files//x", "/files/..%2fx", "/files/a\\..\\x"]
    {
        client.upstream.has(path, StatusCode::OK, &[], &blob(4, 10));
        assert_eq!(client.get(path).await.from, From::Bypassed, "{path}");
    }
    let around: Vec<_> = std::fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(around, ["cache"]);
}
