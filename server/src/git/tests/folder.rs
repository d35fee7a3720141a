//! What folders are found to be.

use std::os::unix::fs::symlink;

use super::*;
use crate::git::{FolderKind, FolderState, GitError};

#[tokio::test]
async fn a_clean_repository_is_at_its_commit() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    let state = fixture.inspect(&path).await.unwrap();
    assert_eq!((state.kind, state.dirty), (FolderKind::Repository, false));
    let commit = state.commit.unwrap();
    assert_eq!(commit.id, fixture.git("project", &["rev-parse", "HEAD"]));
    assert_eq!((commit.summary.as_str(), commit.branch.as_deref()), ("First commit", Some("main")));
}

#[tokio::test]
async fn a_folder_without_a_repository_is_plain() {
    let fixture = Fixture::new();
    fixture.write("plain/file", "x");
    let plain = FolderState { kind: FolderKind::Plain, commit: None, dirty: false };
    assert_eq!(fixture.inspect(&fixture.path("plain")).await.unwrap(), plain);
    fs::create_dir(fixture.path("plain/.git")).unwrap();
    assert_eq!(fixture.inspect(&fixture.path("plain")).await.unwrap(), plain, "an empty .git makes no repository");
    fixture.repository("project");
    assert_eq!(fixture.inspect(&fixture.path("project/src")).await.unwrap(), plain, "only the root is the repository");
}

#[tokio::test]
async fn each_kind_of_change_makes_a_repository_dirty() {
    type Change = fn(&Fixture);
    let changes: [(&str, Change); 5] = [
        ("modified", |fixture| drop(fixture.write("project/readme", "HELLO\n"))),
        ("deleted", |fixture| fs::remove_file(fixture.path("project/readme")).unwrap()),
        ("new", |fixture| drop(fixture.write("project/new/file", "x"))),
        ("executable", |fixture| {
            fs::set_permissions(fixture.path("project/readme"), fs::Permissions::from_mode(0o755)).unwrap();
        }),
        ("staged", |fixture| {
            fixture.git("project", &["rm", "-q", "--cached", "readme"]);
            fixture.write("project/.git/info/exclude", "readme\n");
        }),
    ];
    for (name, change) in changes {
        let fixture = Fixture::new();
        let path = fixture.repository("project");
        change(&fixture);
        assert!(fixture.inspect(&path).await.unwrap().dirty, "{name}");
    }
}

#[tokio::test]
async fn ignored_files_leave_a_repository_clean() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    fixture.write("project/.gitignore", "target/\n");
    fixture.commit_all("project", "Ignore");
    fixture.write("project/target/x", "x");
    fixture.write("project/.git/info/exclude", "notes\n");
    fixture.write("project/notes", "x");
    assert!(!fixture.inspect(&path).await.unwrap().dirty);
}

#[tokio::test]
async fn a_repository_without_a_commit_has_none() {
    let fixture = Fixture::new();
    fs::create_dir(fixture.path("empty")).unwrap();
    fixture.git("empty", &["init", "-q"]);
    let state = fixture.inspect(&fixture.path("empty")).await.unwrap();
    assert_eq!(state, FolderState { kind: FolderKind::Repository, commit: None, dirty: false });
    fixture.write("empty/file", "x");
    fixture.git("empty", &["add", "file"]);
    assert!(fixture.inspect(&fixture.path("empty")).await.unwrap().dirty);
}

#[tokio::test]
async fn a_detached_head_has_no_branch() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    fixture.git("project", &["checkout", "-q", "--detach"]);
    assert_eq!(fixture.inspect(&path).await.unwrap().commit.unwrap().branch, None);
}

#[tokio::test]
async fn a_linked_work_tree_is_a_repository_of_its_own() {
    let fixture = Fixture::new();
    fixture.repository("project");
    fixture.git("project", &["worktree", "add", "-q", "-b", "topic", "../linked"]);
    let state = fixture.inspect(&fixture.path("linked")).await.unwrap();
    assert_eq!((state.kind, state.dirty), (FolderKind::Repository, false));
    assert_eq!(state.commit.unwrap().branch.as_deref(), Some("topic"));
}

#[tokio::test]
async fn a_bare_repository_is_recognised() {
    let fixture = Fixture::new();
    fixture.repository("project");
    fixture.git("", &["clone", "-q", "--bare", "project", "bare.git"]);
    let state = fixture.inspect(&fixture.path("bare.git")).await.unwrap();
    assert_eq!((state.kind, state.dirty), (FolderKind::BareRepository, false));
    assert_eq!(state.commit.unwrap().summary, "First commit");
}

#[tokio::test]
async fn a_split_index_is_understood() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    fixture.git("project", &["update-index", "--split-index"]);
    assert!(!fixture.inspect(&path).await.unwrap().dirty);
}

#[tokio::test]
async fn looking_changes_nothing() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    fixture.write("project/readme", "changed\n");
    let before = snapshot(&path);
    fixture.inspect(&path).await.unwrap();
    assert_eq!(changed_since(&before, &path), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn a_path_that_is_no_readable_folder_says_so() {
    let fixture = Fixture::new();
    let missing = fixture.path("missing");
    let error = fixture.inspect(&missing).await.unwrap_err();
    assert!(matches!(&error, GitError::NotFound { path } if *path == missing), "{error}");
    assert_eq!(error.to_string(), format!("There is no folder {}.", missing.display()));
    let file = fixture.write("file", "x");
    let error = fixture.inspect(&file).await.unwrap_err();
    assert!(matches!(&error, GitError::NotADirectory { path } if *path == file), "{error}");
    let circle = fixture.path("circle");
    symlink("circle", &circle).unwrap();
    let error = fixture.inspect(&circle).await.unwrap_err();
    assert!(matches!(&error, GitError::NotReadable { path, .. } if *path == circle), "{error}");
}

#[tokio::test]
async fn a_repository_that_cannot_be_understood_says_so() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    fixture.write("project/.git/HEAD", "\0\0");
    let error = fixture.inspect(&path).await.unwrap_err();
    assert!(matches!(error, GitError::BrokenRepository { .. }), "{error}");
}
