//! Both dialects against a server on this machine that answers as it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use serde_json::json;

use super::*;
use crate::domain::forge::Site;
use crate::outgoing::outgoing;

/// What was asked: method, path with query, the key's header, body.
type Asked = (String, String, String, Value);

/// A forge that gives these answers, one after the other.
#[derive(Clone, Default)]
struct Stub {
    answers: Arc<Mutex<VecDeque<(u16, String)>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

async fn answer(State(stub): State<Stub>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let header = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let key = header("authorization").or_else(|| header("private-token")).unwrap_or_default();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    stub.asked.lock().unwrap().push((head.method.to_string(), head.uri.to_string(), key, body));
    let (status, text) = stub.answers.lock().unwrap().pop_front().expect("nothing more is asked");
    let location = [("location", "http://127.0.0.1:9/elsewhere")];
    (StatusCode::from_u16(status).unwrap(), location, text).into_response()
}

/// Starts one, and the client and a repository there.
async fn forge(kind: Forge, answers: &[(u16, Value)]) -> (Forges, ForgeRepository, Stub) {
    let texts = answers.iter().map(|(status, body)| (*status, body.to_string()));
    forge_saying(kind, texts.collect()).await
}

async fn forge_saying(kind: Forge, answers: VecDeque<(u16, String)>) -> (Forges, ForgeRepository, Stub) {
    let stub = Stub { answers: Arc::new(Mutex::new(answers)), ..Stub::default() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer).with_state(stub.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let repository = ForgeRepository { site: Site { forge: kind, url }, path: "group/app".to_owned() };
    (Forges::new(outgoing().unwrap()), repository, stub)
}

impl Stub {
    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn wanted(is_draft: bool) -> OpenPullRequest {
    OpenPullRequest { title: "Fix it".to_owned(), text: "Because".to_owned(), base: "main".to_owned(), is_draft }
}

fn pull(number: u64, state: &str, merged: bool) -> Value {
    json!({
        "number": number, "title": "Fix it", "state": state, "draft": false, "merged_at": merged.then_some("2026-01-01T00:00:00Z"),
        "head": { "ref": "octobot/fix" }, "base": { "ref": "main" }, "html_url": "https://evil.example/",
    })
}

fn merge_request(iid: u64, state: &str) -> Value {
    json!({
        "id": 1000 + iid, "iid": iid, "title": "Draft: Fix it", "state": state, "draft": true, "source_branch": "octobot/fix",
        "target_branch": "main", "source_project_id": 5, "target_project_id": 5, "web_url": "https://evil.example/",
    })
}

#[tokio::test]
async fn github_is_asked_for_an_open_one_first_and_then_to_open_one() {
    let (forges, repository, stub) = forge(Forge::GitHub, &[(200, json!([])), (201, pull(7, "open", false))]).await;
    let (told, was_open) = forges.open(&repository, "k", "octobot/fix", &wanted(true)).await.unwrap();
    assert_eq!((told.number, told.state, was_open), (7, PullRequestState::Open, false));
    let asked = stub.asked();
    let list = "/api/v3/repos/group/app/pulls?state=open&head=group%3Aoctobot%2Ffix";
    assert_eq!(asked[0], ("GET".to_owned(), list.to_owned(), "Bearer k".to_owned(), Value::Null));
    let body = json!({ "title": "Fix it", "body": "Because", "head": "octobot/fix", "base": "main", "draft": true });
    assert_eq!(asked[1], ("POST".to_owned(), "/api/v3/repos/group/app/pulls".to_owned(), "Bearer k".to_owned(), body));
}

#[tokio::test]
async fn gitlab_is_asked_for_an_open_one_first_and_then_to_open_one() {
    let (forges, repository, stub) = forge(Forge::GitLab, &[(200, json!([])), (201, merge_request(3, "opened"))]).await;
    let (told, was_open) = forges.open(&repository, "k", "octobot/fix", &wanted(true)).await.unwrap();
    assert_eq!((told.number, told.is_draft, was_open), (3, true, false));
    let asked = stub.asked();
    let path = "/api/v4/projects/group%2Fapp/merge_requests";
    let list = format!("{path}?state=opened&source_branch=octobot%2Ffix");
    assert_eq!(asked[0], ("GET".to_owned(), list, "k".to_owned(), Value::Null));
    let body = json!({
        "title": "Draft: Fix it", "description": "Because", "source_branch": "octobot/fix", "target_branch": "main",
    });
    assert_eq!(asked[1], ("POST".to_owned(), path.to_owned(), "k".to_owned(), body));
}

#[tokio::test]
async fn the_open_one_of_a_branch_is_found_and_not_doubled() {
    let mut other = pull(1, "open", false);
    other["head"]["ref"] = "main".into();
    let (forges, repository, stub) = forge(Forge::GitHub, &[(200, json!([other, pull(2, "open", false)]))]).await;
    let (told, was_open) = forges.open(&repository, "k", "octobot/fix", &wanted(false)).await.unwrap();
    assert_eq!((told.number, was_open, stub.asked().len()), (2, true, 1));

    // A fork's, of the same name, is another's. Then somebody is faster.
    let mut of_fork = merge_request(1, "opened");
    of_fork["source_project_id"] = 6.into();
    let exists = json!({ "message": ["Another open merge request already exists for this source branch: !2"] });
    let answers = [(200, json!([of_fork])), (409, exists.clone()), (200, json!([of_fork, merge_request(2, "opened")]))];
    let (forges, repository, _) = forge(Forge::GitLab, &answers).await;
    let (told, was_open) = forges.open(&repository, "k", "octobot/fix", &wanted(false)).await.unwrap();
    assert_eq!((told.number, was_open), (2, true));

    let (forges, repository, _) = forge(Forge::GitLab, &[(200, json!([])), (409, exists), (200, json!([]))]).await;
    let refused = forges.open(&repository, "k", "octobot/fix", &wanted(false)).await.unwrap_err().to_string();
    assert!(refused.contains("409") && refused.contains("already exists"), "{refused}");
}

#[tokio::test]
async fn one_is_closed_and_what_was_merged_meanwhile_is_told() {
    let (forges, repository, stub) = forge(Forge::GitHub, &[(200, pull(7, "closed", false))]).await;
    assert_eq!(forges.close(&repository, "k", 7).await.unwrap().state, PullRequestState::Closed);
    let asked = stub.asked();
    assert_eq!((asked[0].0.as_str(), &asked[0].3), ("PATCH", &json!({ "state": "closed" })));

    let (forges, repository, stub) =
        forge(Forge::GitLab, &[(422, json!({ "message": "no" })), (200, merge_request(3, "merged"))]).await;
    assert_eq!(forges.close(&repository, "k", 3).await.unwrap().state, PullRequestState::Merged);
    let asked = stub.asked();
    assert_eq!((asked[0].0.as_str(), &asked[0].3), ("PUT", &json!({ "state_event": "close" })));
    assert_eq!(asked[1].1, "/api/v4/projects/group%2Fapp/merge_requests/3");

    let (forges, repository, _) =
        forge(Forge::GitHub, &[(422, json!({ "message": "Locked" })), (200, pull(7, "open", false))]).await;
    let refused = forges.close(&repository, "k", 7).await.unwrap_err().to_string();
    assert!(refused.contains("422") && refused.contains("Locked"), "{refused}");
    let (forges, repository, _) = forge(Forge::GitHub, &[(200, pull(7, "closed", true))]).await;
    assert_eq!(forges.look(&repository, "k", 7).await.unwrap().state, PullRequestState::Merged);
}

#[tokio::test]
async fn every_refusal_says_what_to_do() {
    let invalid = json!({
        "message": "Validation Failed",
        "errors": [{ "resource": "PullRequest", "field": "base", "code": "invalid" }, { "message": "No commits\nbetween main" }],
    });
    let by_field = json!({ "message": { "target_branch": ["is invalid"], "base": ["can't be blank"] } });
    for (status, body, parts) in [
        (401, json!({ "message": "Bad credentials" }), &["401", "Replace it"][..]),
        (403, json!({ "message": "Resource not accessible." }), &["403", "not accessible", "group/app"]),
        (404, json!({ "message": "404 Project Not Found" }), &["404", "group/app", "token may see"]),
        (422, invalid, &["422", "base is invalid", "No commits between main"]),
        (400, by_field, &["400", "target_branch is invalid"]),
        (429, json!({}), &["429", "Wait"]),
        (502, json!("<html>"), &["502", "Wait"]),
        (301, json!({}), &["301", "renamed"]),
        (200, json!({ "login": "page" }), &["can't be understood"]),
    ] {
        let (forges, repository, stub) = forge(Forge::GitHub, &[(status, body)]).await;
        let told = forges.look(&repository, "the-key", 7).await.unwrap_err().to_string();
        assert!(parts.iter().all(|part| told.contains(part)), "{status}: {told}");
        assert!(!told.contains("the-key") && stub.asked().len() == 1, "{told}");
    }
}

#[tokio::test]
async fn answers_that_are_none_are_told_apart_from_a_forge_that_is_away() {
    let (forges, repository, _) = forge_saying(Forge::GitHub, [(200, "<html>".to_owned())].into()).await;
    let told = forges.look(&repository, "k", 7).await.unwrap_err();
    assert!(matches!(told, ForgeError::NotUnderstood { is_long: false, .. }), "{told}");
    let (forges, repository, _) = forge_saying(Forge::GitHub, [(200, " ".repeat(MOST_BYTES + 1))].into()).await;
    let told = forges.look(&repository, "k", 7).await.unwrap_err();
    assert!(matches!(told, ForgeError::NotUnderstood { is_long: true, .. }), "{told}");
    assert!(told.to_string().contains("too long"), "{told}");

    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in [format!("http://{closed}"), repository.site.url.replace("http://", "https://")] {
        let repository = ForgeRepository { site: Site { forge: Forge::GitHub, url }, path: "a/b".to_owned() };
        let told = forges.look(&repository, "k", 7).await.unwrap_err();
        assert!(matches!(told, ForgeError::Unreachable { .. }) && told.is_passing(), "{told}");
    }
}

#[tokio::test]
async fn a_forge_that_says_nothing_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let repository = ForgeRepository { site: Site { forge: Forge::GitLab, url }, path: "a/b".to_owned() };
    let forges = Forges { patience: Duration::from_millis(20), ..Forges::new(outgoing().unwrap()) };
    let told = forges.look(&repository, "k", 7).await.unwrap_err();
    assert!(matches!(told, ForgeError::Slow { .. }) && told.is_passing(), "{told}");
    drop(listener);
}

#[test]
fn the_great_forges_apis_are_where_they_are() {
    assert_eq!(github::api("https://github.com"), "https://api.github.com");
    assert_eq!(github::api("https://git.example:8443"), "https://git.example:8443/api/v3");
    assert_eq!(gitlab::api("https://gitlab.com"), "https://gitlab.com/api/v4");
}

#[test]
fn a_key_is_in_no_debug() {
    let repository = ForgeRepository {
        site: Site { forge: Forge::GitHub, url: "https://github.com".to_owned() },
        path: "a/b".to_owned(),
    };
    let request = request(&repository, "the-key", github::look("a/b", 1)).unwrap();
    assert!(!format!("{:?}", request.headers()).contains("the-key"));
    assert!(super::request(&repository, "the\nkey", github::look("a/b", 1)).is_none());
}
