//! Clones of remote repositories, and the ways in which they fail.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::git::{GitError, Progress, RemoteFault, clone_into_cache, head_of_cache, remove_cache};

impl Fixture {
    fn url(&self, name: &str) -> String {
        format!("file://{}", self.path(name).display())
    }

    async fn clone(&self, url: &str) -> Result<Option<octobot_wire::workspace::Commit>, GitError> {
        clone_into_cache(url, None, &self.path("cache"), |_| {}, &CancellationToken::new()).await
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/project.git", listener.local_addr().unwrap());
    (listener, url)
}

/// Waits until the other side, a git process, is gone.
async fn wait_for_hang_up(mut stream: TcpStream) {
    let mut rest = Vec::new();
    // A reset is a hang-up as well.
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
    assert!(read.is_ok(), "git still holds its connection");
}

#[tokio::test]
async fn a_clone_tells_its_progress_and_is_at_the_default_branch() {
    let fixture = Fixture::new();
    fixture.repository("project");
    let mut heard = Vec::new();
    let cache = fixture.path("cache");
    let progress = |step| heard.push(step);
    let commit =
        clone_into_cache(&fixture.url("project"), None, &cache, progress, &CancellationToken::new()).await.unwrap();
    let commit = commit.unwrap();
    assert_eq!((commit.summary.as_str(), commit.branch.as_deref()), ("First commit", Some("main")));
    assert!(heard.contains(&Progress { step: "Receiving objects".to_owned(), percent: Some(100) }), "{heard:?}");
    assert_eq!(head_of_cache(&cache).await.unwrap(), Some(commit));
    assert_eq!(fixture.git("cache", &["rev-parse", "--is-bare-repository"]), "true");
}

#[tokio::test]
async fn a_cache_is_brought_up_to_date() {
    let fixture = Fixture::new();
    fixture.repository("project");
    fixture.git("project", &["branch", "old"]);
    fixture.clone(&fixture.url("project")).await.unwrap();
    fixture.git("project", &["branch", "-D", "-q", "old"]);
    fixture.git("project", &["checkout", "-q", "-b", "next"]);
    fixture.write("project/readme", "second\n");
    let head = fixture.commit_all("project", "Second");
    let commit = fixture.clone(&fixture.url("project")).await.unwrap().unwrap();
    assert_eq!((commit.id, commit.branch.as_deref()), (head, Some("next")));
    assert_eq!(fixture.git("cache", &["branch", "--format=%(refname:short)"]), "main\nnext");
}

#[tokio::test]
async fn an_empty_repository_makes_a_cache_without_a_commit() {
    let fixture = Fixture::new();
    fs::create_dir(fixture.path("empty")).unwrap();
    fixture.git("empty", &["init", "-q"]);
    assert_eq!(fixture.clone(&fixture.url("empty")).await.unwrap(), None);
    assert_eq!(fixture.clone(&fixture.url("empty")).await.unwrap(), None, "and again");
}

#[tokio::test]
async fn what_a_broken_clone_left_is_replaced() {
    let fixture = Fixture::new();
    fixture.repository("project");
    fixture.write("cache/HEAD", "garbage");
    fixture.write("cache.partial/objects/pack/tmp_pack", "x");
    assert!(fixture.clone(&fixture.url("project")).await.unwrap().is_some());
    assert!(!fixture.path("cache.partial").exists());
    remove_cache(&fixture.path("cache")).await.unwrap();
    assert!(!fixture.path("cache").exists());
    remove_cache(&fixture.path("cache")).await.unwrap();
}

#[tokio::test]
async fn a_missing_repository_says_so() {
    let fixture = Fixture::new();
    let url = fixture.url("missing");
    let error = fixture.clone(&url).await.unwrap_err();
    assert!(matches!(error, GitError::Remote { fault: RemoteFault::NotFound, .. }), "{error}");
    assert!(error.to_string().starts_with(&format!("{url} can't be cloned: There is no repository")), "{error}");
    assert!(!fixture.path("cache").exists() && !fixture.path("cache.partial").exists());
}

#[tokio::test]
async fn a_refused_connection_says_so() {
    let error = Fixture::new().clone("http://127.0.0.1:1/project.git").await.unwrap_err();
    assert!(matches!(error, GitError::Remote { fault: RemoteFault::Unreachable, .. }), "{error}");
}

#[tokio::test]
async fn http_answers_are_told_apart() {
    for (status, expected) in [
        ("401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"", RemoteFault::Unauthorised),
        ("403 Forbidden", RemoteFault::Unauthorised),
        ("404 Not Found", RemoteFault::NotFound),
        ("500 Internal Server Error", RemoteFault::Other),
    ] {
        let (listener, url) = listen().await;
        let answers = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 4096];
                let length = stream.read(&mut request).await.unwrap();
                assert!(length > 0);
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let error = Fixture::new().clone(&url).await.unwrap_err();
        assert!(matches!(error, GitError::Remote { fault, .. } if fault == expected), "{status}: {error}");
        answers.abort();
    }
}

#[tokio::test]
async fn a_cancelled_clone_ends_git() {
    let (listener, url) = listen().await;
    let fixture = Fixture::new();
    let cancel = CancellationToken::new();
    let cache = fixture.path("cache");
    let clone = tokio::spawn({
        let (cancel, cache) = (cancel.clone(), cache.clone());
        async move { clone_into_cache(&url, None, &cache, |_| {}, &cancel).await }
    });
    let (stream, _) = listener.accept().await.unwrap();
    cancel.cancel();
    assert!(matches!(clone.await.unwrap(), Err(GitError::Cancelled)));
    wait_for_hang_up(stream).await;
    assert!(!cache.exists());
}

#[tokio::test]
async fn a_dropped_clone_ends_git() {
    let (listener, url) = listen().await;
    let fixture = Fixture::new();
    let cache = fixture.path("cache");
    let clone =
        tokio::spawn(async move { clone_into_cache(&url, None, &cache, |_| {}, &CancellationToken::new()).await });
    let (stream, _) = listener.accept().await.unwrap();
    clone.abort();
    wait_for_hang_up(stream).await;
}
