//! No I/O: requests in, keys out.

use super::*;

const DIGEST: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct Request {
    target: Target,
    method: Method,
    path: String,
    headers: HeaderMap,
    injected: Option<&'static str>,
    tenant: &'static str,
}

impl Request {
    fn get(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap();
        let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
        let (authority, path) = rest.split_at(rest.find('/').unwrap());
        Self {
            target: Target::parse(authority, scheme).unwrap(),
            method: Method::GET,
            path: path.replace("DIGEST", DIGEST),
            headers: HeaderMap::new(),
            injected: None,
            tenant: "project",
        }
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.append(name, HeaderValue::from_static(value));
        self
    }

    fn key(&self) -> Option<Key> {
        let patterns = ["^/immutable/".parse().unwrap(), r"^/query\?v=\d+$".parse().unwrap()];
        let Self { target, method, path, headers, injected, tenant } = self;
        Key::of(&Asked { target, method, path, headers, injected: *injected }, tenant, &patterns)
    }
}

#[test]
fn what_never_changes_has_a_key_and_nothing_else_has() {
    for (url, expected) in [
        ("https://r.example/v2/library/alpine/blobs/sha256:DIGEST", true),
        ("https://r.example/v2/library/alpine/manifests/sha256:DIGEST", true),
        ("https://cdn.example/ghcr1/blobs/sha256:DIGEST?se=2026&sig=abc", true),
        ("https://cdn.example/registry-v2/docker/registry/v2/blobs/sha256/e3/DIGEST/data?verify=1", true),
        ("https://cdn.example/registry-v2/docker/registry/v2/blobs/sha256/00/DIGEST/data", false),
        ("https://cdn.example/DIGEST/data", false),
        ("https://r.example/v2/library/alpine/manifests/latest", false),
        ("https://r.example/x/manifests/sha256:DIGEST", false),
        ("https://r.example/v2/library/alpine/tags/sha256:DIGEST", false),
        ("https://r.example/v2/library/alpine/blobs/sha256:DIGEST0", false),
        ("https://r.example/v2/library/alpine/blobs/sha256:e3b0", false),
        ("https://r.example/v2/library/alpine/blobs/SHA256:DIGEST", false),
        ("https://r.example/v2/library/alpine/blobs/sha512:DIGEST", false),
        ("https://r.example/v2/a/../b/blobs/sha256:DIGEST", false),
        ("https://r.example/v2/a/%2e%2e/b/blobs/sha256:DIGEST", false),
        ("https://r.example/v2/a%2fb/blobs/sha256:DIGEST", false),
        ("https://r.example/v2//blobs/sha256:DIGEST", false),
        ("https://r.example/v2/a\\b/blobs/sha256:DIGEST", false),
        ("https://registry.npmjs.org/left-pad/-/left-pad-1.3.0.tgz", true),
        ("https://registry.npmjs.org/@scope/name/-/name-1.0.0.tgz", true),
        ("https://registry.npmjs.org/left-pad", false),
        ("https://evil.example/left-pad/-/left-pad-1.3.0.tgz", false),
        ("https://files.pythonhosted.org/packages/ab/cd/ef/x-1.0-py3-none-any.whl", true),
        ("https://pypi.org/simple/x/", false),
        ("https://static.crates.io/crates/serde/serde-1.0.0.crate", true),
        ("https://static.crates.io/crates/serde/1.0.0/download", true),
        ("https://index.crates.io/se/rd/serde", false),
        ("http://deb.debian.org/debian/pool/main/h/hello/hello_2.10-3_amd64.deb", true),
        ("http://deb.debian.org/debian/dists/stable/InRelease", false),
        ("https://proxy.golang.org/golang.org/x/text/@v/v0.3.0.zip", true),
        ("https://proxy.golang.org/golang.org/x/text/@v/list", false),
        ("https://proxy.golang.org/golang.org/x/text/@latest", false),
        ("https://any.example/immutable/x", true),
        ("https://any.example/mutable/immutable/x", false),
        ("https://any.example/query?v=1", true),
        ("https://any.example/query?v=x", false),
        ("https://10.0.0.1:5000/v2/a/blobs/sha256:DIGEST", true),
    ] {
        assert_eq!(Request::get(url).key().is_some(), expected, "{url}");
    }
}

#[test]
fn only_plain_reading_is_answered() {
    let request = || Request::get("https://r.example/v2/a/blobs/sha256:DIGEST");
    let full = request().key();
    assert!(full.is_some());
    assert_eq!(Request { method: Method::HEAD, ..request() }.key(), full);
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS, Method::CONNECT] {
        assert_eq!(Request { method, ..request() }.key(), None);
    }
    for (name, value) in [
        ("cache-control", "no-store"),
        ("cache-control", "max-age=0, No-Store"),
        ("if-match", "\"x\""),
        ("if-unmodified-since", "x"),
        ("upgrade", "websocket"),
        ("transfer-encoding", "chunked"),
        ("content-length", "1"),
    ] {
        assert_eq!(request().with(name, value).key(), None, "{name}: {value}");
    }
    for (name, value) in [("cache-control", "max-age=0"), ("if-none-match", "\"x\""), ("content-length", "0")] {
        assert_eq!(request().with(name, value).key(), full, "{name}: {value}");
    }
}

#[test]
fn keys_are_apart_where_content_or_rights_may_be() {
    let blob = "https://r.example/v2/a/blobs/sha256:DIGEST";
    let file = "https://any.example/immutable/x";
    let different = [
        Request::get(blob),
        Request { tenant: "other", ..Request::get(blob) },
        Request::get("http://r.example/v2/a/blobs/sha256:DIGEST"),
        Request::get("https://r.example:8443/v2/a/blobs/sha256:DIGEST"),
        Request::get("https://s.example/v2/a/blobs/sha256:DIGEST"),
        Request::get("https://r.example/v2/a/manifests/sha256:DIGEST"),
        Request::get(file),
        Request { tenant: "other", ..Request::get(file) },
        Request { injected: Some("1"), ..Request::get(file) },
        Request { injected: Some("2"), ..Request::get(file) },
        Request::get(file).with("authorization", "Bearer 1"),
        Request::get(file).with("authorization", "Bearer 2"),
        Request::get(file).with("cookie", "Bearer 2"),
        Request::get(file).with("private-token", "Bearer 2"),
        Request::get(file).with("private-token", "Bearer 2").with("cookie", "Bearer 2"),
        Request::get("https://any.example/immutable/x?y"),
    ];
    let ids: std::collections::HashSet<_> = different.iter().map(|request| request.key().unwrap().id).collect();
    assert_eq!(ids.len(), different.len());
}

#[test]
fn a_digest_is_the_same_blob_in_every_repository_of_a_host_and_with_every_token() {
    let key = Request::get("https://r.example/v2/a/blobs/sha256:DIGEST").key();
    assert_eq!(Request::get("https://r.example/v2/b/c/blobs/sha256:DIGEST").key(), key);
    assert_eq!(Request::get("https://R.example:443/v2/a/blobs/sha256:DIGEST").key(), key);
    assert_eq!(Request::get("https://r.example/v2/a/blobs/sha256:DIGEST").with("authorization", "x").key(), key);
    assert_eq!(hex(&key.unwrap().digest.unwrap()), DIGEST);
}

#[test]
fn what_clients_say_about_themselves_makes_no_difference() {
    let file = || Request::get("https://any.example/immutable/x");
    let plain = file().key();
    assert!(plain.is_some());
    for (name, value) in [("user-agent", "npm"), ("npm-session", "7"), ("accept", "*/*"), ("range", "bytes=0-")] {
        assert_eq!(file().with(name, value).key(), plain, "{name}");
    }
    let one = file().with("x-a", "1").with("x-b", "2").key();
    assert_eq!(file().with("x-b", "2").with("x-a", "1").key(), one, "nor does the order of their headers");
    assert_ne!(one, plain);
}
