//! Searching what is in files.

use http_body_util::BodyExt as _;
use hyper::StatusCode;
use octobot_wire::code::{SearchEnd, SearchLine};

use crate::sandbox::Sandbox;

async fn search(sandbox: &Sandbox, query: &str) -> (StatusCode, String) {
    let answer = sandbox.send("GET", &format!("/search?{query}"), Vec::new()).await;
    let status = answer.status();
    (status, String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap())
}

fn lines(answer: &str) -> Vec<SearchLine> {
    answer.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn lines_are_told_as_they_are_found_and_the_end_last() {
    let sandbox = Sandbox::start().await;
    let script = "git init -q; mkdir a target; echo target >.gitignore; printf 'one\nthe needle\n' >a/file; echo needle >target/x; \
                  ln -s /etc/passwd link; mkfifo pipe; printf 'needle' >\"$(printf 'a/\\377')\"";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    let (status, answer) = search(&sandbox, "q=NEEDLE").await;
    assert_eq!(status, StatusCode::OK);
    let told = lines(&answer);
    let places: Vec<_> =
        told.iter().filter_map(|line| line.hit.as_ref()).map(|hit| (hit.path.as_str(), hit.line)).collect();
    assert_eq!(places, [("a/file", 2), ("a/\u{10ffff}", 1)]);
    assert_eq!(told.last().unwrap().end, Some(SearchEnd { hits: 2, is_cut: false }));
    assert_eq!(lines(&search(&sandbox, "q=NEEDLE&case=true").await.1).len(), 1);
    assert_eq!(lines(&search(&sandbox, "q=n%2Be*d&regex=true").await.1).len(), 3);
    assert_eq!(lines(&search(&sandbox, "q=root&regex=true").await.1).len(), 1);
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_refused() {
    let sandbox = Sandbox::start().await;
    for query in ["q=", "q=(&regex=true", "q=a%5Cnb&regex=true"] {
        assert_eq!(search(&sandbox, query).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
    }
    for query in ["", "q=a&regex=maybe"] {
        assert_eq!(search(&sandbox, query).await.0, StatusCode::BAD_REQUEST, "{query}");
    }
}

#[tokio::test]
async fn a_client_who_goes_ends_the_search() {
    let sandbox = Sandbox::start().await;
    let script = "mkdir many; for i in $(seq 200); do yes needle | head -n 2000 >many/$i; done";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    let mut answer = sandbox.send("GET", "/search?q=needle", Vec::new()).await;
    assert!(answer.body_mut().frame().await.is_some());
    drop(answer);
    // The daemon goes on with others.
    assert_eq!(lines(&search(&sandbox, "q=nowhere").await.1).len(), 1);
}
