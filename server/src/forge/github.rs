//! GitHub's REST API, in the version of 28 November 2022: “List pull requests”, “Create a pull request”, “Get a pull request”
//! and “Update a pull request” at
//! <https://docs.github.com/en/rest/pulls/pulls>. A GitHub Enterprise Server has it at `/api/v3`, one with data residency, below `ghe.com`,
//! at a host of its own.

use http::Method;
use octobot_wire::code::pull_request::{OpenPullRequest, PullRequestState};
use serde::Deserialize;
use serde_json::json;

use super::{Call, Told, escaped};
use crate::domain::forge::web_origin;

/// Where the API of the site at `url` is.
pub(super) fn api(url: &str) -> String {
    let host = web_origin(url).and_then(|origin| origin.strip_prefix("https://").map(str::to_owned));
    match host.as_deref() {
        Some("github.com" | "www.github.com") => "https://api.github.com".to_owned(),
        Some(host) if host.ends_with(".ghe.com") => format!("https://api.{host}"),
        _ => format!("{url}/api/v3"),
    }
}

pub(super) fn headers(key: &str) -> Vec<(&'static str, String)> {
    vec![
        ("authorization", format!("Bearer {key}")),
        ("accept", "application/vnd.github+json".to_owned()),
        ("x-github-api-version", "2022-11-28".to_owned()),
    ]
}

/// The open pull requests of a branch of the repository itself: those of forks have another owner before the colon.
pub(super) fn list(repository: &str, branch: &str) -> Call {
    let owner = repository.split('/').next().unwrap_or_default();
    let head = escaped(&format!("{owner}:{branch}"));
    Call { method: Method::GET, path: format!("/repos/{repository}/pulls?state=open&head={head}"), body: None }
}

pub(super) fn create(repository: &str, branch: &str, request: &OpenPullRequest) -> Call {
    let OpenPullRequest { title, text, base, is_draft } = request;
    let body = json!({ "title": title, "body": text, "head": branch, "base": base, "draft": is_draft });
    Call { method: Method::POST, path: format!("/repos/{repository}/pulls"), body: Some(body) }
}

pub(super) fn look(repository: &str, number: u64) -> Call {
    Call { method: Method::GET, path: format!("/repos/{repository}/pulls/{number}"), body: None }
}

pub(super) fn close(repository: &str, number: u64) -> Call {
    let body = json!({ "state": "closed" });
    Call { method: Method::PATCH, body: Some(body), ..look(repository, number) }
}

/// A pull request in an answer.
#[derive(Debug, Deserialize)]
pub(super) struct Pull {
    number: u64,
    title: String,
    state: State,
    #[serde(default)]
    draft: bool,
    merged_at: Option<String>,
    base: Branch,
    head: Branch,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Open,
    Closed,
}

#[derive(Debug, Deserialize)]
struct Branch {
    #[serde(rename = "ref")]
    name: String,
}

impl From<Pull> for Told {
    fn from(pull: Pull) -> Self {
        let state = match (pull.state, pull.merged_at) {
            (_, Some(_)) => PullRequestState::Merged,
            (State::Open, None) => PullRequestState::Open,
            (State::Closed, None) => PullRequestState::Closed,
        };
        Self { number: pull.number, title: pull.title, base: pull.base.name, is_draft: pull.draft, state }
    }
}

/// The pull request of a branch among those that were listed: what GitHub can't read of a filter it leaves out.
pub(super) fn open_one(pulls: Vec<Pull>, branch: &str) -> Option<Told> {
    pulls.into_iter().find(|pull| pull.head.name == branch && pull.state == State::Open).map(Told::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_is_found_however_the_site_is_written() {
        for url in ["https://github.com", "https://GitHub.com:443", "https://www.github.com"] {
            assert_eq!(api(url), "https://api.github.com");
        }
        assert_eq!(api("https://acme.ghe.com"), "https://api.acme.ghe.com");
        assert_eq!(api("https://git.acme.example:8443"), "https://git.acme.example:8443/api/v3");
        assert_eq!(api("http://github.com"), "http://github.com/api/v3");
    }
}
