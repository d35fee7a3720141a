//! Putting lines of a file back, and undoing that.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;

use hyper::StatusCode;
use octobot_wire::code::repository::Discarded;
use octobot_wire::code::{LineSpan, PutLinesBack};
use octobot_wire::daemon::{AT_START, TurnSide, turn_ref};
use octobot_wire::path::to_text;
use sha2::{Digest as _, Sha256};

use crate::code::{bundle_of, git};
use crate::repository::{done, refused, undo};
use crate::sandbox::Sandbox;

/// A name that no text has.
const ODD: &[u8] = b"-odd \"\n\xff";

/// A sandbox with files that have lines of every kind.
async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().await;
    let bundle = bundle_of(
        |folder| {
            std::fs::create_dir(folder.join("src")).unwrap();
            std::fs::write(folder.join("src/main"), "a\nb\nc\nd\n").unwrap();
            std::fs::write(folder.join("crlf"), "a\r\nb\r\nc").unwrap();
            std::fs::write(folder.join("src/run"), "one\ntwo\n").unwrap();
            std::fs::set_permissions(folder.join("src/run"), std::fs::Permissions::from_mode(0o755)).unwrap();
            std::fs::write(folder.join(std::ffi::OsStr::from_bytes(ODD)), "odd\n").unwrap();
            std::os::unix::fs::symlink("src", folder.join("link")).unwrap();
        },
        |_| {},
    );
    assert_eq!(sandbox.send("POST", "/code", bundle).await.status(), StatusCode::OK);
    sandbox
}

/// What tells one content of a file from another.
pub fn state(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut state, byte| {
        write!(state, "{byte:02x}").unwrap();
        state
    })
}

/// Lines of what a file was at the start, in the place of lines of what it is.
fn lines(sandbox: &Sandbox, path: &[u8], spans: &[[u32; 4]]) -> PutLinesBack {
    let spans = spans.iter().map(|[a, b, c, d]| LineSpan { old: (*a, *b), new: (*c, *d) }).collect();
    let state = read(sandbox, path).map(|bytes| state(&bytes));
    PutLinesBack { path: to_text(path), old_path: None, at: AT_START.to_owned(), state, spans }
}

fn read(sandbox: &Sandbox, path: &[u8]) -> Option<Vec<u8>> {
    std::fs::read(sandbox.path("home/workspace").join(std::ffi::OsStr::from_bytes(path))).ok()
}

fn text(sandbox: &Sandbox, path: &str) -> Option<String> {
    read(sandbox, path.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap())
}

async fn put(sandbox: &Sandbox, request: &PutLinesBack) -> u32 {
    done::<Discarded>(sandbox, "POST", "/discard/lines", request).await.number
}

#[tokio::test]
async fn lines_go_back_and_come_back() {
    let sandbox = sandbox().await;
    let workspace = sandbox.path("home/workspace");
    let script = "printf 'a\\nB\\nX\\nc\\n' >src/main; git add src/main; git commit -qm two; printf 'a\\r\\nx' >crlf; \
                  echo staged >>src/main; git add src/main; touch .git/index.lock";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    let staged = git(&workspace, &["ls-files", "--stage"]);

    // Against the start, not against the last commit; what is staged stays so, and nobody's lock is in the way.
    let number = put(&sandbox, &lines(&sandbox, b"src/main", &[[1, 2, 1, 3]])).await;
    assert_eq!(text(&sandbox, "src/main").as_deref(), Some("a\nb\nc\nstaged\n"));
    assert_eq!(git(&workspace, &["ls-files", "--stage"]), staged);
    let kept = format!("refs/octobot/discarded/{number}");
    assert_eq!(git(&workspace, &["show", &format!("{kept}:src/main")]), "a\nB\nX\nc\nstaged\n");
    assert_eq!(git(&workspace, &["show", "--format=", "--name-only", &kept]), "src/main\n");
    assert_eq!(undo(&sandbox, number).await, StatusCode::NO_CONTENT);
    assert_eq!(text(&sandbox, "src/main").as_deref(), Some("a\nB\nX\nc\nstaged\n"));
    assert_eq!(undo(&sandbox, number).await, StatusCode::CONFLICT);

    // Ends of lines, with filters that would make others of them.
    std::fs::write(workspace.join(".gitattributes"), "* text eol=lf\n").unwrap();
    let number = put(&sandbox, &lines(&sandbox, b"crlf", &[[1, 2, 1, 2]])).await;
    assert_eq!(text(&sandbox, "crlf").as_deref(), Some("a\r\nb\r\n"));
    assert_eq!(undo(&sandbox, number).await, StatusCode::NO_CONTENT);
    assert_eq!(text(&sandbox, "crlf").as_deref(), Some("a\r\nx"));
    let number = put(&sandbox, &lines(&sandbox, b"crlf", &[[1, 3, 2, 2]])).await;
    assert_eq!(text(&sandbox, "crlf").as_deref(), Some("a\r\nx\r\nb\r\nc"));
    std::fs::write(workspace.join("crlf"), "mine\n").unwrap();
    assert_eq!(undo(&sandbox, number).await, StatusCode::CONFLICT);
    assert_eq!(text(&sandbox, "crlf").as_deref(), Some("mine\n"));
    std::fs::remove_file(workspace.join(".git/index.lock")).unwrap();
    git(&workspace, &["fsck", "--strict"]);
}

#[tokio::test]
async fn files_that_came_went_or_moved_go_back_line_by_line() {
    let sandbox = sandbox().await;
    let workspace = sandbox.path("home/workspace");
    let script = "printf '1\\n2\\n' >new; rm -r src; mv -- -odd* moved; echo more >>moved";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);

    // A new file is gone with the last of its lines.
    let first = put(&sandbox, &lines(&sandbox, b"new", &[[0, 0, 0, 1]])).await;
    assert_eq!(text(&sandbox, "new").as_deref(), Some("2\n"));
    let second = put(&sandbox, &lines(&sandbox, b"new", &[[0, 0, 0, 1]])).await;
    assert_eq!(text(&sandbox, "new"), None);
    assert_eq!(undo(&sandbox, first).await, StatusCode::CONFLICT);
    assert_eq!(undo(&sandbox, second).await, StatusCode::NO_CONTENT);
    assert_eq!(undo(&sandbox, first).await, StatusCode::NO_CONTENT);
    assert_eq!(text(&sandbox, "new").as_deref(), Some("1\n2\n"));

    // One that is gone comes back, with its folder and what it may.
    let number = put(&sandbox, &lines(&sandbox, b"src/run", &[[1, 2, 0, 0]])).await;
    assert_eq!(text(&sandbox, "src/run").as_deref(), Some("two\n"));
    assert_eq!(workspace.join("src/run").metadata().unwrap().permissions().mode() & 0o100, 0o100);
    assert_eq!(undo(&sandbox, number).await, StatusCode::NO_CONTENT);
    assert_eq!(text(&sandbox, "src/run"), None);

    // One that was moved stays where it is.
    let request = PutLinesBack { old_path: Some(to_text(ODD)), ..lines(&sandbox, b"moved", &[[1, 1, 1, 2]]) };
    put(&sandbox, &request).await;
    assert_eq!(text(&sandbox, "moved").as_deref(), Some("odd\n"));
    let odd = lines(&sandbox, ODD, &[[0, 1, 0, 0]]);
    let number = put(&sandbox, &odd).await;
    assert_eq!(read(&sandbox, ODD).as_deref(), Some(&b"odd\n"[..]));
    assert_eq!(undo(&sandbox, number).await, StatusCode::NO_CONTENT);
    assert_eq!(read(&sandbox, ODD), None);

    // To what was before a turn.
    assert_eq!(sandbox.run(2, "echo 3 >>new").await.exit_code(), 0);
    let at = turn_ref(sandbox.turn_id(2), TurnSide::Before);
    put(&sandbox, &PutLinesBack { at, ..lines(&sandbox, b"new", &[[2, 2, 2, 3]]) }).await;
    assert_eq!(text(&sandbox, "new").as_deref(), Some("1\n2\n"));
}

#[tokio::test]
async fn a_file_that_is_another_by_now_or_has_no_lines_is_left_alone() {
    let sandbox = sandbox().await;
    let workspace = sandbox.path("home/workspace");
    let script =
        "echo e >>src/main; echo secret >../secret; ln -sfn ../secret link; mkfifo pipe; ln -s .. out; mkdir folder";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    let seen = lines(&sandbox, b"src/main", &[[4, 4, 4, 5]]);
    std::fs::write(workspace.join("src/main"), "a\nb\nc\nd\ne\nf\n").unwrap();
    let (status, detail) = refused(&sandbox, "/discard/lines", &seen).await;
    assert_eq!((status, detail.contains("has changed since it was shown")), (StatusCode::CONFLICT, true), "{detail}");
    assert_eq!(text(&sandbox, "src/main").as_deref(), Some("a\nb\nc\nd\ne\nf\n"));
    let gone = PutLinesBack { state: None, ..seen.clone() };
    assert_eq!(refused(&sandbox, "/discard/lines", &gone).await.0, StatusCode::CONFLICT);

    let of = |path: &str| PutLinesBack { path: path.to_owned(), state: Some(state(b"secret\n")), ..seen.clone() };
    for path in ["link", "out/secret", "../secret", "pipe", "folder", ".git/config", "none", "", "/etc/passwd"] {
        let (status, detail) = refused(&sandbox, "/discard/lines", &of(path)).await;
        assert!(status.is_client_error(), "{path}: {status} {detail}");
    }
    for spans in [&[[0, 9, 0, 1]][..], &[[0, 0, 3, 9]], &[[1, 0, 0, 0]], &[[0, 0, 2, 3], [0, 0, 0, 1]]] {
        let request = lines(&sandbox, b"src/main", spans);
        assert_eq!(refused(&sandbox, "/discard/lines", &request).await.0, StatusCode::BAD_REQUEST, "{spans:?}");
    }
    let unchanged = lines(&sandbox, b"src/main", &[[0, 1, 0, 1]]);
    assert_eq!(refused(&sandbox, "/discard/lines", &unchanged).await.0, StatusCode::CONFLICT);
    let no_commit = PutLinesBack { at: "--help".to_owned(), ..lines(&sandbox, b"src/main", &[[0, 1, 0, 1]]) };
    assert_eq!(refused(&sandbox, "/discard/lines", &no_commit).await.0, StatusCode::NOT_FOUND);
    assert_eq!(std::fs::read_to_string(sandbox.path("home/secret")).unwrap(), "secret\n");
    assert_eq!(git(&workspace, &["for-each-ref", "refs/octobot/discarded"]), "");
}
