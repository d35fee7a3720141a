//! Committing some of the changes of files.

use hyper::StatusCode;
use octobot_wire::code::repository::{LoggedCommit, MakeCommit};
use octobot_wire::code::{CommitPart, LineSpan};

use crate::code::{bundle_of, git};
use crate::lines::state;
use crate::repository::{done, refused};
use crate::sandbox::Sandbox;

async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().await;
    let bundle = bundle_of(
        |folder| {
            std::fs::write(folder.join("-file \"\n"), "1\n2\n3\n4\n").unwrap();
            std::fs::write(folder.join("other"), "o\n").unwrap();
            std::fs::write(folder.join("gone"), "g\nh\n").unwrap();
            std::fs::write(folder.join("crlf"), "a\nb\n").unwrap();
        },
        |_| {},
    );
    assert_eq!(sandbox.send("POST", "/code", bundle).await.status(), StatusCode::OK);
    sandbox
}

/// Some changes of a file between two states.
fn part(path: &str, base: Option<&str>, now: Option<&str>, spans: &[[u32; 4]]) -> CommitPart {
    let told = |text: Option<&str>| text.map(|text| state(text.as_bytes()));
    let spans = spans.iter().map(|[a, b, c, d]| LineSpan { old: (*a, *b), new: (*c, *d) }).collect();
    CommitPart { path: path.to_owned(), base: told(base), state: told(now), spans }
}

fn commit(message: &str, paths: Option<&[&str]>, parts: Vec<CommitPart>) -> MakeCommit {
    let paths = paths.map(|paths| paths.iter().map(|path| (*path).to_owned()).collect());
    MakeCommit { message: message.to_owned(), paths, parts, staged: false }
}

#[tokio::test]
async fn chosen_changes_are_committed_and_the_others_stay() {
    let sandbox = sandbox().await;
    let workspace = sandbox.path("home/workspace");
    let script = "printf '1\\ntwo\\n3\\n4\\n5\\n' >'-file \"\n'; echo new >>other; printf 'x\\ny' >fresh; rm gone; \
                  echo staged >staged; git add staged; mkdir -p .git/hooks; printf '#!/bin/sh\\nexit 1\\n' >.git/hooks/pre-commit; \
                  chmod +x .git/hooks/pre-commit";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    let file = part("-file \"\n", Some("1\n2\n3\n4\n"), Some("1\ntwo\n3\n4\n5\n"), &[[4, 4, 4, 5]]);
    let fresh = part("fresh", None, Some("x\ny"), &[[0, 0, 0, 1]]);
    let gone = part("gone", Some("g\nh\n"), None, &[[0, 1, 0, 0]]);
    let request = commit("Some", Some(&["other"]), vec![file, fresh, gone]);
    let made: LoggedCommit = done(&sandbox, "POST", "/commit", &request).await;
    assert_eq!(made.subject, "Some");
    let show = |path: &str| git(&workspace, &["show", &format!("HEAD:{path}")]);
    assert_eq!((show("-file \"\n").as_str(), show("other").as_str()), ("1\n2\n3\n4\n5\n", "o\nnew\n"));
    assert_eq!((show("fresh").as_str(), show("gone").as_str()), ("x\n", "h\n"));
    assert_eq!(std::fs::read_to_string(workspace.join("fresh")).unwrap(), "x\ny");
    assert_eq!(
        git(&workspace, &["status", "--short", "-z"]).split('\0').collect::<Vec<_>>(),
        [" M -file \"\n", " M fresh", " D gone", "A  staged", ""]
    );
    // The rest of a file that is gone, and of one that is there.
    let gone = part("gone", Some("h\n"), None, &[[0, 1, 0, 0]]);
    let _: LoggedCommit = done(&sandbox, "POST", "/commit", &commit("Rest", None, vec![gone])).await;
    assert_eq!(git(&workspace, &["ls-files", "gone"]), "");
    let request = commit("Nothing", None, vec![part("fresh", Some("x\n"), Some("x\ny"), &[])]);
    let (status, detail) = refused(&sandbox, "/commit", &request).await;
    assert_eq!((status, detail.starts_with("there is nothing to commit")), (StatusCode::CONFLICT, true), "{detail}");
    git(&workspace, &["fsck", "--strict"]);
}

#[tokio::test]
async fn what_cant_be_committed_in_part_is_refused_and_stays() {
    let sandbox = sandbox().await;
    let workspace = sandbox.path("home/workspace");
    let script = "echo staged >>other; git add other; echo more >>other; ln -sfn other gone; \
                  echo '* text=auto' >.gitattributes; printf 'a\\r\\nb\\r\\nc\\r\\n' >crlf; mkfifo pipe; ln -s .. out";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    let before = git(&workspace, &["status", "--short"]);
    let cases = [
        (part("other", Some("o\n"), Some("o\nstaged\nmore\n"), &[[1, 1, 2, 3]]), "staged changes"),
        (part("gone", Some("g\nh\n"), Some("other"), &[[0, 1, 0, 1]]), "as a whole"),
        (part("crlf", Some("a\nb\n"), Some("a\r\nb\r\nc\r\n"), &[[2, 2, 2, 3]]), "as a whole"),
        (part("crlf", Some("a\nb\n"), Some("a\n"), &[[1, 1, 1, 1]]), "has changed since it was shown"),
        (part("crlf", Some("x\n"), Some("a\r\nb\r\nc\r\n"), &[[1, 1, 2, 3]]), "has changed since it was shown"),
        (part("pipe", None, None, &[[0, 0, 0, 0]]), ""),
        (part("../token", None, None, &[[0, 0, 0, 0]]), ""),
        (part("out/token", None, Some("x"), &[[0, 0, 0, 1]]), ""),
    ];
    for (part, told) in cases {
        let path = part.path.clone();
        let (status, detail) = refused(&sandbox, "/commit", &commit("x", None, vec![part])).await;
        assert!(status.is_client_error() && detail.contains(told), "{path}: {status} {detail}");
    }
    assert_eq!(git(&workspace, &["status", "--short"]), before);
    assert_eq!(git(&workspace, &["log", "--format=%s"]), "one\n");
}

#[tokio::test]
async fn nothing_is_committed_while_another_git_holds_the_index_and_what_is_only_intended_is_committed() {
    let sandbox = sandbox().await;
    let workspace = sandbox.path("home/workspace");
    let script = "printf 'a\nb\n' >intended; git add -N intended; touch .git/index.lock";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    let request = commit("x", None, vec![part("intended", None, Some("a\nb\n"), &[[0, 0, 0, 1]])]);
    let (status, detail) = refused(&sandbox, "/commit", &request).await;
    assert!(status == StatusCode::CONFLICT && detail.contains("index.lock"), "{status} {detail}");
    assert_eq!(git(&workspace, &["log", "--format=%s"]), "one\n");
    std::fs::remove_file(workspace.join(".git/index.lock")).unwrap();
    let _made: LoggedCommit = done(&sandbox, "POST", "/commit", &request).await;
    assert_eq!(git(&workspace, &["show", "HEAD:intended"]), "a\n");
    assert_eq!(git(&workspace, &["diff", "--cached"]), "");
}
