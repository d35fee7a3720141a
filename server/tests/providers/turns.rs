//! That the agent daemon works as it should where the provider put it.

use std::path::Path;
use std::process::Command;

use octobot_server::sandbox::{DaemonClient, DaemonError, Secret};
use octobot_wire::code::{ChangeKind, FileKind};
use octobot_wire::daemon::{AT_START, BUNDLE_BASE_REF, BUNDLE_TREE_REF};

use super::bench::{Bench, ROOMY, connect_with, remove, run, session, start};

pub async fn a_turn_runs_as_the_sandboxs_user_in_the_workspace(bench: &dyn Bench) {
    let session = session();
    let client = start(bench, session).await;
    let outcome =
        run(&client, "id -un; id -u; pwd; hostname; echo $HOME; touch here ~/there /tmp/and-there && command ls").await;
    assert_eq!(outcome.output, "octobot\n1000\n/home/octobot/workspace\noctobot\n/home/octobot\nhere\n");
    assert!(outcome.succeeded());
    remove(bench, session).await;
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .env_remove("GIT_DIR")
        .output()
        .expect("there is a git");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub async fn code_arrives_as_a_bundle(bench: &dyn Bench) {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path();
    git(source, &["init", "--quiet"]);
    std::fs::write(source.join("file"), "committed\n").unwrap();
    git(source, &["add", "."]);
    git(source, &["commit", "--quiet", "--message", "First"]);
    let base = git(source, &["rev-parse", "HEAD"]);
    git(source, &["update-ref", BUNDLE_BASE_REF, &base]);
    std::fs::write(source.join("file"), "changed\n").unwrap();
    git(source, &["commit", "--quiet", "--all", "--message", "What the user sees"]);
    git(source, &["update-ref", BUNDLE_TREE_REF, "HEAD"]);
    git(source, &["bundle", "create", "--quiet", "code.bundle", BUNDLE_BASE_REF, BUNDLE_TREE_REF]);

    let session = session();
    let client = start(bench, session).await;
    assert!(!client.health().await.unwrap().has_code);
    let bundle = tokio::fs::File::open(source.join("code.bundle")).await.unwrap();
    assert_eq!(client.send_code(bundle, None).await.unwrap().base.as_deref(), Some(base.as_str()));
    assert!(client.health().await.unwrap().has_code);
    let outcome = run(&client, "cat file; git rev-parse HEAD; git status --porcelain").await;
    assert_eq!(outcome.output, format!("changed\n{base}\n M file\n"));
    let again = tokio::fs::File::open(source.join("code.bundle")).await.unwrap();
    let again = client.send_code(again, None).await;
    assert!(matches!(again, Err(DaemonError::Refused { status, .. }) if status == 409), "{again:?}");
    remove(bench, session).await;
}

pub async fn a_wrong_token_is_refused(bench: &dyn Bench) {
    let session = session();
    let mut connection = connect_with(bench, session, ROOMY).await;
    connection.token = Secret::new("wrong".to_owned());
    let refused = DaemonClient::new(connection).health().await;
    assert!(matches!(refused, Err(DaemonError::Refused { status, .. }) if status == 401), "{refused:?}");
    remove(bench, session).await;
}

pub async fn what_changed_is_told_and_files_are_read(bench: &dyn Bench) {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path();
    git(source, &["init", "--quiet"]);
    std::fs::write(source.join("file"), "one\n").unwrap();
    git(source, &["add", "."]);
    git(source, &["commit", "--quiet", "--message", "First"]);
    for reference in [BUNDLE_BASE_REF, BUNDLE_TREE_REF] {
        git(source, &["update-ref", reference, "HEAD"]);
    }
    git(source, &["bundle", "create", "--quiet", "code.bundle", BUNDLE_BASE_REF, BUNDLE_TREE_REF]);

    let session = session();
    let client = start(bench, session).await;
    let bundle = tokio::fs::File::open(source.join("code.bundle")).await.unwrap();
    client.send_code(bundle, None).await.unwrap();
    assert!(client.changes().await.unwrap().is_watched);
    run(&client, "echo two >>file; mkdir folder; ln -s /etc/passwd folder/link").await;
    let changes = client.changes().await.unwrap();
    let told: Vec<_> = changes.files.iter().map(|file| (file.change, file.path.as_str())).collect();
    assert_eq!(told, [(ChangeKind::Modified, "file"), (ChangeKind::Added, "folder/link")]);
    assert_eq!(client.content("file", None).await.unwrap().content, "one\ntwo\n");
    assert_eq!(client.content("file", Some(AT_START)).await.unwrap().content, "one\n");
    assert_eq!(client.content("folder/link", None).await.unwrap().kind, FileKind::Link);
    assert_eq!(client.folder("folder").await.unwrap().entries.len(), 1);
    let outside = client.content("../../etc/passwd", None).await;
    assert!(matches!(outside, Err(DaemonError::Refused { status, .. }) if status == 404), "{outside:?}");
    remove(bench, session).await;
}
