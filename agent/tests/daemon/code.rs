//! Code in, as a git bundle.

use std::path::Path;
use std::process::Command;

use hyper::StatusCode;
use octobot_wire::daemon::{BUNDLE_BASE_REF, BUNDLE_TREE_REF, CodeReceived, DaemonProblem};
use tempfile::TempDir;

use crate::sandbox::{Sandbox, read};

/// Runs git in a folder, and returns what it prints.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(arguments).current_dir(folder);
    let output = command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A folder with changed, removed, new and special files, as a bundle; with or without a commit below.
fn bundle(with_base: bool) -> (Vec<u8>, Option<String>) {
    let committed = |path: &Path| {
        for file in ["same", "changed", "removed", "run.sh"] {
            std::fs::write(path.join(file), file).unwrap();
        }
    };
    let changed = |path: &Path| {
        std::fs::write(path.join("changed"), "after").unwrap();
        std::fs::remove_file(path.join("removed")).unwrap();
        std::fs::write(path.join("new ü"), "new").unwrap();
        std::os::unix::fs::symlink("same", path.join("link")).unwrap();
    };
    make_bundle(with_base, committed, changed)
}

/// A folder as a bundle: with what is committed, and what is then changed.
pub fn bundle_of(committed: impl FnOnce(&Path), changed: impl FnOnce(&Path)) -> Vec<u8> {
    make_bundle(true, committed, changed).0
}

/// A folder that has no commit, as a bundle.
pub fn bundle_of_folder(files: impl FnOnce(&Path)) -> Vec<u8> {
    make_bundle(false, |_| {}, files).0
}

fn make_bundle(
    with_base: bool,
    committed: impl FnOnce(&Path),
    changed: impl FnOnce(&Path),
) -> (Vec<u8>, Option<String>) {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    git(path, &["init", "-q"]);
    committed(path);
    git(path, &["add", "."]);
    let mut refs = vec![BUNDLE_TREE_REF];
    if with_base {
        git(path, &["commit", "-qm", "one"]);
        git(path, &["update-ref", BUNDLE_BASE_REF, "HEAD"]);
        refs.push(BUNDLE_BASE_REF);
    }
    changed(path);
    git(path, &["add", "-A"]);
    let tree = git(path, &["write-tree"]);
    let commit = git(path, &["commit-tree", "-m", "tree", tree.trim()]);
    git(path, &["update-ref", BUNDLE_TREE_REF, commit.trim()]);
    let create = ["bundle", "create", "-q", ".git/bundle"];
    git(path, &create.into_iter().chain(refs).collect::<Vec<_>>());
    let base = with_base.then(|| git(path, &["rev-parse", BUNDLE_BASE_REF]).trim().to_owned());
    (std::fs::read(path.join(".git/bundle")).unwrap(), base)
}

async fn send(sandbox: &Sandbox, bundle: Vec<u8>) -> (StatusCode, CodeReceived) {
    read(sandbox.send("POST", "/code", bundle).await).await
}

async fn refused(sandbox: &Sandbox, bundle: Vec<u8>) -> (StatusCode, String) {
    let (status, problem) = read::<DaemonProblem>(sandbox.send("POST", "/code", bundle).await).await;
    (status, problem.detail)
}

#[tokio::test]
async fn a_dirty_tree_arrives_with_its_changes_uncommitted() {
    let sandbox = Sandbox::start().await;
    assert!(!sandbox.health().await.has_code);
    let (bundle, base) = bundle(true);
    assert_eq!(send(&sandbox, bundle.clone()).await, (StatusCode::OK, CodeReceived { base: base.clone() }));
    assert!(sandbox.health().await.has_code);
    let workspace = sandbox.path("home/workspace");
    let status = git(&workspace, &["-c", "core.quotePath=false", "status", "--porcelain", "--branch"]);
    assert_eq!(status, "## octobot\n M changed\n D removed\n?? link\n?? \"new ü\"\n");
    assert_eq!(git(&workspace, &["rev-parse", "HEAD"]).trim(), base.unwrap());
    assert_eq!(std::fs::read_to_string(workspace.join("changed")).unwrap(), "after");
    assert_eq!(std::fs::read_link(workspace.join("link")).unwrap(), Path::new("same"));
    assert_eq!(refused(&sandbox, bundle).await.0, StatusCode::CONFLICT);
    let commit = sandbox.run(1, "git add -A && git commit -qm two && git log --format='%s %an'").await;
    assert_eq!((commit.exit_code(), commit.output.as_str()), (0, "two Octobot\none a\n"));
}

#[tokio::test]
async fn a_folder_without_a_commit_arrives_as_new_files() {
    let sandbox = Sandbox::start().await;
    assert_eq!(send(&sandbox, bundle(false).0).await, (StatusCode::OK, CodeReceived { base: None }));
    let workspace = sandbox.path("home/workspace");
    let status = git(&workspace, &["status", "--porcelain", "--branch"]);
    assert!(status.starts_with("## No commits yet on main\n?? changed\n"), "{status}");
    assert_eq!(std::fs::read_to_string(workspace.join("same")).unwrap(), "same");
}

#[tokio::test]
async fn an_attempt_that_failed_can_be_made_again() {
    let mut sandbox = Sandbox::start().await;
    let (status, detail) = refused(&sandbox, b"no bundle".to_vec()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(detail.starts_with("git fetch failed: "), "{detail}");
    // As if the daemon had been killed while the files were written.
    std::fs::write(sandbox.path("home/workspace/half"), "half").unwrap();
    sandbox.crash().await;
    assert!(!sandbox.health().await.has_code);
    assert_eq!(send(&sandbox, bundle(true).0).await.0, StatusCode::OK);
    assert!(!sandbox.path("home/workspace/half").exists());
}

#[tokio::test]
async fn files_that_are_there_already_are_left_alone() {
    let sandbox = Sandbox::start().await;
    sandbox.run(1, "echo mine >file").await;
    assert_eq!(refused(&sandbox, bundle(true).0).await, (StatusCode::CONFLICT, "the workspace isn't empty".to_owned()));
    assert!(sandbox.path("home/workspace/file").exists());
}

#[tokio::test]
async fn a_sandbox_without_git_says_so() {
    let path = TempDir::new().unwrap();
    std::os::unix::fs::symlink("/bin/sh", path.path().join("sh")).unwrap();
    let sandbox = Sandbox::start_with_path(path.path().to_str().unwrap()).await;
    let (status, detail) = refused(&sandbox, bundle(true).0).await;
    assert_eq!(status, StatusCode::NOT_IMPLEMENTED);
    assert!(detail.contains("no git"), "{detail}");
}
