//! A session that goes on from where another one was.

use http_body_util::BodyExt as _;
use hyper::StatusCode;
use octobot_wire::code::Changes;

use crate::code::{bundle_of, bundle_of_folder, git};
use crate::sandbox::Sandbox;

/// Another sandbox that got what the first one was at a moment.
async fn forked(sandbox: &Sandbox, moment: &str) -> Sandbox {
    let answer = sandbox.send("GET", &format!("/fork{moment}"), Vec::new()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let bundle = answer.into_body().collect().await.unwrap().to_bytes();
    let fork = Sandbox::start().await;
    assert_eq!(fork.send("POST", "/code", bundle.to_vec()).await.status(), StatusCode::OK);
    fork
}

fn workspace(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.path("home/workspace")
}

fn status(sandbox: &Sandbox) -> String {
    git(&workspace(sandbox), &["status", "--short", "--branch"])
}

async fn changed(sandbox: &Sandbox) -> Vec<String> {
    let (status, changes) = sandbox.ask::<Changes>("GET", "/changes", &()).await;
    assert_eq!(status, StatusCode::OK);
    changes.files.into_iter().map(|file| file.path).collect()
}

#[tokio::test]
async fn commits_arrive_as_commits_and_what_isnt_committed_as_what_isnt() {
    let sandbox = Sandbox::start().await;
    let bundle = bundle_of(
        |folder| {
            std::fs::write(folder.join("a"), "a\n").unwrap();
            std::fs::write(folder.join("gone"), "gone\n").unwrap();
        },
        |folder| std::fs::write(folder.join("mine"), "mine\n").unwrap(),
    );
    assert_eq!(sandbox.send("POST", "/code", bundle).await.status(), StatusCode::OK);
    let script = "echo 1 >one; git add one; git commit -qm one; rm gone; echo loose >loose";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    assert_eq!(sandbox.run(2, "git add -A; git commit -qm two; echo more >>a").await.exit_code(), 0);

    let fork = forked(&sandbox, &format!("?turn={}", sandbox.turn_id(1))).await;
    assert_eq!(status(&fork), "## octobot\n D gone\n?? loose\n?? mine\n");
    assert_eq!(git(&workspace(&fork), &["log", "--format=%s"]).lines().next(), Some("one"));
    assert_eq!(changed(&fork).await, ["gone", "loose", "one"]);
    let fork = forked(&sandbox, &format!("?turn={}&before=true", sandbox.turn_id(1))).await;
    assert_eq!(status(&fork), "## octobot\n?? mine\n");
    assert_eq!(changed(&fork).await, Vec::<String>::new());
    let fork = forked(&sandbox, "").await;
    assert_eq!(status(&fork), "## octobot\n M a\n");
    assert_eq!(git(&workspace(&fork), &["log", "--format=%s"]).lines().next(), Some("two"));

    // What the fork makes is told from the same commit, so that the workspace can take it over.
    assert_eq!(fork.run(3, "git commit -qam three").await.exit_code(), 0);
    let answer = fork.send("GET", "/result", Vec::new()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    std::fs::write(fork.path("bundle"), answer.into_body().collect().await.unwrap().to_bytes()).unwrap();
    let heads = git(fork.folder.path(), &["bundle", "list-heads", "bundle"]);
    assert_eq!(heads.lines().count(), 1, "{heads}");
    let refs = git(&workspace(&fork), &["for-each-ref", "--format=%(refname)", "refs/octobot/fork"]);
    assert_eq!(refs, "");
    let unknown = sandbox.send("GET", &format!("/fork?turn={}", sandbox.turn_id(9)), Vec::new()).await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_folder_without_a_commit_is_forked_with_what_was_committed_since() {
    let sandbox = Sandbox::start().await;
    let bundle = bundle_of_folder(|folder| std::fs::write(folder.join("a"), "a\n").unwrap());
    assert_eq!(sandbox.send("POST", "/code", bundle).await.status(), StatusCode::OK);
    assert_eq!(sandbox.run(1, "echo b >b").await.exit_code(), 0);
    assert_eq!(sandbox.run(2, "git add b; git commit -qm b; echo c >c").await.exit_code(), 0);
    let fork = forked(&sandbox, &format!("?turn={}", sandbox.turn_id(1))).await;
    assert_eq!(status(&fork), "## No commits yet on main\n?? a\n?? b\n");
    assert_eq!(changed(&fork).await, ["b"]);
    let fork = forked(&forked(&sandbox, "").await, "").await;
    assert_eq!(status(&fork), "## main\n?? a\n?? c\n");
    assert_eq!(changed(&fork).await, ["b", "c"]);
}
