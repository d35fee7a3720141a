//! Branches: which there are, checking one out, making one, and fetching those of `origin`.

use std::path::Path;

use hyper::StatusCode;
use octobot_wire::code::branches::{
    Branches, CheckoutBranch, CheckoutEnd, CheckoutOutcome, FetchEnd, FetchOutcome, MakeBranch,
};
use octobot_wire::code::repository::RepositoryState;
use octobot_wire::daemon::TurnSide;
use octobot_wire::daemon::turn_ref;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::code::{bundle_of, git};
use crate::repository::{done, refused};
use crate::sandbox::{PATIENCE, Sandbox};

async fn sandbox_from(origin: &str) -> Sandbox {
    let sandbox = Sandbox::start().await;
    let bundle = bundle_of(
        |folder| {
            std::fs::write(folder.join(".gitignore"), "*.log\n").unwrap();
            std::fs::write(folder.join("a"), "a\n").unwrap();
            std::fs::write(folder.join("b"), "b\n").unwrap();
        },
        |_| {},
    );
    assert_eq!(sandbox.send("POST", &format!("/code?origin={origin}"), bundle).await.status(), StatusCode::OK);
    sandbox
}

async fn sandbox() -> Sandbox {
    sandbox_from("").await
}

async fn branches(sandbox: &Sandbox) -> Branches {
    done(sandbox, "GET", "/branches", &()).await
}

async fn names(sandbox: &Sandbox) -> Vec<String> {
    let mut names: Vec<_> = branches(sandbox).await.branches.into_iter().map(|branch| branch.name).collect();
    names.sort_unstable();
    names
}

fn checkout(name: &str, keep: bool) -> CheckoutBranch {
    CheckoutBranch { name: name.to_owned(), keep }
}

async fn check_out(sandbox: &Sandbox, name: &str, keep: bool) -> CheckoutOutcome {
    done(sandbox, "POST", "/checkout", &checkout(name, keep)).await
}

fn text(workspace: &Path, name: &str) -> Option<String> {
    std::fs::read_to_string(workspace.join(name)).ok()
}

#[tokio::test]
async fn a_branch_is_made_left_and_checked_out_again() {
    let sandbox = sandbox().await;
    let workspace = sandbox.path("home/workspace");
    let before = branches(&sandbox).await;
    assert_eq!((before.current.as_deref(), before.origin), (Some("refs/heads/octobot"), None));

    // What isn't committed comes along; no hook runs.
    let script = "printf '#!/bin/sh\\ntouch ../ran\\n' >.git/hooks/post-checkout; chmod +x .git/hooks/post-checkout; echo mine >a";
    std::fs::create_dir_all(workspace.join(".git/hooks")).unwrap();
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    let made: Branches = done(&sandbox, "POST", "/branches", &MakeBranch { name: "fix/ü".to_owned() }).await;
    assert_eq!(made.current.as_deref(), Some("refs/heads/fix/ü"));
    assert_eq!(text(&workspace, "a").as_deref(), Some("mine\n"));
    sandbox.run(2, "git commit -qam mine; echo new >new; echo log >x.log").await;

    let outcome = check_out(&sandbox, "refs/heads/octobot", false).await;
    assert_eq!((outcome.end, outcome.files), (CheckoutEnd::Uncommitted, vec!["new".to_owned()]));
    let outcome = check_out(&sandbox, "refs/heads/octobot", true).await;
    assert_eq!((outcome.end, outcome.name.as_str()), (CheckoutEnd::CheckedOut, "refs/heads/octobot"));
    assert_eq!((text(&workspace, "a").as_deref(), text(&workspace, "new").as_deref()), (Some("a\n"), Some("new\n")));
    let state: RepositoryState = done(&sandbox, "GET", "/repository", &()).await;
    assert_eq!(state.branch.as_deref(), Some("octobot"));
    assert!(!sandbox.path("home/ran").exists());

    // A turn knows which branch there was, and a rewind goes back to it.
    let kept = turn_ref(sandbox.turn_id(2), TurnSide::Before);
    assert_eq!(git(&workspace, &["log", "-1", "--format=%B", &kept]).trim(), "refs/heads/fix/ü");
    let path = format!("/turns/{}/rewind", sandbox.turn_id(2));
    let _: serde_json::Value = done(&sandbox, "POST", &path, &()).await;
    assert_eq!(branches(&sandbox).await.current.as_deref(), Some("refs/heads/fix/ü"));
    assert_eq!(text(&workspace, "a").as_deref(), Some("mine\n"));
}

#[tokio::test]
async fn nothing_is_overwritten_that_no_commit_has() {
    let sandbox = sandbox().await;
    let workspace = sandbox.path("home/workspace");
    let script = "git checkout -qb other; echo other >a; echo other >new; mkdir d; echo other >d/e; echo other >x.log; \
                  git add -f .; git commit -qm other; git checkout -q octobot; echo mine >a; echo mine >b; echo mine >new; \
                  echo mine >d; echo mine >x.log";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    let outcome = check_out(&sandbox, "refs/heads/other", true).await;
    assert_eq!((outcome.end, outcome.unlisted), (CheckoutEnd::InTheWay, 0));
    assert_eq!(outcome.files, ["a", "d", "new", "x.log"]);
    for (name, expected) in [("a", "mine\n"), ("b", "mine\n"), ("new", "mine\n"), ("d", "mine\n"), ("x.log", "mine\n")]
    {
        assert_eq!(text(&workspace, name).as_deref(), Some(expected), "{name}");
    }
    assert_eq!(git(&workspace, &["symbolic-ref", "HEAD"]).trim(), "refs/heads/octobot");

    // What is ignored is somebody's, too.
    sandbox.run(2, "git checkout -q a; rm new d").await;
    let outcome = check_out(&sandbox, "refs/heads/other", true).await;
    assert_eq!((outcome.end, outcome.files), (CheckoutEnd::InTheWay, vec!["x.log".to_owned()]));
    sandbox.run(3, "rm x.log").await;
    assert_eq!(check_out(&sandbox, "refs/heads/other", true).await.end, CheckoutEnd::CheckedOut);
    assert_eq!(
        (text(&workspace, "b").as_deref(), text(&workspace, "d/e").as_deref()),
        (Some("mine\n"), Some("other\n"))
    );
}

#[tokio::test]
async fn branches_that_cant_be_are_refused_with_what_to_do() {
    let sandbox = sandbox().await;
    for name in ["", " ", "-x", "a b", "a..b", "HEAD", "x.lock", "a~1", "@{-1}", "a\nb", "a\0b", &"x".repeat(300)] {
        let (status, detail) = refused(&sandbox, "/branches", &MakeBranch { name: name.to_owned() }).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{name:?}: {detail}");
    }
    let (status, detail) = refused(&sandbox, "/branches", &MakeBranch { name: "octobot".to_owned() }).await;
    assert_eq!((status, detail.contains("already")), (StatusCode::CONFLICT, true), "{detail}");
    for name in ["refs/heads/none", "octobot~1", "HEAD", "--help", "refs/tags/x", "", "refs/heads/../heads/octobot"] {
        let (status, detail) = refused(&sandbox, "/checkout", &checkout(name, true)).await;
        assert!(status.is_client_error(), "{name:?}: {status} {detail}");
    }
    sandbox.run(1, "touch .git/index.lock").await;
    let (status, detail) = refused(&sandbox, "/branches", &MakeBranch { name: "x".to_owned() }).await;
    assert_eq!((status, detail.contains("index.lock")), (StatusCode::CONFLICT, true), "{detail}");
    // A branch is the way on where none is checked out.
    sandbox.run(2, "rm .git/index.lock; git checkout -q --detach").await;
    assert_eq!(branches(&sandbox).await.current, None);
    let made: Branches = done(&sandbox, "POST", "/branches", &MakeBranch { name: "x".to_owned() }).await;
    assert_eq!(made.current.as_deref(), Some("refs/heads/x"));
    sandbox.run(3, "git symbolic-ref HEAD refs/heads/unborn").await;
    let made: Branches = done(&sandbox, "POST", "/branches", &MakeBranch { name: "first".to_owned() }).await;
    assert_eq!(made.current.as_deref(), Some("refs/heads/first"));
}

#[tokio::test]
async fn nothing_is_checked_out_under_a_turns_feet() {
    let sandbox = sandbox().await;
    sandbox.deliver(1, "", "git branch other; echo ready; sleep 600").await;
    sandbox.follow(0).await.printed("ready").await;
    let (status, detail) = refused(&sandbox, "/checkout", &checkout("refs/heads/other", true)).await;
    assert_eq!((status, detail.contains("is running")), (StatusCode::CONFLICT, true), "{detail}");
    let (status, _) = refused(&sandbox, "/branches", &MakeBranch { name: "x".to_owned() }).await;
    assert_eq!(status, StatusCode::CONFLICT);
}

/// Serves the files of a folder over HTTP, or always the same answer.
async fn serve(folder: Option<std::path::PathBuf>, answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(exchange(stream, folder.clone(), answer));
        }
    });
    address
}

async fn exchange(stream: TcpStream, folder: Option<std::path::PathBuf>, answer: &'static str) {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while stream.read_line(&mut head).await.is_ok_and(|read| read > 2) {}
    let path = head.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
    let found = folder.map(|folder| std::fs::read(folder.join(path.trim_start_matches('/'))));
    let (status, body) = match found {
        Some(Ok(bytes)) => ("200 OK", bytes),
        Some(Err(_)) => ("404 Not Found", Vec::new()),
        None => (answer, Vec::new()),
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let _gone = stream.write_all(&[head.as_bytes(), &body].concat()).await;
}

/// A repository as it is served by a plain server of files.
fn origin() -> TempDir {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    git(path, &["init", "-q", "-b", "main"]);
    std::fs::write(path.join("a"), "theirs\n").unwrap();
    git(path, &["add", "."]);
    git(path, &["commit", "-qm", "theirs"]);
    git(path, &["branch", "octobot"]);
    git(path, &["update-server-info"]);
    folder
}

#[tokio::test]
async fn branches_of_origin_are_fetched_and_checked_out() {
    let origin = origin();
    let address = serve(Some(origin.path().to_owned()), "").await;
    let secret = format!("{}/.git", address.replace("http://", "http://user:secret@"));
    let sandbox = sandbox_from(&secret).await;
    assert_eq!(branches(&sandbox).await.origin, Some(format!("{address}/.git")));
    // What the repository says of how doesn't count.
    let script = "git config core.sshCommand 'touch ../ran'; git config credential.helper '!touch ../ran'; git config core.askPass ../none; \
                  git config remote.origin.uploadpack 'touch ../ran'; git config remote.origin.vcs ext";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    let fetched: FetchOutcome = done(&sandbox, "POST", "/fetch", &()).await;
    assert_eq!((fetched.end, fetched.changed, fetched.detail.as_str()), (FetchEnd::Fetched, 2, ""));
    assert_eq!(
        names(&sandbox).await,
        ["refs/heads/octobot", "refs/remotes/origin/main", "refs/remotes/origin/octobot"]
    );
    let fetched: FetchOutcome = done(&sandbox, "POST", "/fetch", &()).await;
    assert_eq!((fetched.end, fetched.changed), (FetchEnd::Fetched, 0));

    let outcome = check_out(&sandbox, "refs/remotes/origin/main", false).await;
    assert_eq!((outcome.end, outcome.name.as_str()), (CheckoutEnd::CheckedOut, "refs/heads/main"));
    assert_eq!(text(&sandbox.path("home/workspace"), "a").as_deref(), Some("theirs\n"));
    let (status, detail) = refused(&sandbox, "/checkout", &checkout("refs/remotes/origin/octobot", true)).await;
    assert_eq!((status, detail.contains("already")), (StatusCode::CONFLICT, true), "{detail}");

    // What the session made is what is in its folder, whichever branch that is on.
    assert_eq!(sandbox.send("GET", "/result", Vec::new()).await.status(), StatusCode::OK);
    git(origin.path(), &["branch", "-qD", "octobot"]);
    git(origin.path(), &["update-server-info"]);
    let fetched: FetchOutcome = done(&sandbox, "POST", "/fetch", &()).await;
    assert_eq!((fetched.end, fetched.changed), (FetchEnd::Fetched, 1));
    assert_eq!(names(&sandbox).await, ["refs/heads/main", "refs/heads/octobot", "refs/remotes/origin/main"]);
    assert!(!sandbox.path("home/ran").exists());
}

#[tokio::test]
async fn why_nothing_was_fetched_is_told() {
    let sandbox = sandbox().await;
    let fetch = async || done::<FetchOutcome>(&sandbox, "POST", "/fetch", &()).await;
    assert_eq!(fetch().await.end, FetchEnd::NoOrigin);
    let (refused, asked) = (serve(None, "403 Forbidden").await, serve(None, "401 Unauthorized").await);
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    // Where a password is asked for, no program of the repository's is.
    assert_eq!(sandbox.run(1, "git config credential.helper '!touch ../ran; true'").await.exit_code(), 0);
    let cases = [
        ("ssh://host/a", FetchEnd::OtherAddress),
        ("ext::sh -c 'touch ../ran'", FetchEnd::OtherAddress),
        ("/etc", FetchEnd::OtherAddress),
        (&refused, FetchEnd::Refused),
        (&asked, FetchEnd::Unauthenticated),
        (&closed, FetchEnd::Unreachable),
    ];
    for (number, (address, end)) in (2..).zip(cases) {
        sandbox.run(number, &format!("git config remote.origin.url \"{address}\"")).await;
        let outcome = fetch().await;
        assert_eq!((outcome.end, outcome.detail.is_empty()), (end, false), "{address}: {}", outcome.detail);
    }
    assert!(!sandbox.path("home/ran").exists());
}

#[tokio::test]
async fn a_fetch_ends_with_whoever_waits_for_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sandbox = sandbox_from(&format!("http://{}", listener.local_addr().unwrap())).await;
    let fetching = sandbox.send("POST", "/fetch", Vec::new());
    let accepted = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
        stream
    };
    let mut stream = tokio::select! {
        stream = accepted => stream,
        _ = fetching => panic!("nobody has answered yet"),
    };
    // The other end is closed once git is gone.
    let mut rest = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("git ends").unwrap();
}
