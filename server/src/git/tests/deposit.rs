//! What sandboxes give back, in folders that are no repositories.

use std::os::unix::fs::{MetadataExt as _, symlink};

use octobot_wire::daemon::{BUNDLE_RESULT_REF, BUNDLE_START_REF};

use super::*;
use crate::git::deposit::journal_of;
use crate::git::{Deposited, deposit, settle_deposits, undo_deposit};

/// A folder `project`, and a sandbox that has its files.
struct Session {
    fixture: Fixture,
    start: String,
}

impl Session {
    fn new(fill: impl FnOnce(&Fixture)) -> Self {
        let fixture = Fixture::new();
        fs::create_dir_all(fixture.path("project")).unwrap();
        fill(&fixture);
        fixture.git(".", &["init", "-q", "-b", "main", "sandbox"]);
        let copied = Command::new("cp").args(["-a", "project/.", "sandbox/"]).current_dir(fixture.path(".")).status();
        assert!(copied.unwrap().success());
        let start = fixture.commit_all("sandbox", "The start");
        Self { fixture, start }
    }

    /// With files of several kinds.
    fn usual() -> Self {
        Self::new(|fixture| {
            fixture.write("project/readme", "hello\n");
            fixture.write("project/src/lib", "code\n");
            fixture.write("project/src/gone", "gone\n");
            fixture.write("project/old name", "moved\n");
            fixture.write_script("project/run", "true");
            symlink("readme", fixture.path("project/link")).unwrap();
        })
    }

    /// Changes a file of every kind in the sandbox.
    fn usual_work(&self) {
        let at = |name: &str| self.fixture.path(&format!("sandbox/{name}"));
        self.fixture.write("sandbox/readme", "changed\n");
        fs::remove_file(at("src/gone")).unwrap();
        self.fixture.write("sandbox/new/deep/ü\n\"", "new\n");
        fs::rename(at("old name"), at("new name")).unwrap();
        fs::set_permissions(at("src/lib"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(at("run"), fs::Permissions::from_mode(0o644)).unwrap();
        fs::remove_file(at("link")).unwrap();
        symlink("/etc/passwd", at("link")).unwrap();
        fs::write(at("data"), b"\0\xff\r\n").unwrap();
    }

    /// The bundle that the sandbox gives of what is in it.
    fn bundle(&self) -> PathBuf {
        self.fixture.git("sandbox", &["add", "-A"]);
        self.bundle_of(&self.fixture.git("sandbox", &["write-tree"]))
    }

    /// The bundle that it gives of a tree.
    fn bundle_of(&self, tree: &str) -> PathBuf {
        let git = |arguments: &[&str]| self.fixture.git("sandbox", arguments);
        let made = git(&["commit-tree", "-p", &self.start, "-m", "made", tree]);
        git(&["update-ref", BUNDLE_START_REF, &self.start]);
        git(&["update-ref", BUNDLE_RESULT_REF, &made]);
        let out = self.fixture.path("made.bundle");
        git(&["bundle", "create", "-q", out.to_str().unwrap(), BUNDLE_RESULT_REF, BUNDLE_START_REF]);
        out
    }

    async fn try_apply(&self) -> Result<Deposited, GitError> {
        self.try_bundle(&self.bundle()).await
    }

    async fn try_bundle(&self, bundle: &Path) -> Result<Deposited, GitError> {
        let at = |name: &str| self.fixture.path(name);
        let deposited = deposit(&at("project"), bundle, &at("data/applied/1"), &at("data/scratch"), &at("data")).await;
        assert!(fs::read_dir(at("data/scratch")).unwrap().next().is_none());
        deposited
    }

    /// Applies it, and returns the number and the files.
    async fn apply(&self) -> (u32, Vec<String>) {
        match self.try_apply().await.unwrap() {
            Deposited::Done { number, files, count } => {
                assert_eq!(files.len(), count);
                (number, files.iter().map(|file| file.display().to_string()).collect())
            }
            ended => panic!("{ended:?}"),
        }
    }

    /// The files that are in conflict; nothing is changed.
    async fn conflicts(&self) -> Vec<String> {
        let before = snapshot(&self.fixture.path("project"));
        let ended = self.try_apply().await.unwrap();
        assert!(changed_since(&before, &self.fixture.path("project")).is_empty());
        match ended {
            Deposited::Conflicts(files) => files.iter().map(|file| file.display().to_string()).collect(),
            ended => panic!("{ended:?}"),
        }
    }

    async fn undo(&self, number: u32) -> Result<(), GitError> {
        undo_deposit(&self.fixture.path("project"), &self.fixture.path("data/applied/1"), number).await
    }

    /// All files of a folder, with what is in them, and folders.
    fn files(&self, folder: &str) -> BTreeMap<String, String> {
        let root = self.fixture.path(folder);
        let (mut files, mut folders) = (BTreeMap::new(), vec![root.clone()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(&root).unwrap().display().to_string();
                let found = fs::symlink_metadata(&path).unwrap();
                let told = match found.file_type() {
                    kind if kind.is_symlink() => format!("-> {}", fs::read_link(&path).unwrap().display()),
                    kind if kind.is_file() => format!("{:o} {:?}", found.mode(), fs::read(&path).unwrap()),
                    _ if name == ".git" => continue,
                    _ => {
                        folders.push(path);
                        "a folder".to_owned()
                    }
                };
                files.insert(name, told);
            }
        }
        files
    }
}

#[tokio::test]
async fn files_of_every_kind_get_into_the_folder_and_out_again() {
    let session = Session::usual();
    session.fixture.write("project/mine", "untouched\n");
    fs::set_permissions(session.fixture.path("project/readme"), fs::Permissions::from_mode(0o640)).unwrap();
    let before = session.files("project");
    session.usual_work();
    let (number, files) = session.apply().await;
    assert_eq!(files.len(), 9, "{files:?}");
    let mut after = session.files("project");
    assert_eq!(after.remove("mine"), before.get("mine").cloned());
    assert_eq!(after["readme"], format!("100640 {:?}", b"changed\n"));
    after.insert("readme".to_owned(), format!("100644 {:?}", b"changed\n"));
    assert_eq!(after, session.files("sandbox"));
    assert_eq!(session.try_apply().await.unwrap(), Deposited::NothingNew);
    session.undo(number).await.unwrap();
    assert_eq!(session.files("project"), before);
    assert!(matches!(session.undo(number).await, Err(GitError::Undeposited(_))));
    assert!(fs::read_dir(session.fixture.path("data/applied/1")).unwrap().next().is_none());
}

#[tokio::test]
async fn a_file_that_isnt_what_the_session_started_with_keeps_all_others_from_being_touched() {
    let session = Session::usual();
    session.usual_work();
    let own = |name: &str| session.fixture.path(&format!("project/{name}"));
    session.fixture.write("project/readme", "mine\n");
    session.fixture.write("project/data", "mine\n");
    fs::remove_file(own("src/lib")).unwrap();
    session.fixture.write("project/new", "where a folder has to be\n");
    assert_eq!(session.conflicts().await, ["data", "new", "readme", "src/lib"]);
    // What is there already as the session has it is no conflict.
    session.fixture.write("project/readme", "changed\n");
    fs::copy(session.fixture.path("sandbox/data"), own("data")).unwrap();
    fs::copy(session.fixture.path("sandbox/src/lib"), own("src/lib")).unwrap();
    fs::remove_file(own("new")).unwrap();
    fs::remove_file(own("src/gone")).unwrap();
    assert_eq!(session.apply().await.1.len(), 5);
}

#[tokio::test]
async fn what_leads_out_of_the_folder_isnt_followed() {
    let session = Session::usual();
    session.usual_work();
    session.fixture.write("sandbox/src/lib", "other code\n");
    fs::rename(session.fixture.path("project/src"), session.fixture.path("outside")).unwrap();
    symlink(session.fixture.path("outside"), session.fixture.path("project/src")).unwrap();
    fs::create_dir(session.fixture.path("elsewhere")).unwrap();
    symlink("../elsewhere", session.fixture.path("project/new")).unwrap();
    let made = Command::new("mkfifo").arg(session.fixture.path("project/data")).status().unwrap();
    assert!(made.success());
    assert_eq!(session.conflicts().await, ["data", "new", "src/lib"]);
    assert_eq!(fs::read_to_string(session.fixture.path("outside/lib")).unwrap(), "code\n");
    assert!(fs::read_dir(session.fixture.path("elsewhere")).unwrap().next().is_none());
}

#[tokio::test]
async fn a_tree_that_no_git_writes_is_refused() {
    let session = Session::usual();
    let before = snapshot(&session.fixture.path("project"));
    let tree_of = |entry: &str| {
        let script = format!("printf '{entry}' | git mktree -z");
        let made =
            Command::new("sh").args(["-c", &script]).current_dir(session.fixture.path("sandbox")).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        String::from_utf8(made.stdout).unwrap().trim_end().to_owned()
    };
    session.fixture.write("payload", "[core]\n\tfsmonitor = touch /tmp/ran\n");
    let payload = session.fixture.git("sandbox", &["hash-object", "-w", "../payload"]);
    for name in [".git", ".GIT", "git~1", "..", "."] {
        let inner = tree_of(&format!("100644 blob {payload}\\tconfig\\0"));
        let tree = tree_of(&format!("040000 tree {inner}\\t{name}\\0"));
        let ended = session.try_bundle(&session.bundle_of(&tree)).await;
        assert!(ended.is_err(), "{name}: {ended:?}");
        assert!(changed_since(&before, &session.fixture.path("project")).is_empty(), "{name}");
    }
}

#[tokio::test]
async fn what_the_session_does_later_is_measured_from_what_it_left() {
    let session = Session::usual();
    session.usual_work();
    session.apply().await;
    session.fixture.write("sandbox/readme", "changed again\n");
    fs::remove_file(session.fixture.path("sandbox/data")).unwrap();
    // Back to what it was at the start.
    session.fixture.write("sandbox/src/gone", "gone\n");
    let (second, files) = session.apply().await;
    assert_eq!(files, ["data", "readme", "src/gone"]);
    session.fixture.write("project/readme", "mine\n");
    session.fixture.write("sandbox/readme", "changed once more\n");
    assert_eq!(session.conflicts().await, ["readme"]);
    let refused = session.undo(second).await.unwrap_err().to_string();
    assert!(refused.contains("readme"), "{refused}");
    session.fixture.write("project/readme", "changed again\n");
    session.undo(second).await.unwrap();
    assert_eq!(fs::read_to_string(session.fixture.path("project/readme")).unwrap(), "changed\n");
}

#[tokio::test]
async fn a_file_takes_the_place_of_a_folder_and_a_folder_that_of_a_file() {
    let session = Session::new(|fixture| {
        fixture.write("project/folder/a/b", "b\n");
        fixture.write("project/folder/c", "c\n");
        fixture.write("project/file", "file\n");
    });
    let before = session.files("project");
    fs::remove_dir_all(session.fixture.path("sandbox/folder")).unwrap();
    session.fixture.write("sandbox/folder", "now a file\n");
    fs::remove_file(session.fixture.path("sandbox/file")).unwrap();
    session.fixture.write("sandbox/file/x", "now a folder\n");
    // Of which not all may go.
    session.fixture.write("project/folder/mine", "mine\n");
    assert_eq!(session.conflicts().await, ["folder"]);
    fs::remove_file(session.fixture.path("project/folder/mine")).unwrap();
    let (number, _) = session.apply().await;
    assert_eq!(session.files("project"), session.files("sandbox"));
    session.fixture.write("project/file/mine", "mine\n");
    assert!(session.undo(number).await.is_err());
    fs::remove_file(session.fixture.path("project/file/mine")).unwrap();
    session.undo(number).await.unwrap();
    assert_eq!(session.files("project"), before);
}

#[tokio::test]
async fn what_a_killed_server_left_half_done_is_undone_by_the_next() {
    let session = Session::usual();
    let before = session.files("project");
    session.usual_work();
    let (number, files) = session.apply().await;
    let done = session.files("project");
    let shelf = session.fixture.path("data/applied/1");
    for half in 0..=files.len() {
        // As if it had been killed after some of the steps, and while it wrote the next file.
        fs::remove_file(shelf.join(format!("{number}/done"))).unwrap();
        let kept = journal_of(&shelf, number);
        for path in &files[half..] {
            let to = session.fixture.path("project").join(path);
            if to.symlink_metadata().is_ok() {
                fs::remove_file(&to).unwrap();
            }
            if before.contains_key(path) {
                let from = session.fixture.path("before").join(path);
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                if !from.exists() {
                    session.fixture.git("sandbox", &["worktree", "add", "-q", "-f", "../before", &session.start]);
                }
                let copied = Command::new("cp").arg("-a").args([&from, &to]).status().unwrap();
                assert!(copied.success());
            }
        }
        if let Some(path) = files.get(half) {
            let part = session.fixture.path("project").join(path).with_file_name(&kept[half]);
            fs::create_dir_all(part.parent().unwrap()).unwrap();
            fs::write(part, "half").unwrap();
        }
        settle_deposits(&session.fixture.path("data/applied")).await.unwrap();
        assert_eq!(session.files("project"), before, "after {half} steps");
        assert!(!shelf.join(number.to_string()).exists());
        assert_eq!(session.apply().await.0, number);
        assert_eq!(session.files("project"), done);
    }
}

#[tokio::test]
async fn what_somebody_changed_after_the_server_was_killed_stays() {
    let session = Session::usual();
    session.usual_work();
    let (number, _) = session.apply().await;
    let shelf = session.fixture.path("data/applied/1");
    fs::remove_file(shelf.join(format!("{number}/done"))).unwrap();
    session.fixture.write("project/readme", "mine\n");
    settle_deposits(&session.fixture.path("data/applied")).await.unwrap();
    assert_eq!(fs::read_to_string(session.fixture.path("project/readme")).unwrap(), "mine\n");
    assert_eq!(fs::read_to_string(session.fixture.path("project/src/gone")).unwrap(), "gone\n");
    assert!(shelf.join(format!("{number}.left/journal.json")).exists());
}

#[tokio::test]
async fn a_step_that_fails_takes_all_others_back() {
    let session = Session::usual();
    let before = session.files("project");
    session.usual_work();
    // The name under which the last file is written until it is whole is taken.
    let (number, files) = session.apply().await;
    let parts = journal_of(&session.fixture.path("data/applied/1"), number);
    session.undo(number).await.unwrap();
    let last = files.iter().rposition(|file| session.files("sandbox").contains_key(file)).unwrap();
    let taken = session.fixture.path("project").join(&files[last]).with_file_name(&parts[last]);
    fs::create_dir_all(taken.join("in the way")).unwrap();
    assert!(session.try_apply().await.is_err());
    fs::remove_dir_all(&taken).unwrap();
    settle_deposits(&session.fixture.path("data/applied")).await.unwrap();
    assert_eq!(session.files("project"), before);
}

#[tokio::test]
async fn neither_repositories_nor_the_servers_own_data_are_written() {
    let session = Session::usual();
    session.fixture.git(".", &["init", "-q", "sandbox/nested"]);
    session.fixture.write("sandbox/nested/file", "x\n");
    session.fixture.commit_all("sandbox/nested", "Nested");
    let refused = session.try_apply().await.unwrap_err().to_string();
    assert!(refused.contains("nested is a repository of its own"), "{refused}");

    let session = Session::usual();
    fs::remove_dir_all(session.fixture.path("data")).unwrap();
    fs::create_dir_all(session.fixture.path("project/data/scratch")).unwrap();
    symlink("project/data", session.fixture.path("data")).unwrap();
    session.fixture.write("sandbox/data/database", "x\n");
    assert_eq!(session.conflicts().await, ["data/database"]);
}

#[tokio::test]
async fn a_session_that_started_from_a_commit_says_why_it_isnt_put_into_a_folder() {
    let session = Session::usual();
    session.bundle();
    let out = session.fixture.path("other.bundle");
    session.fixture.git("sandbox", &["bundle", "create", "-q", out.to_str().unwrap(), BUNDLE_RESULT_REF]);
    let at = |name: &str| session.fixture.path(name);
    let refused = deposit(&at("project"), &out, &at("data/applied/1"), &at("data/scratch"), &at("data")).await;
    assert!(refused.unwrap_err().to_string().starts_with("What this session started with isn’t known"));
}

#[tokio::test]
async fn line_ends_that_git_changes_are_no_conflict() {
    let session = Session::new(|fixture| {
        fixture.write("project/.gitattributes", "* text=auto\n");
        fixture.write("project/dos", "one\r\ntwo\r\n");
    });
    session.fixture.write("sandbox/dos", "one\ntwo\nthree\n");
    let (number, _) = session.apply().await;
    assert_eq!(fs::read_to_string(session.fixture.path("project/dos")).unwrap(), "one\ntwo\nthree\n");
    session.undo(number).await.unwrap();
    assert_eq!(fs::read_to_string(session.fixture.path("project/dos")).unwrap(), "one\r\ntwo\r\n");
}
