//! The module as the services use it, with real git and real repositories in temporary folders.

mod bundle;
mod folder;
mod hostile;
mod remote;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use tempfile::TempDir;

/// A folder of its own for a test, in which it keeps repositories.
struct Fixture {
    folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let fixture = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(fixture.path("home")).unwrap();
        fs::create_dir(fixture.path("scratch")).unwrap();
        fixture
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
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

/// Every file beneath a folder, with its content and time of change.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
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
                files.insert(path, (content, metadata.modified().unwrap()));
            }
        }
    }
    files
}

/// Says that a test can't run here, or fails where every test has to.
fn skip(what: &str, why: &str) {
    assert!(std::env::var_os("OCTOBOT_TEST_STRICT").is_none_or(|strict| strict != "1"), "{what}: {why}");
    eprintln!("SKIPPED: {what}: {why}");
}
