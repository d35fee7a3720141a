//! The module as the services use it, with real git and real repositories in temporary folders.

mod apply;
mod arrival;
mod bundle;
mod deposit;
mod folder;
mod hostile;
mod intake;
mod login;
mod push;
mod remote;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use tempfile::TempDir;

use super::{Code, FolderState, GitError, inspect_folder};

/// A folder of its own for a test, in which it keeps repositories.
struct Fixture {
    folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let fixture = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(fixture.path("home")).unwrap();
        fs::create_dir_all(fixture.path("data/scratch")).unwrap();
        fixture
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Looks at a folder as the server would whose data is in `data`.
    async fn inspect(&self, path: &Path) -> Result<FolderState, GitError> {
        inspect_folder(path, &self.path("data")).await
    }

    /// Bundles code as that server would.
    async fn bundle(&self, code: &Code, out: &Path) -> Result<Option<String>, GitError> {
        let bundled = super::bundle(code, out, &self.path("data/scratch"), &self.path("data"), "the/file").await;
        bundled.map(|bundled| bundled.base)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn write_script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.write(name, &format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// Runs git the way a user would, in the folder `at`, whatever comes of it.
    fn try_git(&self, at: &str, arguments: &[&str]) -> Output {
        Command::new("git")
            .args(arguments)
            .current_dir(self.path(at))
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path("home"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("LC_ALL", "C")
            .envs([("GIT_AUTHOR_NAME", "A"), ("GIT_AUTHOR_EMAIL", "a@host"), ("GIT_AUTHOR_DATE", "@1700000000 +0000")])
            .envs([("GIT_COMMITTER_NAME", "C"), ("GIT_COMMITTER_EMAIL", "c@host")])
            .env("GIT_COMMITTER_DATE", "@1700000000 +0000")
            .output()
            .unwrap()
    }

    #[track_caller]
    fn git(&self, at: &str, arguments: &[&str]) -> String {
        let output = self.try_git(at, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// A repository on the branch `main` with one commit of `readme` and `src/lib`.
    fn repository(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(&path).unwrap();
        self.git(name, &["init", "-q", "-b", "main"]);
        self.write(&format!("{name}/readme"), "hello\n");
        self.write(&format!("{name}/src/lib"), "code\n");
        self.commit_all(name, "First commit\n\nWith a body.");
        path
    }

    fn commit_all(&self, name: &str, message: &str) -> String {
        self.git(name, &["add", "-A"]);
        self.git(name, &["commit", "-q", "-m", message]);
        self.git(name, &["rev-parse", "HEAD"])
    }
}

/// A file's content and, but for git's objects, its time of change.
type Contents = BTreeMap<PathBuf, (Vec<u8>, Option<SystemTime>)>;

/// Every file beneath a folder. Git renews the time of an object that it finds instead of writing it.
fn snapshot(folder: &Path) -> Contents {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            if metadata.is_dir() {
                folders.push(path);
            } else {
                let content = if metadata.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
                let is_object = path.to_string_lossy().contains("/.git/objects/");
                let changed = (!is_object).then(|| metadata.modified().unwrap());
                files.insert(path, (content, changed));
            }
        }
    }
    files
}

/// The files beneath a folder that aren't as they were.
fn changed_since(before: &Contents, folder: &Path) -> Vec<PathBuf> {
    let after = snapshot(folder);
    let paths: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    paths.into_iter().filter(|path| before.get(*path) != after.get(*path)).cloned().collect()
}

/// Says that a test can't run here, or fails where every test has to.
fn skip(what: &str, why: &str) {
    assert!(std::env::var_os("OCTOBOT_TEST_STRICT").is_none_or(|strict| strict != "1"), "{what}: {why}");
    eprintln!("SKIPPED: {what}: {why}");
}

#[test]
fn the_work_can_be_spawned() {
    fn check(_: impl Send) {}
    let (path, cancel) = (Path::new("/nonexistent"), tokio_util::sync::CancellationToken::new());
    let code = Code::PlainFolder(path.to_owned());
    check(super::inspect_folder(path, path));
    check(super::bundle(&code, path, path, path, "file"));
    check(super::clone_into_cache("file:///nonexistent", None, path, |_| {}, &cancel));
    check(super::head_of_cache(path));
}
