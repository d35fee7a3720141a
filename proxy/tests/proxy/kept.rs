//! What never changes is fetched once.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::fixture::{Fixture, TOKEN, config};
use crate::origin::{BLOB, Origin};

fn blob_url() -> String {
    let digest: Vec<_> = Sha256::digest(BLOB).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("https://api.test/v2/image/blobs/sha256:{}", digest.concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_is_fetched_once() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    for _ in 0..3 {
        assert_eq!(proxy.curled(&[&blob_url()]), BLOB);
    }
    assert_eq!(origin.seen.requests().len(), 1);
    assert_eq!(proxy.curled(&["--range", "4-10", &blob_url()]), "content");
    let record = proxy.record(|record| record["decision"] == "cached").await;
    assert_eq!((record["status"].as_u64(), record["bytes_down"].as_u64()), (Some(200), Some(BLOB.len() as u64)));
    let (_, stats) = proxy.ask("GET", "/api/cache/stats", Some(TOKEN), &Value::Null).await;
    assert_eq!(
        (stats["hits"].as_u64(), stats["misses"].as_u64(), stats["entries"].as_u64()),
        (Some(3), Some(1), Some(1))
    );
    assert_eq!(proxy.ask("DELETE", "/api/cache", Some(TOKEN), &Value::Null).await.0, 204);
    assert_eq!(proxy.curled(&[&blob_url()]), BLOB);
    assert_eq!(origin.seen.requests().len(), 2);
    // What is kept is still under the policy.
    let patch = serde_json::json!({ "allowlist": { "domains": ["other.test"] } });
    assert_eq!(proxy.ask("PATCH", "/api/config", Some(TOKEN), &patch).await.0, 200);
    let denied = proxy.curl(&[&blob_url()]);
    let denied = String::from_utf8_lossy(&denied.stdout);
    assert!(denied.contains("\"status\":403") && !denied.contains(BLOB), "{denied}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_that_isnt_what_its_digest_says_is_never_whole() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let url = format!("https://api.test/v2/image/blobs/sha256:{}", "0".repeat(64));
    for _ in 0..2 {
        let output = proxy.curl(&[&url]);
        assert!(!output.status.success(), "{output:?}");
    }
    assert_eq!(origin.seen.requests().len(), 2);
    let (_, stats) = proxy.ask("GET", "/api/cache/stats", Some(TOKEN), &Value::Null).await;
    assert_eq!(stats["entries"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_ask_at_once_are_one_fetch() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let urls: Vec<_> = (0..20).map(|_| blob_url()).collect();
    let mut arguments = vec!["--parallel", "--parallel-immediate", "--parallel-max", "20", "--http1.1"];
    arguments.extend(urls.iter().map(String::as_str));
    assert_eq!(proxy.curled(&arguments), BLOB.repeat(20));
    assert_eq!(origin.seen.requests().len(), 1);
}
