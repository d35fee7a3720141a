//! A simulated forge on this machine: repositories that git fetches from and pushes to over HTTP, and as much of the APIs of GitHub and GitLab
//! as pull requests need.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result, ensure};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path as Part, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::process::Command;

/// The only key that it takes.
pub const KEY: &str = "forge-canary-key";

/// The path of its only repository.
pub const REPOSITORY: &str = "acme/app";

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
    /// The branch that it offers.
    pub head: String,
    /// The branch that it is for.
    pub base: String,
    /// Whether it is a draft.
    pub is_draft: bool,
    /// `open`, `closed` or `merged`.
    pub state: &'static str,
}

/// A forge.
#[derive(Debug)]
pub struct Forge {
    folder: Arc<TempDir>,
    url: String,
    pulls: Arc<Mutex<Vec<Pull>>>,
}

#[derive(Clone)]
struct Served {
    folder: PathBuf,
    pulls: Arc<Mutex<Vec<Pull>>>,
}

// === impl Forge ===

impl Forge {
    /// Starts one whose repository is a copy of the one in a folder.
    pub async fn start(from: &Path) -> Result<Self> {
        let folder = Arc::new(tempfile::tempdir()?);
        let bare = folder.path().join(format!("{REPOSITORY}.git"));
        let copied = Command::new("git").args(["clone", "-q", "--bare"]).arg(from).arg(&bare).status().await?;
        let allowed =
            Command::new("git").args(["config", "http.receivepack", "true"]).current_dir(&bare).status().await?;
        ensure!(copied.success() && allowed.success(), "the repository couldn't be copied");
        let pulls = Arc::<Mutex<Vec<Pull>>>::default();
        let served = Served { folder: folder.path().to_owned(), pulls: pulls.clone() };
        let (github, gitlab) = ("/api/v3/repos/acme/app/pulls", "/api/v4/projects/{project}/merge_requests");
        let router = Router::new()
            .route("/api/v3/rate_limit", get(known))
            .route("/api/v4/user", get(known))
            .route(github, get(github_list).post(github_create))
            .route(&format!("{github}/{{number}}"), get(github_one).patch(github_one))
            .route(gitlab, get(gitlab_list).post(gitlab_create))
            .route(&format!("{gitlab}/{{number}}"), get(gitlab_one).put(gitlab_one))
            .route("/acme/{*path}", any(git))
            .layer(DefaultBodyLimit::disable())
            .with_state(served);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { folder, url, pulls })
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where its repository is.
    pub fn remote(&self) -> String {
        format!("{}/{REPOSITORY}.git", self.url)
    }

    /// The pull requests, in order.
    pub fn pulls(&self) -> Vec<Pull> {
        self.pulls.lock().expect("nothing panics with it").clone()
    }

    /// Has somebody merge one.
    pub fn merge(&self, number: u64) {
        let mut pulls = self.pulls.lock().expect("nothing panics with it");
        if let Some(pull) = pulls.iter_mut().find(|pull| pull.number == number) {
            pull.state = "merged";
        }
    }

    /// What a git command prints in its repository.
    pub async fn git(&self, arguments: &[&str]) -> Result<String> {
        let bare = self.folder.path().join(format!("{REPOSITORY}.git"));
        let output = Command::new("git").args(arguments).current_dir(bare).output().await?;
        ensure!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }
}

impl Served {
    /// The pull request that is open for a branch.
    fn open(&self, head: &str) -> Option<Pull> {
        let pulls = self.pulls.lock().expect("nothing panics with it");
        pulls.iter().find(|pull| pull.state == "open" && pull.head == head).cloned()
    }

    fn add(&self, pull: Pull) -> Pull {
        let mut pulls = self.pulls.lock().expect("nothing panics with it");
        let pull = Pull { number: pulls.len() as u64 + 1, ..pull };
        pulls.push(pull.clone());
        pull
    }

    fn close(&self, number: u64, closes: bool) -> Option<Pull> {
        let mut pulls = self.pulls.lock().expect("nothing panics with it");
        let pull = pulls.iter_mut().find(|pull| pull.number == number)?;
        if closes && pull.state == "open" {
            pull.state = "closed";
        }
        Some(pull.clone())
    }

    /// Whether a branch was pushed.
    async fn has(&self, branch: &str) -> bool {
        let reference = format!("refs/heads/{branch}");
        let mut git = Command::new("git");
        git.args(["rev-parse", "--quiet", "--verify", &reference]).stdout(Stdio::null());
        let status = git.current_dir(self.folder.join(format!("{REPOSITORY}.git"))).status().await;
        status.is_ok_and(|status| status.success())
    }
}

fn is_known(headers: &HeaderMap) -> bool {
    let has = |name: &str, value: &str| headers.get(name).is_some_and(|given| given == value);
    has("authorization", &format!("Bearer {KEY}")) || has("private-token", KEY)
}

fn refusal(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}

fn unknown() -> Response {
    refusal(StatusCode::UNAUTHORIZED, "Bad credentials")
}

async fn known(headers: HeaderMap) -> Response {
    if is_known(&headers) { Json(json!({})).into_response() } else { unknown() }
}

/// What both dialects ask.
#[derive(Deserialize)]
struct Wanted {
    head: Option<String>,
    source_branch: Option<String>,
}

fn text(body: &Value, field: &str) -> String {
    body[field].as_str().unwrap_or_default().to_owned()
}

fn github(pull: &Pull) -> Value {
    json!({
        "number": pull.number, "title": pull.title, "draft": pull.is_draft, "head": { "ref": pull.head }, "base": { "ref": pull.base },
        "state": if pull.state == "open" { "open" } else { "closed" },
        "merged_at": (pull.state == "merged").then_some("2026-01-01T00:00:00Z"),
    })
}

async fn github_list(State(served): State<Served>, headers: HeaderMap, Query(wanted): Query<Wanted>) -> Response {
    if !is_known(&headers) {
        return unknown();
    }
    let head = wanted.head.unwrap_or_default();
    let open = head.strip_prefix("acme:").and_then(|head| served.open(head));
    Json(open.iter().map(github).collect::<Vec<_>>()).into_response()
}

async fn github_create(State(served): State<Served>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    if !is_known(&headers) {
        return unknown();
    }
    let head = text(&body, "head");
    if served.open(&head).is_some() {
        let errors = json!([{ "message": format!("A pull request already exists for acme:{head}.") }]);
        let answer = Json(json!({ "message": "Validation Failed", "errors": errors }));
        return (StatusCode::UNPROCESSABLE_ENTITY, answer).into_response();
    }
    for (field, branch) in [("head", &head), ("base", &text(&body, "base"))] {
        if !served.has(branch).await {
            let errors = json!([{ "resource": "PullRequest", "field": field, "code": "invalid" }]);
            let answer = Json(json!({ "message": "Validation Failed", "errors": errors }));
            return (StatusCode::UNPROCESSABLE_ENTITY, answer).into_response();
        }
    }
    let pull = Pull {
        number: 0,
        title: text(&body, "title"),
        text: text(&body, "body"),
        head,
        base: text(&body, "base"),
        is_draft: body["draft"] == true,
        state: "open",
    };
    (StatusCode::CREATED, Json(github(&served.add(pull)))).into_response()
}

async fn github_one(
    State(served): State<Served>,
    Part(number): Part<u64>,
    headers: HeaderMap,
    body: Option<Json<Value>>,
) -> Response {
    if !is_known(&headers) {
        return unknown();
    }
    let closes = body.is_some_and(|Json(body)| body["state"] == "closed");
    match served.close(number, closes) {
        Some(pull) => Json(github(&pull)).into_response(),
        None => refusal(StatusCode::NOT_FOUND, "Not Found"),
    }
}

fn gitlab(pull: &Pull) -> Value {
    json!({
        "iid": pull.number, "title": pull.title, "draft": pull.is_draft, "source_branch": pull.head, "target_branch": pull.base,
        "source_project_id": 1, "target_project_id": 1, "state": if pull.state == "open" { "opened" } else { pull.state },
    })
}

async fn gitlab_list(
    State(served): State<Served>,
    Part(project): Part<String>,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Response {
    if !is_known(&headers) {
        return unknown();
    }
    if project != REPOSITORY {
        return refusal(StatusCode::NOT_FOUND, "404 Project Not Found");
    }
    let open = served.open(&wanted.source_branch.unwrap_or_default());
    Json(open.iter().map(gitlab).collect::<Vec<_>>()).into_response()
}

async fn gitlab_create(State(served): State<Served>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    if !is_known(&headers) {
        return unknown();
    }
    let (head, base) = (text(&body, "source_branch"), text(&body, "target_branch"));
    if let Some(open) = served.open(&head) {
        let message =
            json!([format!("Another open merge request already exists for this source branch: !{}", open.number)]);
        return (StatusCode::CONFLICT, Json(json!({ "message": message }))).into_response();
    }
    let title = text(&body, "title");
    let is_draft = title.starts_with("Draft: ");
    let text = text(&body, "description");
    let pull = Pull { number: 0, title, text, head, base, is_draft, state: "open" };
    (StatusCode::CREATED, Json(gitlab(&served.add(pull)))).into_response()
}

async fn gitlab_one(
    State(served): State<Served>,
    Part((_, number)): Part<(String, u64)>,
    headers: HeaderMap,
    body: Option<Json<Value>>,
) -> Response {
    if !is_known(&headers) {
        return unknown();
    }
    let closes = body.is_some_and(|Json(body)| body["state_event"] == "close");
    match served.close(number, closes) {
        Some(pull) => Json(gitlab(&pull)).into_response(),
        None => refusal(StatusCode::NOT_FOUND, "404 Not found"),
    }
}

/// Git over HTTP, by git's own CGI program. Fetching wants a login as pushing does.
async fn git(State(served): State<Served>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let users = ["x-access-token", "oauth2"].map(|user| format!("Basic {}", base64(&format!("{user}:{KEY}"))));
    let login = headers.get(header::AUTHORIZATION);
    if !login.is_some_and(|given| users.iter().any(|user| given == user)) {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"git\"")]).into_response();
    }
    match backend(&served, &method, &uri, &headers, &body).await {
        Ok(response) => response,
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
    }
}

async fn backend(served: &Served, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<Response> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut program = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &served.folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", uri.path())
        .env("QUERY_STRING", uri.query().unwrap_or_default())
        .env("REQUEST_METHOD", method.as_str())
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("REMOTE_USER", "somebody")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut input = program.stdin.take().context("its input is a pipe")?;
    let (written, output) = tokio::join!(
        async {
            let written = input.write_all(body).await;
            drop(input);
            written
        },
        program.wait_with_output()
    );
    written?;
    let output = output?.stdout;
    let end = output.windows(4).position(|four| four == b"\r\n\r\n").context("git has told no headers")?;
    let mut response = Response::builder();
    for line in std::str::from_utf8(&output[..end])?.lines() {
        let (name, value) = line.split_once(':').context("this is no header")?;
        response = if name.eq_ignore_ascii_case("status") {
            response.status(value.split_whitespace().next().unwrap_or_default())
        } else {
            response.header(name, value.trim())
        };
    }
    Ok(response.body(Bytes::copy_from_slice(&output[end + 4..]).into())?)
}

/// RFC 4648 with padding.
fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut coded = String::new();
    for three in text.as_bytes().chunks(3) {
        let bits = three.iter().fold(0, |bits, byte| (bits << 8) | usize::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) & 63];
            coded.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
    coded
}
