//! GitLab's REST API, version 4: “List project merge requests”, “Create MR”, “Get single MR” and “Update MR” at
//! <https://docs.gitlab.com/api/merge_requests/>. A project is named by its path, with the slashes escaped.

use http::Method;
use octobot_wire::code::pull_request::{OpenPullRequest, PullRequestState};
use serde::Deserialize;
use serde_json::json;

use super::{Call, Told, escaped};

/// What the title of a draft begins with.
const DRAFT: &str = "Draft: ";

/// Where the API of the site at `url` is.
pub(super) fn api(url: &str) -> String {
    format!("{url}/api/v4")
}

pub(super) fn headers(key: &str) -> Vec<(&'static str, String)> {
    vec![("private-token", key.to_owned()), ("accept", "application/json".to_owned())]
}

pub(super) fn list(project: &str, branch: &str) -> Call {
    let path = format!("{}?state=opened&source_branch={}", requests(project), escaped(branch));
    Call { method: Method::GET, path, body: None }
}

pub(super) fn create(project: &str, branch: &str, request: &OpenPullRequest) -> Call {
    let OpenPullRequest { title, text, base, is_draft } = request;
    let title = if *is_draft { format!("{DRAFT}{title}") } else { title.clone() };
    let body = json!({ "title": title, "description": text, "source_branch": branch, "target_branch": base });
    Call { method: Method::POST, path: requests(project), body: Some(body) }
}

pub(super) fn look(project: &str, number: u64) -> Call {
    Call { method: Method::GET, path: format!("{}/{number}", requests(project)), body: None }
}

pub(super) fn close(project: &str, number: u64) -> Call {
    Call { method: Method::PUT, body: Some(json!({ "state_event": "close" })), ..look(project, number) }
}

fn requests(project: &str) -> String {
    format!("/projects/{}/merge_requests", escaped(project))
}

/// A merge request in an answer.
#[derive(Debug, Deserialize)]
pub(super) struct MergeRequest {
    iid: u64,
    title: String,
    state: State,
    #[serde(default)]
    draft: bool,
    source_branch: String,
    target_branch: String,
    source_project_id: Option<u64>,
    target_project_id: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Opened,
    /// It is being merged.
    Locked,
    Closed,
    Merged,
}

impl From<MergeRequest> for Told {
    fn from(request: MergeRequest) -> Self {
        let state = match request.state {
            State::Opened | State::Locked => PullRequestState::Open,
            State::Closed => PullRequestState::Closed,
            State::Merged => PullRequestState::Merged,
        };
        Self { number: request.iid, title: request.title, base: request.target_branch, is_draft: request.draft, state }
    }
}

/// The merge request of a branch among those that were listed; a fork may have a branch of the same name.
pub(super) fn open_one(requests: Vec<MergeRequest>, branch: &str) -> Option<Told> {
    let is_meant = |request: &MergeRequest| {
        request.source_branch == branch
            && request.source_project_id == request.target_project_id
            && request.state == State::Opened
    };
    requests.into_iter().find(is_meant).map(Told::from)
}
