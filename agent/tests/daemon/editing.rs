//! Files that people change.

use std::os::unix::ffi::OsStrExt as _;

use http_body_util::BodyExt as _;
use hyper::StatusCode;
use octobot_wire::code::{MoveEntry, Trashed};
use octobot_wire::daemon::DaemonProblem;

use crate::sandbox::{Sandbox, read};

/// Which state a request is about.
const NOTHING: (&str, &str) = ("if-none-match", "*");

/// A sandbox with some files of every kind, and one outside its workspace.
async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().await;
    let script = "mkdir -p a/b; echo old >a/file; chmod 750 a/file; ln -s a/file link; ln -s ../../secret out; ln -s ../.. outside; \
                  mkfifo pipe; mkdir .git; echo secret >../../secret";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    sandbox
}

/// The state that an answer tells.
fn state<B>(answer: &hyper::Response<B>) -> String {
    answer.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned()).unwrap_or_default()
}

async fn state_of(sandbox: &Sandbox, path: &str) -> String {
    state(&sandbox.send("GET", &format!("/content?path={path}&follow=true"), Vec::new()).await)
}

async fn put(sandbox: &Sandbox, header: (&str, &str), path: &str, text: &str) -> (StatusCode, String) {
    let answer = sandbox.send_if(header, "PUT", &format!("/content?path={path}"), text.as_bytes().to_vec()).await;
    (answer.status(), state(&answer))
}

fn text(sandbox: &Sandbox, path: &str) -> String {
    std::fs::read_to_string(sandbox.path("home/workspace").join(path)).unwrap()
}

#[tokio::test]
async fn a_file_is_saved_over_the_state_that_its_editor_began_with() {
    let sandbox = sandbox().await;
    let first = state_of(&sandbox, "a/file").await;
    let (status, second) = put(&sandbox, ("if-match", &first), "a/file", "mine\n").await;
    assert_eq!((status, text(&sandbox, "a/file").as_str()), (StatusCode::NO_CONTENT, "mine\n"));
    assert_eq!(state_of(&sandbox, "a/file").await, second);
    // The agent writes meanwhile.
    let ran = sandbox.run(2, "echo theirs >a/file; stat -c %a a/file").await;
    assert_eq!(ran.output.trim(), "750");
    let theirs = state_of(&sandbox, "a/file").await;
    assert_eq!(
        put(&sandbox, ("if-match", &second), "a/file", "x").await,
        (StatusCode::PRECONDITION_FAILED, theirs.clone())
    );
    assert_eq!(text(&sandbox, "a/file"), "theirs\n");
    assert_eq!(
        put(&sandbox, ("if-match", &theirs), "a/file", "mine\n").await,
        (StatusCode::NO_CONTENT, second.clone())
    );
    // New files, and those that are gone.
    assert_eq!(put(&sandbox, NOTHING, "a/new", "mine\n").await, (StatusCode::CREATED, second.clone()));
    assert_eq!(put(&sandbox, NOTHING, "a/new", "x").await, (StatusCode::PRECONDITION_FAILED, second.clone()));
    let gone = put(&sandbox, ("if-match", &second), "a/none", "x").await;
    assert_eq!(gone, (StatusCode::PRECONDITION_FAILED, String::new()));
    // Nothing is left beside the files.
    let listed = sandbox.run(3, "find . -name '.octobot*'").await;
    assert_eq!(listed.output, "");
}

#[tokio::test]
async fn through_a_link_only_what_is_in_the_workspace_is_written() {
    let sandbox = sandbox().await;
    let old = state_of(&sandbox, "link").await;
    assert_eq!(put(&sandbox, ("if-match", &old), "link", "new\n").await.0, StatusCode::NO_CONTENT);
    assert!(sandbox.path("home/workspace/link").is_symlink());
    assert_eq!(text(&sandbox, "a/file"), "new\n");
    let outside = std::fs::read(sandbox.path("secret")).unwrap();
    for path in
        ["out", "outside/secret", "../../secret", "a/../../../secret", "/etc/hostname", "pipe", "a", "", "a%00b"]
    {
        for header in [NOTHING, ("if-match", old.as_str())] {
            let status = put(&sandbox, header, path, "x").await.0;
            assert!(status.is_client_error(), "{path}: {status}");
        }
    }
    for path in [".git/config", "a/../b", "a//b", "none/b"] {
        assert!(put(&sandbox, NOTHING, path, "x").await.0.is_client_error(), "{path}");
    }
    assert_eq!(std::fs::read(sandbox.path("secret")).unwrap(), outside);
    assert_eq!(put(&sandbox, ("if-match", "x"), "a/file", "x").await.0, StatusCode::PRECONDITION_REQUIRED);
    assert_eq!(
        sandbox.send("PUT", "/content?path=a/file", Vec::new()).await.status(),
        StatusCode::PRECONDITION_REQUIRED
    );
    assert_eq!(sandbox.send("GET", "/content?path=out&follow=true", Vec::new()).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn names_that_no_text_has_and_files_that_are_too_large() {
    let sandbox = sandbox().await;
    // A newline, and bytes that aren't UTF-8, as a path travels.
    let name = "a/%0A%F4%8F%BF%BF%22x";
    assert_eq!(put(&sandbox, NOTHING, name, "odd").await.0, StatusCode::CREATED);
    let found = std::fs::read_dir(sandbox.path("home/workspace/a")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(found.into_iter().any(|name| name.as_bytes() == b"\n\xff\"x"));
    let send = async |length: usize| {
        let answer = sandbox.send_if(NOTHING, "PUT", "/content?path=large", vec![b'x'; length]).await;
        (answer.status(), answer.into_body().collect().await.unwrap().to_bytes())
    };
    let (status, problem) = send(17 << 20).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{problem:?}");
    assert!(!sandbox.path("home/workspace/large").exists());
    assert_eq!(send(16 << 20).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn what_is_moved_overwrites_nothing_and_what_is_deleted_comes_back() {
    let sandbox = sandbox().await;
    let rename = async |from: &str, to: &str| {
        let request = MoveEntry { from: from.to_owned(), to: to.to_owned() };
        sandbox.send("POST", "/entries/move", serde_json::to_vec(&request).unwrap()).await.status()
    };
    assert_eq!(sandbox.send("PUT", "/folder?path=a/new", Vec::new()).await.status(), StatusCode::CREATED);
    assert_eq!(sandbox.send("PUT", "/folder?path=a/new", Vec::new()).await.status(), StatusCode::CONFLICT);
    assert_eq!(rename("a/file", "a/new/file").await, StatusCode::NO_CONTENT);
    for (from, to) in [("a/new/file", "link"), ("a", "a/b/a"), ("pipe", "a")] {
        assert_eq!(rename(from, to).await, StatusCode::CONFLICT, "{from} to {to}");
    }
    for (from, to) in
        [("a", "../a"), ("../../secret", "secret"), ("none", "n"), ("a", ".git/a"), ("outside/secret", "s")]
    {
        assert!(rename(from, to).await.is_client_error(), "{from} to {to}");
    }

    let delete = async |path: &str| sandbox.send("DELETE", &format!("/entries?path={path}"), Vec::new()).await;
    for path in ["", ".", "..", "../../secret", "outside/secret", ".git", ".git/x", "none"] {
        assert_eq!(delete(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let (status, Trashed { number }) = read(delete("a").await).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!sandbox.path("home/workspace/a").exists());
    let restore = async |number: u64| sandbox.send("POST", &format!("/trash/{number}/restore"), Vec::new()).await;
    std::fs::create_dir(sandbox.path("home/workspace/a")).unwrap();
    let (status, problem): (_, DaemonProblem) = read(restore(number).await).await;
    assert_eq!((status, problem.detail.as_str()), (StatusCode::CONFLICT, "there is already something at a"));
    std::fs::remove_dir(sandbox.path("home/workspace/a")).unwrap();
    assert_eq!(restore(number).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(text(&sandbox, "a/new/file"), "old\n");
    assert_eq!(restore(number).await.status(), StatusCode::NOT_FOUND);
}
