//! What a session has changed, and the files of its workspace.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use http_body_util::BodyExt as _;
use hyper::StatusCode;
use octobot_wire::code::{ChangeKind, ChangedFile, Changes, FileKind, Folder, LineCounts};
use octobot_wire::daemon::{BUNDLE_RESULT_REF, BUNDLE_START_REF, DaemonEventBody, DaemonProblem};
use octobot_wire::path::to_text;

use crate::code::{bundle_of, bundle_of_folder, git};
use crate::sandbox::{Sandbox, read};

/// A sandbox with a repository that holds some files, one of them not committed.
async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().await;
    let bundle = bundle_of(
        |folder| {
            std::fs::create_dir_all(folder.join("src/deep")).unwrap();
            std::fs::write(folder.join(".gitignore"), "target/\n*.log\n").unwrap();
            std::fs::write(folder.join("src/main.rs"), "fn main() {\n    one();\n    two();\n}\n").unwrap();
            std::fs::write(folder.join("src/deep/moved.txt"), "a\nb\nc\nd\ne\nf\n").unwrap();
            std::fs::write(folder.join("gone"), "1\n2\n").unwrap();
            std::fs::write(folder.join("image"), b"\0\x01").unwrap();
        },
        |folder| std::fs::write(folder.join("uncommitted"), "mine\n").unwrap(),
    );
    let status = sandbox.send("POST", "/code", bundle).await.status();
    assert_eq!(status, StatusCode::OK);
    sandbox
}

async fn changes(sandbox: &Sandbox) -> Changes {
    let (status, changes) = sandbox.ask("GET", "/changes", &()).await;
    assert_eq!(status, StatusCode::OK);
    changes
}

/// A file as the change, the path and the counts.
type Told<'a> = (ChangeKind, &'a str, Option<(u32, u32)>);

fn told(changes: &Changes) -> Vec<Told<'_>> {
    let told = |file: &'_ ChangedFile| file.lines.map(|LineCounts { added, removed }| (added, removed));
    changes.files.iter().map(|file| (file.change, file.path.as_str(), told(file))).collect()
}

async fn content(sandbox: &Sandbox, query: &str) -> (StatusCode, Vec<u8>) {
    let answer = sandbox.send("GET", &format!("/content?{query}"), Vec::new()).await;
    let status = answer.status();
    (status, answer.into_body().collect().await.unwrap().to_bytes().to_vec())
}

/// A text as a query has it.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |query, byte| query + &format!("%{byte:02X}"))
}

#[tokio::test]
async fn changes_are_those_since_the_start_whatever_the_agent_commits() {
    let sandbox = sandbox().await;
    assert_eq!(changes(&sandbox).await, Changes { is_watched: true, ..Changes::default() });
    let script = "sed -i 's/two/three/' src/main.rs; git mv src/deep/moved.txt src/moved.txt; echo g >>src/moved.txt; rm gone; \
                  printf '\\0\\2' >image; mkdir -p new/folder target; echo x >new/folder/file; echo y >target/built; echo z >a.log; \
                  chmod +x uncommitted; ln -s /etc/passwd link; git add new; git commit -qam one; echo w >>new/folder/file";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    let changed = changes(&sandbox).await;
    let expected = [
        (ChangeKind::Removed, "gone", Some((0, 2))),
        (ChangeKind::Modified, "image", None),
        (ChangeKind::Added, "link", Some((1, 0))),
        (ChangeKind::Added, "new/folder/file", Some((2, 0))),
        (ChangeKind::Modified, "src/main.rs", Some((1, 1))),
        (ChangeKind::Renamed, "src/moved.txt", Some((1, 0))),
        (ChangeKind::Modified, "uncommitted", Some((0, 0))),
    ];
    assert_eq!(told(&changed), expected);
    assert_eq!(changed.lines, LineCounts { added: 5, removed: 3 });
    let file = |path: &str| changed.files.iter().find(|file| file.path == path).unwrap();
    assert_eq!(file("src/moved.txt").old_path.as_deref(), Some("src/deep/moved.txt"));
    assert_eq!((file("uncommitted").kind, file("uncommitted").old_kind), (FileKind::Executable, Some(FileKind::File)));
    assert_eq!(file("link").kind, FileKind::Link);
    assert_eq!(changes(&sandbox).await, changed);

    // What is put back isn't a change any more, and a state comes back with its content.
    let before = file("src/main.rs").state.clone();
    sandbox.run(2, "cp src/main.rs kept.log; sed -i 's/three/two/' src/main.rs").await;
    assert!(changes(&sandbox).await.files.iter().all(|file| file.path != "src/main.rs"));
    sandbox.run(3, "cp kept.log src/main.rs").await;
    let again = changes(&sandbox).await;
    assert_eq!(again.files.iter().find(|file| file.path == "src/main.rs").unwrap().state, before);
}

#[tokio::test]
async fn whoever_has_looked_hears_once_that_more_has_changed() {
    let sandbox = sandbox().await;
    changes(&sandbox).await;
    let mut events = sandbox.follow(sandbox.health().await.last_event).await;
    std::fs::create_dir_all(sandbox.path("home/workspace/one/two")).unwrap();
    let heard = async |events: &mut crate::sandbox::Follower| {
        while events.next().await.unwrap().body != DaemonEventBody::CodeChanged {}
    };
    heard(&mut events).await;
    assert_eq!(changes(&sandbox).await.files, []);
    // In a folder that was empty when it was looked at.
    std::fs::write(sandbox.path("home/workspace/one/two/file"), "new\n").unwrap();
    heard(&mut events).await;
    assert_eq!(told(&changes(&sandbox).await), [(ChangeKind::Added, "one/two/file", Some((1, 0)))]);
    // What is ignored is no change: the next event is of what comes after it.
    std::fs::write(sandbox.path("home/workspace/one/two/a.log"), "").unwrap();
    let last = sandbox.health().await.last_event;
    changes(&sandbox).await;
    std::fs::remove_file(sandbox.path("home/workspace/one/two/file")).unwrap();
    heard(&mut events).await;
    assert!(sandbox.health().await.last_event > last);
    assert_eq!(changes(&sandbox).await.files, []);
}

#[tokio::test]
async fn names_of_every_kind_are_told_and_read() {
    let sandbox = sandbox().await;
    let workspace = sandbox.path("home/workspace");
    let names: [&[u8]; 6] =
        [b"-rf", b"a\nb", b"\"quoted\" 'x'", b"tab\there", b"\xff\xfe", "\u{10fffe}ü :(top)*".as_bytes()];
    for name in names {
        std::fs::write(workspace.join(OsStr::from_bytes(name)), "text\n").unwrap();
    }
    let changed = changes(&sandbox).await;
    let mut expected: Vec<String> = names.iter().map(|name| to_text(name)).collect();
    expected.sort();
    assert_eq!(changed.files.iter().map(|file| file.path.clone()).collect::<Vec<_>>(), expected);
    assert!(changed.files.iter().all(|file| file.lines == Some(LineCounts { added: 1, removed: 0 })));
    for path in expected {
        assert_eq!(
            content(&sandbox, &format!("path={}", encoded(&path))).await,
            (StatusCode::OK, b"text\n".to_vec()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn special_files_and_huge_ones_hold_nobody_up() {
    let sandbox = sandbox().await;
    let script = "rm gone image; mkfifo gone pipe; truncate -s 2G sparse; mkdir -p inner && git -C inner init -q && echo i >inner/file; \
                  touch .git/index.lock; rm src/main.rs; ln -s /proc/self/root src/main.rs";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    let changed = changes(&sandbox).await;
    let kinds: Vec<_> =
        changed.files.iter().map(|file| (file.path.as_str(), file.kind, file.lines.is_some())).collect();
    let expected = [
        ("gone", FileKind::Special, false),
        ("image", FileKind::File, false),
        ("inner", FileKind::Submodule, false),
        ("sparse", FileKind::File, false),
        ("src/main.rs", FileKind::Link, true),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(content(&sandbox, "path=sparse").await.0, StatusCode::PAYLOAD_TOO_LARGE);
    for path in ["pipe", "gone", "inner"] {
        assert_eq!(content(&sandbox, &format!("path={path}")).await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{path}");
    }
    assert_eq!(content(&sandbox, "path=src/main.rs").await, (StatusCode::OK, b"/proc/self/root".to_vec()));
    for path in ["src/main.rs/etc/passwd", "../token", "/etc/passwd", "src/../../token", "none"] {
        assert_eq!(content(&sandbox, &format!("path={path}")).await.0, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(content(&sandbox, &format!("path={path}&at=start")).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn the_agents_own_trouble_with_git_hides_nothing() {
    let sandbox = sandbox().await;
    // Hostile settings, a detached head, a conflict, an unborn branch; each with the same change on top.
    let states = [
        "git config core.fsmonitor 'touch /tmp/owned-$$; false'; git config diff.external false; git config core.worktree /etc; \
         git config core.untrackedCache keep; git config status.showUntrackedFiles no",
        "git --work-tree=. checkout -q --detach",
        "export GIT_WORK_TREE=.; git checkout -qb other; echo 1 >gone; git commit -qam 1; git checkout -q octobot; echo 2 >gone; \
         git commit -qam 2; git merge -q other; unset GIT_WORK_TREE; true",
        "git symbolic-ref HEAD refs/heads/unborn",
        "rm -f .git/index; echo broken >.git/index",
    ];
    for (number, state) in (1..).zip(states) {
        let script = format!("{state}; echo {number} >new");
        assert_eq!(sandbox.run(number, &script).await.exit_code(), 0);
        let changed = changes(&sandbox).await;
        let new = changed.files.iter().find(|file| file.path == "new").expect("the new file is told");
        assert_eq!(new.lines, Some(LineCounts { added: 1, removed: 0 }), "{state}");
    }
}

#[tokio::test]
async fn files_are_read_as_they_are_as_they_were_and_as_commits_have_them() {
    let sandbox = sandbox().await;
    let script = "echo mine >mine; echo 1 >gone; git add -A; git commit -qm one; echo 2 >gone";
    sandbox.run(1, script).await;
    let ok = |text: &str| (StatusCode::OK, text.as_bytes().to_vec());
    assert_eq!(content(&sandbox, "path=gone").await, ok("2\n"));
    assert_eq!(content(&sandbox, "path=gone&at=start").await, ok("1\n2\n"));
    assert_eq!(content(&sandbox, "path=uncommitted&at=start").await, ok("mine\n"));
    assert_eq!(content(&sandbox, "path=gone&at=HEAD").await, ok("1\n"));
    for at in ["none", "--help", "-n1", "HEAD%0Ax", ""] {
        assert_eq!(content(&sandbox, &format!("path=gone&at={at}")).await.0, StatusCode::NOT_FOUND, "{at}");
    }
}

#[tokio::test]
async fn folders_are_listed_one_at_a_time_with_what_is_ignored() {
    let sandbox = sandbox().await;
    sandbox.run(1, "mkdir -p target/debug; touch target/debug/x a.log").await;
    let (status, folder): (_, Folder) = sandbox.ask("GET", "/folder", &()).await;
    assert_eq!(status, StatusCode::OK);
    let told: Vec<_> = folder.entries.iter().map(|entry| (entry.name.as_str(), entry.is_ignored)).collect();
    let expected = [
        ("src", false),
        ("target", true),
        (".gitignore", false),
        ("a.log", true),
        ("gone", false),
        ("image", false),
        ("uncommitted", false),
    ];
    assert_eq!(told, expected);
    let (_, folder): (_, Folder) = sandbox.ask("GET", "/folder?path=target", &()).await;
    assert_eq!((folder.entries[0].name.as_str(), folder.entries[0].is_ignored), ("debug", true));
    assert_eq!(sandbox.send("GET", "/folder?path=..", Vec::new()).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn before_there_is_code_there_are_no_changes() {
    let sandbox = Sandbox::start().await;
    let (status, problem): (_, DaemonProblem) = read(sandbox.send("GET", "/changes", Vec::new()).await).await;
    assert_eq!((status, problem.detail.as_str()), (StatusCode::CONFLICT, "the workspace holds no code yet"));
}

#[tokio::test]
async fn what_the_session_made_is_given_as_a_bundle_and_as_a_patch() {
    let sandbox = sandbox().await;
    let bytes = async |path: &str| {
        let answer = sandbox.send("GET", path, Vec::new()).await;
        (answer.status(), answer.into_body().collect().await.unwrap().to_bytes())
    };
    assert_eq!(bytes("/patch").await.0, StatusCode::CONFLICT);
    let script = "echo 1 >committed; git add -A; git commit -qm mine; echo 2 >loose; mkdir target; echo 3 >target/ignored; rm gone; \
                  printf '\\0\\5' >image; git status --short >status.log";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    let workspace = sandbox.path("home/workspace");
    let status = git(&workspace, &["status", "--short"]);

    let (code, bundle) = bytes("/result").await;
    assert_eq!(code, StatusCode::OK, "{bundle:?}");
    std::fs::write(sandbox.path("bundle"), &bundle).unwrap();
    let received = sandbox.path("received");
    git(sandbox.folder.path(), &["clone", "-q", "home/workspace", "received"]);
    git(&received, &["reset", "-q", "--hard", "origin/octobot~1"]);
    git(&received, &["fetch", "-q", "../bundle", BUNDLE_RESULT_REF]);
    assert_eq!(git(&received, &["log", "--format=%s", "-2", "FETCH_HEAD"]).lines().last(), Some("mine"));
    let files = git(&received, &["ls-tree", "-r", "--name-only", "FETCH_HEAD"]);
    assert!(files.contains("committed\n") && files.contains("loose\n") && !files.contains("ignored\n"), "{files}");

    let (code, patch) = bytes("/patch").await;
    assert_eq!(code, StatusCode::OK);
    std::fs::write(sandbox.path("patch"), &patch).unwrap();
    std::fs::write(received.join("uncommitted"), "mine\n").unwrap();
    git(&received, &["apply", "../patch"]);
    assert_eq!(std::fs::read(received.join("image")).unwrap(), b"\0\x05");
    assert!(!received.join("gone").exists());

    // Neither the agent's index nor its branch is another, and nothing is left in the daemon's folder.
    assert_eq!(git(&workspace, &["status", "--short"]), status);
    assert_eq!(git(&workspace, &["log", "--format=%s", "-1"]), "mine\n");
    assert!(!sandbox.path("data/result.bundle").exists() && !sandbox.path("data/result.patch").exists());
}

#[tokio::test]
async fn of_a_folder_without_a_commit_the_start_is_given_beside_the_result() {
    let sandbox = Sandbox::start().await;
    let bundle = bundle_of_folder(|folder| {
        std::fs::write(folder.join("kept.log"), "kept\n").unwrap();
        std::fs::write(folder.join("changed"), "before\n").unwrap();
    });
    assert_eq!(sandbox.send("POST", "/code", bundle).await.status(), StatusCode::OK);
    assert_eq!(sandbox.send("GET", "/result", Vec::new()).await.status(), StatusCode::CONFLICT);
    // What is ignored from now on isn't gone; what is ignored and new belongs to nobody but the sandbox, unless it was added.
    let script = "echo '*.log' >.gitignore; echo after >changed; git add .gitignore changed; git commit -qm mine; echo 1 >new.log; \
                  echo 2 >added.log; git add -f added.log; echo 3 >loose";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    let answer = sandbox.send("GET", "/result", Vec::new()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    std::fs::write(sandbox.path("bundle"), answer.into_body().collect().await.unwrap().to_bytes()).unwrap();
    git(sandbox.folder.path(), &["init", "-q", "received"]);
    let received = sandbox.path("received");
    git(&received, &["fetch", "-q", "../bundle", "refs/octobot/*:refs/octobot/*"]);
    let files = |name: &str| git(&received, &["ls-tree", "-r", "--name-only", name]);
    assert_eq!(files(BUNDLE_START_REF), "changed\nkept.log\n");
    assert_eq!(files(BUNDLE_RESULT_REF), ".gitignore\nadded.log\nchanged\nkept.log\nloose\n");
}

#[tokio::test]
async fn files_that_come_and_go_while_they_are_looked_at_are_no_failure() {
    let sandbox = sandbox().await;
    let script = "for i in $(seq 2000); do seq 3000 >came; cp came again; mv came went; rm went again; done & \
                  for i in $(seq 2000); do seq 3000 >one; mv one two; rm two; done; wait";
    sandbox.deliver(1, "", script).await;
    for _ in 0..60 {
        let (status, changes) = sandbox.ask::<serde_json::Value>("GET", "/changes", &()).await;
        assert_eq!(status, StatusCode::OK, "{changes}");
    }
    sandbox.cancel(1).await;
}
