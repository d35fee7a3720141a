//! Where an injected secret goes, and where it doesn't.

use std::fs;

use serde_json::Value;

use crate::fixture::{CANARY, Fixture, TOKEN, config, exchange};
use crate::origin::Origin;

fn with_key(origin: &Origin) -> String {
    config(
        origin,
        &format!(
            "headers:\n  api.test:\n    set: {{ x-api-key: {CANARY} }}\n    remove: [authorization]\n  'a.sub.test':\n    - \
             set: {{ authorization: 'Bearer {CANARY}' }}\n      when: {{ headers: {{ authorization: 'Bearer \
             placeholder' }} }}"
        ),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_goes_to_its_host_by_both_protocols() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&with_key(&origin));
    for protocol in ["--http1.1", "--http2"] {
        let arguments = [protocol, "-H", "x-api-key: placeholder", "-H", "authorization: x", "https://api.test/"];
        let seen = proxy.curled(&arguments);
        assert!(seen.contains(&format!("x-api-key: {CANARY}\n")), "{seen}");
        assert!(!seen.contains("placeholder") && !seen.contains("authorization"), "{seen}");
    }
    let with = proxy.curled(&["-H", "authorization: Bearer placeholder", "https://a.sub.test/"]);
    assert!(with.contains(CANARY), "{with}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_goes_nowhere_else() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&with_key(&origin));
    for url in [
        // Another host, plain HTTP, another host by redirect, a host whose condition doesn't hold, a host in the query.
        "https://other.test/",
        "http://api.test/",
        "https://a.sub.test/",
        "https://other.test/?host=api.test",
    ] {
        let output = proxy.curl(&["--location", "-H", "authorization: Bearer other", url]);
        assert!(!String::from_utf8_lossy(&output.stdout).contains(CANARY), "{url}");
    }
    // An answer that leads elsewhere is followed by the client, which is judged anew and knows no secret.
    let before = origin.seen.requests().len();
    let output = proxy.curl(&["--location", "https://api.test/redirect"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"status\":403"), "{output:?}");
    assert_eq!(origin.seen.requests().len(), before + 1);
    // What the client says about its connection takes nothing away that is injected.
    let tls = proxy.tls("api.test:443", "api.test", &[b"http/1.1"]).await.unwrap();
    let answer =
        exchange(tls, b"GET / HTTP/1.1\r\nHost: api.test\r\nConnection: close, x-api-key\r\nX-Api-Key: a\r\n\r\n")
            .await;
    assert!(answer.contains(CANARY), "{answer}");
    // Nobody is asked to echo it.
    let tls = proxy.tls("api.test:443", "api.test", &[b"http/1.1"]).await.unwrap();
    let answer = exchange(tls, b"TRACE / HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 405") && !answer.contains(CANARY), "{answer}");
    let others = origin.seen.requests();
    let leaks: Vec<_> =
        others.iter().filter(|request| request.contains(CANARY) && !request.contains("api.test")).collect();
    assert!(leaks.is_empty(), "{leaks:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_in_no_log_and_no_answer_of_the_proxy() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&format!("{}\nlogging: {{ level: trace }}", with_key(&origin)));
    proxy.curled(&["https://api.test/?key=query-secret"]);
    proxy.curl(&["https://evil.test/?key=query-secret"]);
    let broken = serde_json::json!({ "headers": { "api.test": { "set": CANARY } } });
    let (status, problem) = proxy.ask("PATCH", "/api/config", Some(TOKEN), &broken).await;
    assert_eq!(status, 422);
    proxy.record(|record| record["host"] == "evil.test").await;
    let mut texts = vec![proxy.told(), problem.to_string()];
    for path in ["/api/config", "/api/log", "/api/hosts", "/metrics", "/health"] {
        let (status, body) = proxy.ask("GET", path, Some(TOKEN), &Value::Null).await;
        assert_eq!(status, 200, "{path}");
        texts.push(body.to_string());
    }
    let mut folders = vec![proxy.path("data")];
    while let Some(folder) = folders.pop() {
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                texts.push(String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned());
            }
        }
    }
    assert!(texts.len() > 8 && texts.iter().any(|text| text.contains("evil.test")));
    for text in texts {
        assert!(!text.contains(CANARY) && !text.contains("query-secret"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_changes_is_in_force_at_the_next_request() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&with_key(&origin));
    let patch = serde_json::json!({ "headers": { "api.test": { "set": { "x-api-key": "second" } } } });
    assert!(proxy.curled(&["https://api.test/"]).contains(CANARY));
    assert_eq!(proxy.ask("PATCH", "/api/config", Some(TOKEN), &patch).await.0, 200);
    let seen = proxy.curled(&["https://api.test/"]);
    assert!(seen.contains("x-api-key: second") && !seen.contains(CANARY), "{seen}");
}
