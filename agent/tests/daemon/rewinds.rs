//! What a turn changed, and putting files back to what they were before it.

use std::path::Path;

use hyper::StatusCode;
use octobot_wire::code::{ChangeKind, Changes, Rewound};
use octobot_wire::daemon::{DaemonProblem, TurnSide, turn_ref};

use crate::code::{bundle_of, git};
use crate::sandbox::Sandbox;

/// A sandbox with a repository of two files, one with a change that isn't committed.
async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().await;
    let bundle = bundle_of(
        |folder| {
            std::fs::write(folder.join(".gitignore"), "ignored\n").unwrap();
            std::fs::write(folder.join("a"), "a\n").unwrap();
            std::fs::write(folder.join("b"), "b\n").unwrap();
        },
        |folder| std::fs::write(folder.join("b"), "b\nmine\n").unwrap(),
    );
    assert_eq!(sandbox.send("POST", "/code", bundle).await.status(), StatusCode::OK);
    sandbox
}

async fn run(sandbox: &Sandbox, number: u32, script: &str) {
    assert_eq!(sandbox.run(number, script).await.exit_code(), 0, "{script}");
}

async fn changes_of(sandbox: &Sandbox, number: u32) -> Changes {
    let (status, changes) = sandbox.ask("GET", &format!("/turns/{}/changes", sandbox.turn_id(number)), &()).await;
    assert_eq!(status, StatusCode::OK);
    changes
}

fn told(changes: &Changes) -> Vec<(ChangeKind, &str)> {
    changes.files.iter().map(|file| (file.change, file.path.as_str())).collect()
}

async fn rewind(sandbox: &Sandbox, number: u32) -> Rewound {
    let (status, rewound) = sandbox.ask("POST", &format!("/turns/{}/rewind", sandbox.turn_id(number)), &()).await;
    assert_eq!(status, StatusCode::OK);
    rewound
}

async fn undo(sandbox: &Sandbox, rewound: Rewound) -> Rewound {
    let (status, undone) = sandbox.ask("POST", &format!("/rewinds/{}/undo", rewound.number), &()).await;
    assert_eq!(status, StatusCode::OK);
    undone
}

/// All files of the workspace but git's own, with what is in them.
fn files(sandbox: &Sandbox) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![sandbox.path("home/workspace")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.file_name() != ".git")
        {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(sandbox.path("home/workspace")).unwrap().display().to_string();
                let content = std::fs::read_link(entry.path()).map(|target| format!("-> {}", target.display()));
                found.push((name, content.unwrap_or_else(|_| std::fs::read_to_string(entry.path()).unwrap())));
            }
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn each_turn_has_changed_what_it_changed_and_no_more() {
    let sandbox = sandbox().await;
    run(&sandbox, 1, "echo one >>a; mkdir -p new; echo new >new/file; echo x >ignored").await;
    let workspace = sandbox.path("home/workspace");
    // Somebody else's work between two turns is nobody's turn.
    std::fs::write(workspace.join("between"), "me\n").unwrap();
    run(&sandbox, 2, "git mv a moved; rm b; git commit -qam two; ln -s /etc/passwd link").await;
    run(&sandbox, 3, "true").await;
    let first = changes_of(&sandbox, 1).await;
    assert_eq!(told(&first), [(ChangeKind::Modified, "a"), (ChangeKind::Added, "new/file")]);
    assert_eq!((first.lines.added, first.lines.removed, first.is_watched), (2, 0, true));
    let second = changes_of(&sandbox, 2).await;
    let expected = [(ChangeKind::Removed, "b"), (ChangeKind::Added, "link"), (ChangeKind::Renamed, "moved")];
    assert_eq!(told(&second), expected);
    assert_eq!(told(&changes_of(&sandbox, 3).await), []);
    let before = turn_ref(sandbox.turn_id(2), TurnSide::Before);
    let content = sandbox.send("GET", &format!("/content?path=a&at={before}"), Vec::new()).await;
    assert_eq!(content.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_turn_that_runs_has_changed_what_differs_by_now() {
    let sandbox = sandbox().await;
    sandbox.deliver(1, "", "echo one >>a; mkfifo pipe; echo ready; cat pipe >>b").await;
    let mut events = sandbox.follow(0).await;
    events.printed("ready\n").await;
    assert_eq!(told(&changes_of(&sandbox, 1).await), [(ChangeKind::Modified, "a")]);
    let (status, problem) =
        sandbox.ask::<DaemonProblem>("POST", &format!("/turns/{}/rewind", sandbox.turn_id(1)), &()).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem:?}");
    std::fs::write(sandbox.path("home/workspace").join("pipe"), "two\n").unwrap();
    events.ran().await;
    assert_eq!(told(&changes_of(&sandbox, 1).await), [(ChangeKind::Modified, "a"), (ChangeKind::Modified, "b")]);
}

#[tokio::test]
async fn files_branch_and_index_go_back_to_before_a_turn_and_forth_again() {
    let sandbox = sandbox().await;
    let workspace = sandbox.path("home/workspace");
    let at_first = files(&sandbox);
    let head = git(&workspace, &["rev-parse", "HEAD"]);
    run(
        &sandbox,
        1,
        "rm a; mkdir a; echo in >a/in; echo new >new; git add -A; git commit -qm one; git checkout -qb other",
    )
    .await;
    run(&sandbox, 2, "echo x >ignored; echo more >>new; git add new; echo most >>new; rm -r a; ln -s new a").await;
    let at_last = files(&sandbox);
    let staged = git(&workspace, &["diff", "--cached"]);
    assert!(staged.contains("+more") && !staged.contains("+most"), "{staged}");
    let (last_head, last_branch) =
        (git(&workspace, &["rev-parse", "HEAD"]), git(&workspace, &["branch", "--show-current"]));

    let once = rewind(&sandbox, 2).await;
    assert_eq!(once.files, 3);
    assert_eq!(git(&workspace, &["diff", "--cached"]), "");
    // To ask again, as when the answer was lost, is no step further.
    assert_eq!((rewind(&sandbox, 2).await.number, rewind(&sandbox, 2).await.files), (once.number, 0));
    assert_eq!(git(&workspace, &["rev-parse", "HEAD"]), last_head);
    let twice = rewind(&sandbox, 1).await;
    let ignored = ("ignored".to_owned(), "x\n".to_owned());
    let mut expected = at_first.clone();
    expected.push(ignored);
    expected.sort();
    assert_eq!(files(&sandbox), expected, "what git ignores stays");
    assert_eq!(git(&workspace, &["rev-parse", "HEAD"]), head);
    assert_eq!(git(&workspace, &["branch", "--show-current"]), "octobot\n");
    assert_eq!(git(&workspace, &["status", "--porcelain"]), " M b\n");

    assert_ne!(undo(&sandbox, twice).await.number, twice.number);
    undo(&sandbox, once).await;
    assert_eq!(files(&sandbox), at_last);
    assert_eq!(git(&workspace, &["rev-parse", "HEAD"]), last_head);
    assert_eq!(git(&workspace, &["branch", "--show-current"]), last_branch);
    assert_eq!(git(&workspace, &["diff", "--cached"]), staged);
    git(&workspace, &["fsck", "--no-dangling"]);
}

#[tokio::test]
async fn a_detached_head_is_detached_again() {
    let sandbox = sandbox().await;
    let workspace = sandbox.path("home/workspace");
    let head = git(&workspace, &["rev-parse", "HEAD"]);
    run(&sandbox, 1, "git checkout -q --detach").await;
    run(&sandbox, 2, "git commit -qam two; git checkout -qb other").await;
    rewind(&sandbox, 2).await;
    assert_eq!(git(&workspace, &["rev-parse", "--abbrev-ref", "HEAD"]), "HEAD\n");
    assert_eq!(git(&workspace, &["rev-parse", "HEAD"]), head);
    assert_eq!(git(&workspace, &["status", "--porcelain"]), " M b\n");
}

#[tokio::test]
async fn what_cannot_be_kept_is_left_alone() {
    let sandbox = sandbox().await;
    let workspace = sandbox.path("home/workspace");
    let script = "truncate -s 2G sparse; mkfifo pipe; git init -q nested; echo x >nested/file; printf x >\"$(printf 'new\\nline \\377')\"; echo y >-rf";
    run(&sandbox, 1, script).await;
    let changes = changes_of(&sandbox, 1).await;
    assert_eq!(told(&changes), [(ChangeKind::Added, "-rf"), (ChangeKind::Added, "new\nline \u{10ffff}")]);
    assert_eq!(rewind(&sandbox, 1).await.files, 2);
    assert!(!workspace.join("-rf").exists());
    assert!(Path::new(&workspace).join("nested/file").exists());
    assert_eq!(std::fs::metadata(workspace.join("sparse")).unwrap().len(), 2 << 30);
}

#[tokio::test]
async fn a_lock_that_was_left_behind_is_told_and_nothing_is_touched() {
    let sandbox = sandbox().await;
    run(&sandbox, 1, "echo one >>a; touch .git/index.lock").await;
    let before = files(&sandbox);
    let (status, problem) =
        sandbox.ask::<DaemonProblem>("POST", &format!("/turns/{}/rewind", sandbox.turn_id(1)), &()).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(problem.detail.contains("index.lock"), "{problem:?}");
    assert_eq!(files(&sandbox), before);
    let (status, _) = sandbox.ask::<DaemonProblem>("POST", &format!("/turns/{}/rewind", sandbox.turn_id(9)), &()).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_staged_before_a_turn_is_staged_again_and_a_merge_is_ended_first() {
    let sandbox = sandbox().await;
    let workspace = sandbox.path("home/workspace");
    run(&sandbox, 1, "rm a; git add a; echo 'x' >'new \"'; git add -A; echo y >>b").await;
    let before = git(&workspace, &["status", "--porcelain"]);
    assert_eq!(before, "D  a\nMM b\nA  \"new \\\"\"\n");
    run(&sandbox, 2, "git commit -qm two; git add -A; echo z >>b").await;
    rewind(&sandbox, 2).await;
    assert_eq!(git(&workspace, &["status", "--porcelain"]), before);

    let script = "git commit -qam two; git checkout -qb other HEAD^; git commit -q --allow-empty -m other; git merge -q --no-commit octobot";
    run(&sandbox, 3, script).await;
    let before = files(&sandbox);
    let path = format!("/turns/{}/rewind", sandbox.turn_id(3));
    let (status, problem) = sandbox.ask::<DaemonProblem>("POST", &path, &()).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(problem.detail.starts_with("a merge is in progress"), "{problem:?}");
    assert_eq!(files(&sandbox), before);
}

#[tokio::test]
async fn a_turn_that_the_daemon_did_not_survive_has_changed_what_it_had_by_then() {
    let mut sandbox = sandbox().await;
    sandbox.deliver(1, "", "echo one >>a; echo ready; exec sleep 600").await;
    sandbox.follow(0).await.printed("ready\n").await;
    sandbox.crash().await;
    std::fs::write(sandbox.path("home/workspace").join("later"), "me\n").unwrap();
    assert_eq!(told(&changes_of(&sandbox, 1).await), [(ChangeKind::Modified, "a")]);
}
