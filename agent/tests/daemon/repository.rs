//! Committing, discarding and the log, for people.

use std::path::Path;

use hyper::StatusCode;
use octobot_wire::code::repository::{
    CommitPage, DiscardChanges, Discarded, LoggedCommit, MakeCommit, RepositoryState,
};
use octobot_wire::daemon::DaemonProblem;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::code::{bundle_of, git};
use crate::sandbox::{Sandbox, read};

/// A sandbox with a repository of some files, one of them not committed.
async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().await;
    let bundle = bundle_of(
        |folder| {
            std::fs::create_dir(folder.join("src")).unwrap();
            std::fs::write(folder.join(".gitignore"), "*.log\n").unwrap();
            std::fs::write(folder.join("src/main"), "one\n").unwrap();
            std::fs::write(folder.join("gone"), "gone\n").unwrap();
            std::fs::write(folder.join("run"), "run\n").unwrap();
        },
        |folder| std::fs::write(folder.join("uncommitted"), "mine\n").unwrap(),
    );
    assert_eq!(sandbox.send("POST", "/code", bundle).await.status(), StatusCode::OK);
    sandbox
}

/// What is answered to a request that succeeds.
pub async fn done<T: DeserializeOwned>(sandbox: &Sandbox, method: &str, path: &str, body: &impl Serialize) -> T {
    let (status, answer) = sandbox.ask::<serde_json::Value>(method, path, body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    serde_json::from_value(answer).unwrap()
}

/// How a request is refused.
pub async fn refused(sandbox: &Sandbox, path: &str, body: &impl Serialize) -> (StatusCode, String) {
    let (status, problem) = sandbox.ask::<DaemonProblem>("POST", path, body).await;
    (status, problem.detail)
}

fn commit(message: &str, paths: Option<&[&str]>) -> MakeCommit {
    let paths = paths.map(|paths| paths.iter().map(|path| (*path).to_owned()).collect());
    MakeCommit { message: message.to_owned(), paths, parts: Vec::new(), staged: false }
}

fn discard(paths: &[&str]) -> DiscardChanges {
    DiscardChanges { paths: paths.iter().map(|path| (*path).to_owned()).collect() }
}

async fn state(sandbox: &Sandbox) -> RepositoryState {
    done(sandbox, "GET", "/repository", &()).await
}

#[tokio::test]
async fn whether_a_commit_is_in_the_session_is_told() {
    let sandbox = sandbox().await;
    let head = state(&sandbox).await;
    assert_eq!(head.has_asked, None);
    let head = head.commit.unwrap();
    assert_eq!(sandbox.run(1, "git add -A; git commit -qm mine").await.exit_code(), 0);
    let has = async |commit: &str| {
        done::<RepositoryState>(&sandbox, "GET", &format!("/repository?has={commit}"), &()).await.has_asked
    };
    assert_eq!(has(&head).await, Some(true));
    assert_eq!(has(&"0".repeat(40)).await, Some(false));
    assert_eq!(has("--all").await, Some(false));
    assert_eq!(
        sandbox.run(2, &format!("git reset -q --hard {head}; git commit -q --allow-empty -m other")).await.exit_code(),
        0
    );
    let other = state(&sandbox).await.commit.unwrap();
    assert_eq!(sandbox.run(3, &format!("git reset -q --hard {head}")).await.exit_code(), 0);
    assert_eq!(has(&other).await, Some(false));
}

/// Brings back what was discarded.
pub async fn undo(sandbox: &Sandbox, number: u32) -> StatusCode {
    sandbox.send("POST", &format!("/discard/{number}/undo"), Vec::new()).await.status()
}

fn text(workspace: &Path, name: &str) -> Option<String> {
    std::fs::read_to_string(workspace.join(name)).ok()
}

#[tokio::test]
async fn all_changes_or_those_of_some_files_are_committed() {
    let sandbox = sandbox().await;
    let workspace = sandbox.path("home/workspace");
    // What a hook, a signer or an editor would do isn't done.
    let script = "printf '#!/bin/sh\\nexit 1\\n' >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; git config commit.gpgSign true; \
                  git config gpg.program false; git config core.editor false; git config core.hooksPath .git/hooks; \
                  echo two >src/main; rm gone; chmod +x run; echo new >'-new \"quoted\"'; echo x >a.log; echo staged >staged; git add staged";
    std::fs::create_dir_all(workspace.join(".git/hooks")).unwrap();
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    let standing = state(&sandbox).await;
    let uncommitted = ["-new \"quoted\"", "gone", "run", "src/main", "staged", "uncommitted"];
    assert_eq!(standing.uncommitted, uncommitted);
    assert_eq!((standing.branch.as_deref(), standing.obstacle), (Some("octobot"), None));

    let some = commit("--amend \"it\"\n\nIt's\n# a body", Some(&["-new \"quoted\"", "gone"]));
    let made: LoggedCommit = done(&sandbox, "POST", "/commit", &some).await;
    assert_eq!((made.subject.as_str(), made.body.as_str()), ("--amend \"it\"", "It's\n# a body"));
    assert_eq!((made.author.as_str(), made.is_new), ("Octobot", true));
    assert_eq!(git(&workspace, &["show", "--format=", "--name-status"]), "A\t\"-new \\\"quoted\\\"\"\nD\tgone\n");
    // What else was staged stays so.
    assert_eq!(git(&workspace, &["status", "--short"]), " M run\n M src/main\nA  staged\n?? uncommitted\n");

    sandbox.run(2, "git config user.name 'A Person'; git config user.email person@host").await;
    let made: LoggedCommit = done(&sandbox, "POST", "/commit", &commit("All", None)).await;
    assert_eq!(made.author, "A Person");
    assert_eq!(git(&workspace, &["status", "--short"]), "");
    assert_eq!(git(&workspace, &["rev-parse", "octobot"]).trim(), made.id);
    assert_eq!(state(&sandbox).await.uncommitted, [""; 0]);
    git(&workspace, &["fsck", "--strict"]);

    let (status, detail) = refused(&sandbox, "/commit", &commit("Again", None)).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(detail.starts_with("there is nothing to commit"), "{detail}");
    for path in ["run", "../token", "none", ""] {
        assert_eq!(refused(&sandbox, "/commit", &commit("x", Some(&[path]))).await.0, StatusCode::CONFLICT, "{path}");
    }
    for message in ["", " \n\t", "a\0b", &"x".repeat(70_000)] {
        assert_eq!(refused(&sandbox, "/commit", &commit(message, None)).await.0, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn what_has_to_be_settled_first_is_told() {
    let sandbox = sandbox().await;
    let cases = [
        ("touch .git/index.lock", "another git command", "rm .git/index.lock"),
        ("git checkout -q --detach", "no branch", "git checkout -q octobot"),
        (
            "git checkout -qb other; echo 1 >gone; git commit -qam 1; git checkout -q octobot; echo 2 >gone; git commit -qam 2; \
             git merge -q other; true",
            "a merge is in progress",
            "git merge --abort",
        ),
        ("git cherry-pick other; true", "a cherry-pick is in progress", "git cherry-pick --abort"),
        ("git rebase -q other; true", "a rebase is in progress", "git rebase --abort"),
        (
            "echo 3 >gone; git stash -q; echo 4 >gone; git commit -qam 4; git stash pop; true",
            "gone is in conflict",
            "git checkout -qf HEAD",
        ),
    ];
    for (number, (begin, told, end)) in (1..).zip(cases) {
        assert_eq!(sandbox.run(2 * number, begin).await.exit_code(), 0, "{begin}");
        let (status, detail) = refused(&sandbox, "/commit", &commit("x", None)).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert!(detail.starts_with(told), "{begin}: {detail}");
        assert_eq!(sandbox.run(2 * number + 1, end).await.exit_code(), 0, "{end}");
    }
    let made: LoggedCommit = done(&sandbox, "POST", "/commit", &commit("x", None)).await;
    assert_eq!(made.subject, "x");
}

#[tokio::test]
async fn the_log_has_the_commits_of_the_session_first() {
    let sandbox = sandbox().await;
    let script = "git config log.showSignature true; git config gpg.program false; \
                  for i in 1 2 3; do echo $i >src/main; git commit -qam \"number $i\" -m body; done";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    let told = async |query: &str| {
        let page: CommitPage = done(&sandbox, "GET", &format!("/log{query}"), &()).await;
        let commits = page.commits.into_iter().map(|commit| format!("{} {}", commit.subject, commit.is_new));
        (commits.collect::<Vec<_>>(), page.has_more)
    };
    let all = ["number 3 true", "number 2 true", "number 1 true", "one false"].map(str::to_owned).to_vec();
    assert_eq!(told("").await, (all.clone(), false));
    assert_eq!(told("?from=1&count=2").await, (all[1..3].to_vec(), true));
    assert_eq!(told("?from=3").await, (all[3..].to_vec(), false));
    assert_eq!(told("?from=9").await, (vec![], false));
    // What was fetched isn't of the session, but for branches that sessions are pushed to.
    let script = "commit() { git commit-tree 'HEAD^{tree}' -p \"$2\" -m \"$1\"; }; \
                  theirs=$(commit more $(commit theirs HEAD~3)); git update-ref refs/remotes/origin/theirs $theirs; \
                  git merge -q -m merged $theirs; git update-ref refs/remotes/origin/octobot/mine HEAD";
    assert_eq!(sandbox.run(10, script).await.exit_code(), 0);
    let (commits, has_more) = told("").await;
    assert_eq!(commits[..4], ["merged true", "number 3 true", "number 2 true", "number 1 true"]);
    let mut older = commits[4..].to_vec();
    older.sort_unstable();
    assert_eq!(
        (older.as_slice(), has_more),
        (["more false", "one false", "theirs false"].map(str::to_owned).as_slice(), false)
    );
    assert_eq!(told("?from=3&count=2").await, (commits[3..5].to_vec(), true));
    assert_eq!(told("?from=6").await, (commits[6..].to_vec(), false));
    // With nothing of the session's own.
    assert_eq!(sandbox.run(11, "git checkout -q --detach refs/remotes/origin/theirs").await.exit_code(), 0);
    assert_eq!(told("").await, (["more false", "theirs false", "one false"].map(str::to_owned).to_vec(), false));
    // Older than what it started with, and beside it.
    sandbox.run(12, "git checkout -q --orphan alone; git commit -qm alone").await;
    assert_eq!(told("").await, (vec!["alone true".to_owned()], false));
    sandbox.run(13, "git symbolic-ref HEAD refs/heads/unborn").await;
    assert_eq!(told("").await, (vec![], false));
    assert_eq!(sandbox.send("GET", "/log?from=x", Vec::new()).await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_is_discarded_is_kept_and_comes_back() {
    let sandbox = sandbox().await;
    let workspace = sandbox.path("home/workspace");
    let script = "echo two >src/main; rm gone; chmod +x run; mkdir -p a/b; echo deep >a/b/deep; ln -s /etc/passwd link; \
                  git add link; echo staged >staged; git add staged; rm staged; git rm -q --cached run";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    let changed = ["a/b/deep", "gone", "link", "run", "src/main", "staged"];
    let before = git(&workspace, &["stash", "create"]);
    assert!(!before.is_empty());
    let Discarded { number } = done(&sandbox, "POST", "/discard", &discard(&changed)).await;
    assert_eq!(git(&workspace, &["status", "--short"]), "?? uncommitted\n");
    assert_eq!(
        (text(&workspace, "src/main").as_deref(), text(&workspace, "gone").as_deref()),
        (Some("one\n"), Some("gone\n"))
    );
    assert!(!workspace.join("a").exists() && workspace.join("link").symlink_metadata().is_err());
    let kept = format!("refs/octobot/discarded/{number}");
    assert_eq!(git(&workspace, &["show", &format!("{kept}:a/b/deep")]), "deep\n");

    assert_eq!(undo(&sandbox, number).await, StatusCode::NO_CONTENT);
    assert_eq!((text(&workspace, "src/main").as_deref(), text(&workspace, "gone")), (Some("two\n"), None));
    assert_eq!(text(&workspace, "a/b/deep").as_deref(), Some("deep\n"));
    assert_eq!(std::fs::read_link(workspace.join("link")).unwrap(), Path::new("/etc/passwd"));
    assert_eq!(git(&workspace, &["diff", "--summary", "--", "run"]), " mode change 100644 => 100755 run\n");
    assert_eq!(undo(&sandbox, number).await, StatusCode::CONFLICT);
    assert_eq!(undo(&sandbox, 9).await, StatusCode::NOT_FOUND);

    // The next has a number of its own, and doesn't come back over what was written since.
    let next: Discarded = done(&sandbox, "POST", "/discard", &discard(&["src/main", "a/b/deep"])).await;
    assert_eq!(next.number, number + 1);
    std::fs::write(workspace.join("a"), "in the place of the folder\n").unwrap();
    assert_eq!(undo(&sandbox, next.number).await, StatusCode::CONFLICT);
    std::fs::remove_file(workspace.join("a")).unwrap();
    std::fs::write(workspace.join("src/main"), "three\n").unwrap();
    assert_eq!(undo(&sandbox, next.number).await, StatusCode::CONFLICT);
    assert_eq!(text(&workspace, "src/main").as_deref(), Some("three\n"));
}

#[tokio::test]
async fn nothing_is_discarded_that_cant_be_kept() {
    let sandbox = sandbox().await;
    let workspace = sandbox.path("home/workspace");
    let script = "git init -q inner && echo i >inner/file; mkdir ../out; echo secret >../out/main; rm -r src; ln -s ../out src; \
                  rm gone; mkdir gone; echo x >gone/a.log; rm run; mkfifo run";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    for path in ["inner", "src/main", "gone", "run"] {
        let (status, detail) = refused(&sandbox, "/discard", &discard(&[path])).await;
        assert_eq!(status, StatusCode::CONFLICT, "{path}: {detail}");
    }
    for path in ["../token", "none", ".git/config", "gone/a.log"] {
        assert_eq!(refused(&sandbox, "/discard", &discard(&[path])).await.0, StatusCode::CONFLICT, "{path}");
    }
    assert_eq!(refused(&sandbox, "/discard", &discard(&[])).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(text(&workspace, "gone/a.log").as_deref(), Some("x\n"));
    // With the link that stands in the folder's place.
    let Discarded { number } = done(&sandbox, "POST", "/discard", &discard(&["src", "src/main"])).await;
    assert_eq!(text(&workspace, "src/main").as_deref(), Some("one\n"));
    assert_eq!(text(&workspace, "../out/main").as_deref(), Some("secret\n"));
    assert_eq!(undo(&sandbox, number).await, StatusCode::NO_CONTENT);
    assert_eq!(std::fs::read_link(workspace.join("src")).unwrap(), Path::new("../out"));
}

#[tokio::test]
async fn a_repository_without_a_commit_gets_its_first() {
    let sandbox = Sandbox::start().await;
    let (status, _) = refused(&sandbox, "/commit", &commit("x", None)).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let folder = tempfile::TempDir::new().unwrap();
    git(folder.path(), &["init", "-q"]);
    std::fs::write(folder.path().join("a"), "a\n").unwrap();
    std::fs::write(folder.path().join("b"), "b\n").unwrap();
    git(folder.path(), &["add", "."]);
    let tree = git(folder.path(), &["write-tree"]);
    let made = git(folder.path(), &["commit-tree", "-m", "tree", tree.trim()]);
    git(folder.path(), &["update-ref", octobot_wire::daemon::BUNDLE_TREE_REF, made.trim()]);
    git(folder.path(), &["bundle", "create", "-q", ".git/bundle", octobot_wire::daemon::BUNDLE_TREE_REF]);
    let bundle = std::fs::read(folder.path().join(".git/bundle")).unwrap();
    let _: (StatusCode, serde_json::Value) = read(sandbox.send("POST", "/code", bundle).await).await;

    let workspace = sandbox.path("home/workspace");
    assert_eq!(state(&sandbox).await.uncommitted, ["a", "b"]);
    let Discarded { number } = done(&sandbox, "POST", "/discard", &discard(&["a"])).await;
    assert_eq!(text(&workspace, "a"), None);
    assert_eq!(undo(&sandbox, number).await, StatusCode::NO_CONTENT);
    assert_eq!(text(&workspace, "a").as_deref(), Some("a\n"));
    let made: LoggedCommit = done(&sandbox, "POST", "/commit", &commit("First", Some(&["a"]))).await;
    assert_eq!(git(&workspace, &["log", "--format=%H %s"]), format!("{} First\n", made.id));
    assert_eq!(state(&sandbox).await.uncommitted, ["b"]);
}
