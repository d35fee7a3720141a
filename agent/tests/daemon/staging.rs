//! What is staged: telling it, changing it, and committing it.

use hyper::StatusCode;
use octobot_wire::code::repository::{LoggedCommit, MakeCommit, RepositoryState};
use octobot_wire::code::{CommitPart, LineSpan, StageChanges};

use crate::code::{bundle_of, git};
use crate::lines::state;
use crate::repository::{done, refused};
use crate::sandbox::Sandbox;

async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().await;
    let bundle = bundle_of(
        |folder| {
            std::fs::write(folder.join("-file \"\n"), "1\n2\n3\n4\n").unwrap();
            std::fs::write(folder.join("gone"), "g\nh\n").unwrap();
            std::fs::write(folder.join("old"), "a\nb\nc\nd\n").unwrap();
            std::fs::write(folder.join("run"), "run\n").unwrap();
            std::fs::write(folder.join("binary"), b"\0\x01\x02").unwrap();
            std::os::unix::fs::symlink("run", folder.join("link")).unwrap();
        },
        |_| {},
    );
    assert_eq!(sandbox.send("POST", "/code", bundle).await.status(), StatusCode::OK);
    sandbox
}

fn request(is_back: bool, paths: Option<&[&str]>, parts: Vec<CommitPart>) -> StageChanges {
    let paths = paths.map(|paths| paths.iter().map(|path| (*path).to_owned()).collect());
    StageChanges { is_back, paths, parts }
}

fn part(path: &str, base: Option<&str>, now: Option<&str>, spans: &[[u32; 4]]) -> CommitPart {
    let told = |text: Option<&str>| text.map(|text| state(text.as_bytes()));
    let spans = spans.iter().map(|[a, b, c, d]| LineSpan { old: (*a, *b), new: (*c, *d) }).collect();
    CommitPart { path: path.to_owned(), base: told(base), state: told(now), spans }
}

async fn change(sandbox: &Sandbox, request: &StageChanges) {
    let answer = sandbox.send("POST", "/stage", serde_json::to_vec(request).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
}

/// The files of which something is staged, with a mark for all of it.
async fn staged(sandbox: &Sandbox) -> Vec<String> {
    let state: RepositoryState = done(sandbox, "GET", "/repository", &()).await;
    state.staged.iter().map(|file| format!("{}{}", file.path, if file.is_whole { "" } else { " in part" })).collect()
}

#[tokio::test]
async fn files_of_all_kinds_are_staged_and_unstaged() {
    let sandbox = sandbox().await;
    let workspace = sandbox.path("home/workspace");
    let script = "echo two >'-file \"\n'; rm gone; git mv old new; chmod +x run; printf '\\0\\3' >binary; ln -sfn gone link; \
                  echo n >untracked; echo i >intended; git add -N intended; git init -q inner; \
                  git -C inner -c user.name=a -c user.email=b commit -q --allow-empty -m inner; mkdir -p .git/hooks; \
                  printf '#!/bin/sh\\ntouch ../ran; exit 1\\n' >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    let files = || git(&workspace, &["diff", "--cached", "--no-renames", "--name-status"]);
    assert_eq!(staged(&sandbox).await, ["new", "old"]);
    change(&sandbox, &request(true, Some(&["new", "old"]), vec![])).await;
    assert_eq!((staged(&sandbox).await.len(), files().as_str()), (0, ""));
    change(&sandbox, &request(false, Some(&["-file \"\n", "gone", "link", "intended"]), vec![])).await;
    assert_eq!(staged(&sandbox).await, ["-file \"\n", "gone", "intended", "link"]);
    sandbox.run(2, "echo three >>'-file \"\n'").await;
    assert_eq!(staged(&sandbox).await, ["-file \"\n in part", "gone", "intended", "link"]);
    change(&sandbox, &request(false, None, vec![])).await;
    let all = ["-file \"\n", "binary", "gone", "inner", "intended", "link", "new", "old", "run", "untracked"];
    assert_eq!(staged(&sandbox).await, all);
    // Twice is as good as once.
    change(&sandbox, &request(false, Some(&["gone", "run"]), vec![])).await;
    change(&sandbox, &request(true, Some(&["inner", "untracked", "gone"]), vec![])).await;
    assert_eq!(
        files(),
        "M\t\"-file \\\"\\n\"\nM\tbinary\nA\tintended\nT\tlink\nA\tnew\nD\told\nM\trun\n".replace("T\tlink", "M\tlink")
    );
    let request_of_staged = MakeCommit { message: "Staged".to_owned(), paths: None, parts: vec![], staged: true };
    let made: LoggedCommit = done(&sandbox, "POST", "/commit", &request_of_staged).await;
    assert_eq!(made.subject, "Staged");
    assert_eq!(git(&workspace, &["status", "--short"]), " D gone\n?? inner/\n?? untracked\n");
    let (status, detail) = refused(&sandbox, "/commit", &request_of_staged).await;
    assert_eq!((status, detail.starts_with("there is nothing to commit")), (StatusCode::CONFLICT, true), "{detail}");
    let both = MakeCommit { paths: Some(vec!["gone".to_owned()]), ..request_of_staged };
    assert_eq!(refused(&sandbox, "/commit", &both).await.0, StatusCode::BAD_REQUEST);
    assert!(!sandbox.path("home/ran").exists());
    git(&workspace, &["fsck", "--strict"]);
}

#[tokio::test]
async fn lines_are_staged_and_unstaged_and_the_others_stay() {
    let sandbox = sandbox().await;
    let workspace = sandbox.path("home/workspace");
    let script = "printf 'one\\n2\\n3\\n4\\n5\\n' >'-file \"\n'; chmod +x '-file \"\n'; printf 'x\\ny' >fresh; rm gone";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    let name = "-file \"\n";
    let (was, now) = ("1\n2\n3\n4\n", "one\n2\n3\n4\n5\n");
    let in_index = |path: &str| git(&workspace, &["show", &format!(":{path}")]);
    change(&sandbox, &request(false, None, vec![part(name, Some(was), Some(now), &[[4, 4, 4, 5]])])).await;
    assert_eq!((in_index(name).as_str(), staged(&sandbox).await), ("1\n2\n3\n4\n5\n", vec![format!("{name} in part")]));
    // The rest, over what is staged; and some of that back.
    let half = "1\n2\n3\n4\n5\n";
    change(&sandbox, &request(false, None, vec![part(name, Some(half), Some(now), &[[0, 1, 0, 1]])])).await;
    assert_eq!(in_index(name), now);
    change(&sandbox, &request(true, None, vec![part(name, Some(was), Some(now), &[[4, 4, 4, 5]])])).await;
    assert_eq!(in_index(name), "one\n2\n3\n4\n");
    assert_eq!(git(&workspace, &["ls-files", "--stage", "--", name]).split(' ').next(), Some("100644"));
    // Files that are new or gone.
    let fresh = part("fresh", None, Some("x\ny"), &[[0, 0, 0, 1]]);
    let gone = part("gone", Some("g\nh\n"), None, &[[0, 1, 0, 0]]);
    change(&sandbox, &request(false, None, vec![fresh, gone])).await;
    assert_eq!((in_index("fresh").as_str(), in_index("gone").as_str()), ("x\n", "h\n"));
    let gone = part("gone", Some("h\n"), None, &[[0, 1, 0, 0]]);
    let fresh = part("fresh", None, Some("x\n"), &[[0, 0, 0, 1]]);
    change(&sandbox, &request(false, None, vec![gone])).await;
    change(&sandbox, &request(true, None, vec![fresh])).await;
    assert_eq!(git(&workspace, &["ls-files", "fresh", "gone"]), "");
    assert_eq!(std::fs::read_to_string(workspace.join("fresh")).unwrap(), "x\ny");

    let cases = [
        (part(name, Some(was), Some(now), &[[0, 1, 0, 1]]), "has changed since it was shown"),
        (part("binary", None, None, &[]), "has changed since it was shown"),
        (part("link", Some("run"), Some("run"), &[]), "as a whole"),
        (part("../token", None, None, &[]), ""),
        (part(".git/config", None, None, &[]), ""),
        (part("none", None, None, &[[0, 0, 0, 0]]), "no changes"),
    ];
    let before = git(&workspace, &["ls-files", "--stage"]);
    for (part, told) in cases {
        let path = part.path.clone();
        let (status, detail) = refused(&sandbox, "/stage", &request(false, None, vec![part])).await;
        assert!(status.is_client_error() && detail.contains(told), "{path}: {status} {detail}");
    }
    assert_eq!(git(&workspace, &["ls-files", "--stage"]), before);
}

#[tokio::test]
async fn before_the_first_commit_and_in_the_midst_of_something_it_is_clear_what_to_do() {
    let sandbox = sandbox().await;
    let workspace = sandbox.path("home/workspace");
    let script = "git checkout -q --orphan first; git rm -rqf --cached .; echo new >run; git add run";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    assert_eq!(staged(&sandbox).await, ["run"]);
    let lines = part("run", None, Some("new\n"), &[[0, 0, 0, 1]]);
    change(&sandbox, &request(true, None, vec![lines])).await;
    change(&sandbox, &request(false, Some(&["run", "link"]), vec![])).await;
    change(&sandbox, &request(true, Some(&["run"]), vec![])).await;
    assert_eq!(staged(&sandbox).await, ["link"]);
    assert_eq!(sandbox.run(2, "git checkout -qf octobot").await.exit_code(), 0);

    let script = "git checkout -qb other; echo a >run; git commit -qam a; git checkout -q octobot; echo b >run; git commit -qam b; \
                  git merge -q other; true";
    assert_eq!(sandbox.run(3, script).await.exit_code(), 0);
    let (status, detail) = refused(&sandbox, "/stage", &request(false, None, vec![])).await;
    assert_eq!((status, detail.starts_with("a merge is in progress")), (StatusCode::CONFLICT, true), "{detail}");
    sandbox
        .run(4, "git merge --abort; echo c >run; git stash -q; echo d >run; git commit -qam d; git stash pop; true")
        .await;
    let (status, detail) = refused(&sandbox, "/stage", &request(false, Some(&["run"]), vec![])).await;
    assert_eq!((status, detail.starts_with("run is in conflict")), (StatusCode::CONFLICT, true), "{detail}");
    // Nor are some of its lines, which would settle it.
    let conflict = std::fs::read_to_string(workspace.join("run")).unwrap();
    let lines = part("run", None, Some(&conflict), &[[0, 0, 0, 1]]);
    for is_back in [false, true] {
        let (status, detail) = refused(&sandbox, "/stage", &request(is_back, None, vec![lines.clone()])).await;
        assert_eq!((status, detail.starts_with("run is in conflict")), (StatusCode::CONFLICT, true), "{detail}");
    }
    assert!(git(&workspace, &["status", "--porcelain"]).contains("UU run"));
    sandbox.run(5, "git reset -q --hard; echo e >run; touch .git/index.lock").await;
    let (status, detail) = refused(&sandbox, "/stage", &request(false, None, vec![])).await;
    assert_eq!((status, detail.contains("remove .git/index.lock")), (StatusCode::CONFLICT, true), "{detail}");
    std::fs::remove_file(workspace.join(".git/index.lock")).unwrap();
    for path in ["none", "../token", ""] {
        let refused = refused(&sandbox, "/stage", &request(false, Some(&[path]), vec![])).await;
        assert_eq!(refused.0, StatusCode::CONFLICT, "{path}");
    }
    assert_eq!(refused(&sandbox, "/stage", &request(false, Some(&[]), vec![])).await.0, StatusCode::BAD_REQUEST);
    // A commit isn't needed to have a branch.
    sandbox.run(6, "git checkout -q --detach").await;
    change(&sandbox, &request(false, None, vec![])).await;
    assert_eq!(staged(&sandbox).await, ["run"]);
}
