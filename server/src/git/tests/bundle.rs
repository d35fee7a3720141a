//! Bundles, as a sandbox receives them.

use std::os::unix::fs::symlink;

use octobot_wire::daemon::{BUNDLE_BASE_REF, BUNDLE_TREE_REF};

use super::*;
use crate::git::bundle::bundle_within;
use crate::git::changes::Limits;
use crate::git::{Code, GitError, bundle};

impl Fixture {
    /// Bundles the code, and fetches the bundle into a new repository `received`.
    async fn receive(&self, code: Code) -> Option<String> {
        let out = self.path("code.bundle");
        let base = self.bundle(&code, &out).await.unwrap();
        assert!(fs::read_dir(self.path("data/scratch")).unwrap().next().is_none(), "the scratch folder is empty again");
        fs::create_dir(self.path("received")).unwrap();
        self.git("received", &["init", "-q"]);
        self.git("received", &["fetch", "-q", out.to_str().unwrap(), "refs/octobot/*:refs/octobot/*"]);
        self.git("received", &["fsck", "--strict"]);
        let received = self.try_git("received", &["rev-parse", "--verify", "-q", BUNDLE_BASE_REF]).stdout;
        assert_eq!(base.as_deref().unwrap_or_default(), String::from_utf8(received).unwrap().trim_end());
        base
    }

    fn received_files(&self) -> Vec<String> {
        let list = self.git("received", &["ls-tree", "-r", "--name-only", BUNDLE_TREE_REF]);
        list.lines().map(str::to_owned).collect()
    }

    fn received(&self, path: &str) -> String {
        self.git("received", &["show", &format!("{BUNDLE_TREE_REF}:{path}")])
    }
}

#[tokio::test]
async fn a_clean_repository_arrives_with_its_history() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    fixture.write("project/readme", "second\n");
    let head = fixture.commit_all("project", "Second");
    assert_eq!(fixture.receive(Code::Repository(path)).await, Some(head.clone()));
    assert_eq!(fixture.git("received", &["rev-parse", BUNDLE_TREE_REF]), head, "nothing differs from HEAD");
    assert_eq!(fixture.git("received", &["rev-list", "--count", BUNDLE_BASE_REF]), "2");
}

#[tokio::test]
async fn a_dirty_repository_arrives_as_the_user_sees_it_and_stays_untouched() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    fixture.write("project/.gitignore", "ignored\n");
    fixture.write("project/gone", "x");
    fixture.write("project/folder/file", "x");
    fixture.write("project/file", "x");
    let head = fixture.commit_all("project", "Second");
    fixture.write("project/readme", "changed\n");
    fixture.write("project/src/lib", "staged\n");
    fixture.git("project", &["add", "src/lib"]);
    fixture.write("project/src/lib", "and changed again\n");
    fs::remove_file(path.join("gone")).unwrap();
    fixture.write("project/new ü\"\n/file", "new");
    fixture.write("project/ignored", "secret");
    symlink("readme", path.join("link")).unwrap();
    fs::remove_dir_all(path.join("folder")).unwrap();
    symlink("src", path.join("folder")).unwrap();
    fs::remove_file(path.join("file")).unwrap();
    fixture.write("project/file/inside", "x");
    let before = snapshot(&path);

    assert_eq!(fixture.receive(Code::Repository(path.clone())).await, Some(head.clone()));
    let files = [".gitignore", "file/inside", "folder", "link", "\"new \\303\\274\\\"\\n/file\"", "readme", "src/lib"];
    assert_eq!(fixture.received_files(), files);
    assert_eq!(fixture.received("readme"), "changed");
    assert_eq!(fixture.received("src/lib"), "and changed again");
    assert_eq!(fixture.received("folder"), "src", "a link is the path that it points to");
    assert_eq!(fixture.git("received", &["rev-parse", &format!("{BUNDLE_TREE_REF}^")]), head);
    assert_eq!(changed_since(&before, &path), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn a_change_right_after_the_index_was_written_is_not_missed() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    for round in 0..20 {
        let code = Code::Repository(path.clone());
        fixture.write("project/readme", &format!("a{round:02}\n"));
        fixture.git("project", &["add", "readme"]);
        fixture.write("project/readme", &format!("b{round:02}\n"));
        fixture.receive(code).await;
        assert_eq!(fixture.received("readme"), format!("b{round:02}"));
        fs::remove_dir_all(fixture.path("received")).unwrap();
    }
}

#[tokio::test]
async fn the_same_tree_makes_the_same_commit() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    fixture.write("project/new", "x");
    let mut tips = Vec::new();
    for _ in 0..2 {
        fixture.receive(Code::Repository(path.clone())).await;
        tips.push(fixture.git("received", &["rev-parse", BUNDLE_TREE_REF]));
        fs::remove_dir_all(fixture.path("received")).unwrap();
    }
    assert_eq!(tips[0], tips[1]);
}

#[tokio::test]
async fn a_repository_without_a_commit_has_no_base() {
    let fixture = Fixture::new();
    fixture.write("project/staged", "x");
    fixture.git("project", &["init", "-q"]);
    fixture.git("project", &["add", "-A"]);
    fixture.write("project/new", "x");
    assert_eq!(fixture.receive(Code::Repository(fixture.path("project"))).await, None);
    assert_eq!(fixture.received_files(), ["new", "staged"]);
}

#[tokio::test]
async fn a_repository_with_nothing_at_all_arrives_empty() {
    let fixture = Fixture::new();
    fs::create_dir(fixture.path("project")).unwrap();
    fixture.git("project", &["init", "-q"]);
    assert_eq!(fixture.receive(Code::Repository(fixture.path("project"))).await, None);
    assert!(fixture.received_files().is_empty());
}

#[tokio::test]
async fn a_bare_repository_arrives_as_it_is() {
    let fixture = Fixture::new();
    fixture.repository("project");
    fixture.git("", &["clone", "-q", "--bare", "project", "cache"]);
    let head = fixture.git("project", &["rev-parse", "HEAD"]);
    assert_eq!(fixture.receive(Code::Cache(fixture.path("cache"))).await, Some(head));
    assert_eq!(fixture.received_files(), ["readme", "src/lib"]);
}

#[tokio::test]
async fn an_empty_cache_has_no_base() {
    let fixture = Fixture::new();
    fs::create_dir(fixture.path("cache")).unwrap();
    fixture.git("cache", &["init", "-q", "--bare"]);
    assert_eq!(fixture.receive(Code::Cache(fixture.path("cache"))).await, None);
}

#[tokio::test]
async fn a_linked_work_tree_arrives_with_its_own_changes() {
    let fixture = Fixture::new();
    fixture.repository("project");
    fixture.git("project", &["worktree", "add", "-q", "-b", "topic", "../linked"]);
    fixture.write("linked/new", "x");
    fixture.receive(Code::Repository(fixture.path("linked"))).await.unwrap();
    assert_eq!(fixture.received_files(), ["new", "readme", "src/lib"]);
}

#[tokio::test]
async fn a_shallow_repository_arrives_without_history() {
    let fixture = Fixture::new();
    fixture.repository("project");
    fixture.write("project/readme", "second\n");
    let head = fixture.commit_all("project", "Second");
    let url = format!("file://{}", fixture.path("project").display());
    fixture.git("", &["clone", "-q", "--depth", "1", &url, "shallow"]);
    let base = fixture.receive(Code::Repository(fixture.path("shallow"))).await.unwrap();
    assert_ne!(base, head);
    assert_eq!(fixture.git("received", &["show", "-s", "--format=%s|%P", &base]), "Second|");
    assert_eq!(fixture.received("readme"), "second");
}

#[tokio::test]
async fn a_conflict_arrives_with_its_markers() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    fixture.git("project", &["checkout", "-q", "-b", "topic"]);
    fixture.write("project/readme", "theirs\n");
    fixture.git("project", &["rm", "-q", "src/lib"]);
    fixture.commit_all("project", "Theirs");
    fixture.git("project", &["checkout", "-q", "main"]);
    fixture.write("project/readme", "ours\n");
    fixture.write("project/src/lib", "changed\n");
    fixture.commit_all("project", "Ours");
    assert!(!fixture.try_git("project", &["merge", "-q", "topic"]).status.success());
    fixture.receive(Code::Repository(path)).await.unwrap();
    assert!(fixture.received("readme").contains("<<<<<<< HEAD\nours\n"));
    assert_eq!(fixture.received("src/lib"), "changed");
}

#[tokio::test]
async fn a_submodule_stays_a_link() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    fixture.repository("library");
    let add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../library", "sub"];
    fixture.git("project", &add);
    fixture.commit_all("project", "Submodule");
    fixture.write("project/sub/readme", "changed\n");
    fixture.receive(Code::Repository(path)).await.unwrap();
    let entry = fixture.git("received", &["ls-tree", BUNDLE_TREE_REF, "sub"]);
    assert!(entry.starts_with("160000 commit "), "{entry}");
}

#[tokio::test]
async fn a_plain_folder_arrives_without_what_it_ignores_and_with_nested_repositories_as_files() {
    let fixture = Fixture::new();
    fixture.write("plain/.gitignore", "target\n");
    fixture.write("plain/target/x", "x");
    fixture.write("plain/a", "a");
    fixture.repository("plain/nested");
    fixture.write("plain/nested/.gitignore", "ignored\n");
    fixture.write("plain/nested/ignored", "x");
    fixture.repository("plain/nested/deep");
    let before = snapshot(&fixture.path("plain"));
    assert_eq!(fixture.receive(Code::PlainFolder(fixture.path("plain"))).await, None);
    let nested = ["nested/.gitignore", "nested/deep/readme", "nested/deep/src/lib", "nested/readme", "nested/src/lib"];
    assert_eq!(fixture.received_files(), [&[".gitignore", "a"], nested.as_slice()].concat());
    assert_eq!(changed_since(&before, &fixture.path("plain")), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn an_empty_folder_arrives_empty() {
    let fixture = Fixture::new();
    fs::create_dir(fixture.path("plain")).unwrap();
    assert_eq!(fixture.receive(Code::PlainFolder(fixture.path("plain"))).await, None);
    assert!(fixture.received_files().is_empty());
}

#[tokio::test]
async fn line_ends_are_converted_as_the_repository_says() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    fixture.git("project", &["config", "core.autocrlf", "true"]);
    fixture.write("project/new", "a\r\nb\r\n");
    fixture.receive(Code::Repository(path)).await.unwrap();
    assert_eq!(fixture.received("new"), "a\nb");
}

#[tokio::test]
async fn one_file_is_read_as_it_is_bundled() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    let (scratch, data) = (fixture.path("data/scratch"), fixture.path("data"));
    let (code, out) = (Code::Repository(path), fixture.path("out"));
    let file = async || bundle(&code, &out, &scratch, &data, "the/file.yaml").await.map(|bundled| bundled.file);
    assert_eq!(file().await.unwrap(), None);
    fixture.write("project/the/file.yaml", "not committed\n");
    assert_eq!(file().await.unwrap().as_deref(), Some(&b"not committed\n"[..]));
    fixture.write("project/the/file.yaml", &"x".repeat(256 * 1024 + 1));
    assert!(matches!(file().await.unwrap_err(), GitError::FileTooLong { .. }));
    fs::remove_file(fixture.path("project/the/file.yaml")).unwrap();
    fs::create_dir(fixture.path("project/the/file.yaml")).unwrap();
    fixture.write("project/the/file.yaml/in", "a folder");
    assert_eq!(file().await.unwrap(), None);
    let bare = fixture.path("data/bare.git");
    fixture.git("project", &["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    assert!(bundle(&Code::Cache(bare), &out, &scratch, &data, "readme").await.unwrap().file.is_some());
}

#[tokio::test]
async fn too_much_that_is_not_committed_is_refused() {
    let fixture = Fixture::new();
    for name in ["a", "b", "c"] {
        fixture.write(&format!("plain/{name}"), "12345");
    }
    let (code, out) = (Code::PlainFolder(fixture.path("plain")), fixture.path("out"));
    let (scratch, data) = (fixture.path("data/scratch"), fixture.path("data"));
    let within = |files, bytes| bundle_within(Limits { files, bytes }, &code, &out, &scratch, &data, "file");
    for refused in [within(2, 100).await, within(3, 14).await] {
        let error = refused.unwrap_err();
        assert!(matches!(&error, GitError::TooLarge { path, .. } if *path == fixture.path("plain")), "{error}");
        assert!(!out.exists());
    }
    within(3, 15).await.unwrap();
}

#[tokio::test]
async fn the_servers_own_data_is_left_out() {
    let fixture = Fixture::new();
    fixture.write("data/encryption.key", "secret");
    fixture.write("data-of-others", "x");
    // All that the fixture holds, the server's data included, is one plain folder, and then one repository.
    let everything = fixture.path("");
    let kept =
        |files: &[String]| (files.iter().any(|f| f == "data-of-others"), files.iter().any(|f| f.starts_with("data/")));
    fixture.receive(Code::PlainFolder(everything.clone())).await;
    assert_eq!(kept(&fixture.received_files()), (true, false));
    fs::remove_dir_all(fixture.path("received")).unwrap();
    fs::remove_file(fixture.path("code.bundle")).unwrap();
    fixture.git("", &["init", "-q"]);
    fixture.receive(Code::Repository(everything)).await;
    assert_eq!(kept(&fixture.received_files()), (true, false));

    for own in ["data", "data/scratch"] {
        let error = fixture.inspect(&fixture.path(own)).await.unwrap_err();
        assert!(matches!(&error, GitError::OwnData { .. }), "{error}");
    }
}
