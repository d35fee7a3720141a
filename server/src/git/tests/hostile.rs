//! Repositories that were made to run something. Each test has a control that shows that plain git would.

use std::os::unix::fs::lchown;

use super::*;
use crate::git::{Code, FolderKind, GitError, clone_into_cache};
use tokio_util::sync::CancellationToken;

impl Fixture {
    /// A script that leaves its name, for a setting that git would run.
    fn canary(&self, name: &str) -> String {
        let seen = self.path("canaries").join(name);
        fs::create_dir_all(self.path("canaries")).unwrap();
        self.write_script(&format!("scripts/{name}"), &format!("touch '{}'\ncat", seen.display())).display().to_string()
    }

    fn canaries(&self) -> BTreeSet<String> {
        let seen = fs::read_dir(self.path("canaries")).unwrap();
        seen.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// Configures everything that git runs.
    fn poison(&self, name: &str, prefix: &str) {
        let script = |what: &str| self.canary(&format!("{prefix}{what}"));
        for (key, what) in [
            ("core.fsmonitor", "fsmonitor"),
            ("core.sshCommand", "ssh"),
            ("core.pager", "pager"),
            ("core.editor", "editor"),
            ("core.askPass", "askpass"),
            ("core.alternateRefsCommand", "alternate-refs"),
            ("filter.evil.clean", "clean"),
            ("filter.evil.smudge", "smudge"),
            ("diff.evil.textconv", "textconv"),
            ("diff.external", "external-diff"),
            ("uploadpack.packObjectsHook", "pack-objects"),
            ("gpg.program", "gpg"),
        ] {
            self.git(name, &["config", key, &script(what)]);
        }
        for hook in ["post-index-change", "reference-transaction", "pre-commit", "post-checkout", "pre-auto-gc"] {
            let seen = self.path("canaries").join(format!("{prefix}hook"));
            self.write_script(&format!("{name}/hooks-{prefix}/{hook}"), &format!("touch '{}'", seen.display()));
        }
        let hooks = self.path(name).join(format!("hooks-{prefix}"));
        self.git(name, &["config", "core.hooksPath", hooks.to_str().unwrap()]);
        self.git(name, &["config", "commit.gpgSign", "true"]);
        let included = self.write(
            &format!("{name}/.git/included"),
            &format!("[filter \"included\"]\n\tclean = {}\n\trequired\n", script("included")),
        );
        self.git(name, &["config", "include.path", included.to_str().unwrap()]);
        self.write(&format!("{name}/.gitattributes"), "* filter=evil diff=evil\n*.inc filter=included\n");
        self.write(&format!("{name}/file.inc"), "x\n");
        self.write(&format!("{name}/readme"), "changed\n");
    }
}

#[tokio::test]
async fn nothing_that_a_repository_configures_is_run() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    fixture.poison("project", "");
    let state = fixture.inspect(&path).await.unwrap();
    assert!(state.dirty);
    fixture.bundle(&Code::Repository(path), &fixture.path("out")).await.unwrap();
    assert_eq!(fixture.canaries(), BTreeSet::new());

    fixture.git("project", &["status"]);
    fixture.git("project", &["add", "-A"]);
    let seen = fixture.canaries();
    for what in ["fsmonitor", "clean", "hook", "included"] {
        assert!(seen.contains(what), "control: plain git runs {what}, but only {seen:?} ran");
    }
}

#[tokio::test]
async fn nothing_that_a_repository_within_configures_is_run() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    fixture.repository("project/sub");
    fixture.git("project", &["add", "sub"]);
    fixture.git("project", &["commit", "-q", "-m", "A link"]);
    fixture.poison("project/sub", "sub-");
    fixture.repository("project/untracked");
    fixture.poison("project/untracked", "untracked-");
    fixture.inspect(&path).await.unwrap();
    fixture.bundle(&Code::Repository(path.clone()), &fixture.path("out")).await.unwrap();
    fixture.bundle(&Code::PlainFolder(path), &fixture.path("out")).await.unwrap();
    assert_eq!(fixture.canaries(), BTreeSet::new());

    fixture.git("project", &["status"]);
    let seen = fixture.canaries();
    assert!(seen.contains("sub-fsmonitor"), "control: plain git asks the inner repository, but only {seen:?} ran");
}

#[tokio::test]
async fn a_configured_work_tree_elsewhere_is_not_looked_at() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    fixture.write("elsewhere/secret", "x");
    fixture.git("project", &["config", "core.worktree", fixture.path("elsewhere").to_str().unwrap()]);
    assert!(!fixture.inspect(&path).await.unwrap().dirty);
    assert!(fixture.git("project", &["status", "--short"]).contains("secret"), "control: plain git looks there");
}

#[tokio::test]
async fn a_bare_repository_runs_nothing_when_it_is_bundled_or_cloned() {
    let fixture = Fixture::new();
    fixture.repository("project");
    fixture.git("", &["clone", "-q", "--bare", "project", "bare"]);
    for (key, what) in [("core.fsmonitor", "fsmonitor"), ("uploadpack.packObjectsHook", "pack-objects")] {
        fixture.git("bare", &["config", key, &fixture.canary(what)]);
    }
    let path = fixture.path("bare");
    assert_eq!(fixture.inspect(&path).await.unwrap().kind, FolderKind::BareRepository);
    fixture.bundle(&Code::Cache(path.clone()), &fixture.path("out")).await.unwrap();
    let url = format!("file://{}", path.display());
    clone_into_cache(&url, None, &fixture.path("cache"), |_| {}, &CancellationToken::new()).await.unwrap();
    assert_eq!(fixture.canaries(), BTreeSet::new());

    fixture.write("home/.gitconfig", &format!("[uploadpack]\n\tpackObjectsHook = {}\n", fixture.canary("control")));
    fixture.try_git("", &["clone", "-q", "--no-local", "bare", "control"]);
    assert!(fixture.canaries().contains("control"), "control: where git trusts the setting, it runs it");
}

#[tokio::test]
async fn a_url_cannot_name_a_command() {
    let fixture = Fixture::new();
    let seen = fixture.path("canaries/ext");
    fs::create_dir(fixture.path("canaries")).unwrap();
    let script = fixture.write_script("scripts/ext", &format!("touch '{}'", seen.display()));
    let url = format!("ext::{}", script.display());
    let cloned = clone_into_cache(&url, None, &fixture.path("cache"), |_| {}, &CancellationToken::new()).await;
    assert!(matches!(cloned, Err(GitError::Remote { .. })), "{cloned:?}");
    assert_eq!(fixture.canaries(), BTreeSet::new());

    fixture.try_git("", &["-c", "protocol.ext.allow=always", "clone", &url, "control"]);
    assert!(fixture.canaries().contains("ext"), "control: where git may use it, it runs the command");
}

#[tokio::test]
async fn a_pipe_in_place_of_a_file_does_not_block() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    fs::remove_file(path.join(".git/config")).unwrap();
    assert!(Command::new("mkfifo").arg(path.join(".git/config")).status().unwrap().success());
    let error = fixture.inspect(&path).await.unwrap_err();
    assert!(matches!(error, GitError::BrokenRepository { .. }), "{error}");
}

#[tokio::test]
async fn a_repository_of_another_user_is_read_because_its_folder_was_named() {
    if !rustix::process::geteuid().is_root() {
        return skip("a repository of another user", "only root can give files away");
    }
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    fixture.write("project/new", "x");
    for file in snapshot(&path).into_keys() {
        for part in file.ancestors().take_while(|part| part.starts_with(&path)) {
            lchown(part, Some(1234), Some(1234)).unwrap();
        }
    }
    let refused = fixture.try_git("project", &["status"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("dubious ownership"), "control: plain git refuses");

    let state = fixture.inspect(&path).await.unwrap();
    assert!(state.dirty && state.commit.is_some());
    fixture.bundle(&Code::Repository(path.clone()), &fixture.path("out")).await.unwrap();
    let url = format!("file://{}", path.display());
    let cloned = clone_into_cache(&url, None, &fixture.path("cache"), |_| {}, &CancellationToken::new()).await.unwrap();
    assert_eq!(cloned, state.commit);
}
