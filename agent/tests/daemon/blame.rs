//! Where lines of files are from.

use hyper::StatusCode;
use octobot_wire::code::Blame;
use octobot_wire::daemon::DaemonProblem;

use crate::code::bundle_of;
use crate::repository::done;
use crate::sandbox::Sandbox;

async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().await;
    let bundle = bundle_of(
        |folder| {
            std::fs::write(folder.join("file"), "1\n2\n3\n4\n").unwrap();
            std::fs::write(folder.join("-odd name"), "odd\n").unwrap();
            std::fs::write(folder.join("empty"), "").unwrap();
        },
        |_| {},
    );
    assert_eq!(sandbox.send("POST", "/code", bundle).await.status(), StatusCode::OK);
    sandbox
}

/// The runs of a file, each as its lines and the subject of its commit.
async fn told(sandbox: &Sandbox, query: &str) -> Vec<String> {
    let blame: Blame = done(sandbox, "GET", &format!("/blame?{query}"), &()).await;
    let runs = blame.runs.iter().map(|run| {
        let commit = run.commit.map_or("-", |commit| &blame.commits[commit as usize].subject);
        format!("{}+{} {commit}", run.first, run.count)
    });
    runs.collect()
}

#[tokio::test]
async fn each_line_is_told_with_its_commit_and_new_ones_as_such() {
    let sandbox = sandbox().await;
    // A list of commits to leave out, names, and filters that the repository wants to be read and run.
    let script = "git config user.name 'A Person'; sed -i 's/2/two/' file; git commit -qam second; echo 5 >>file; \
                  sed -i '1i 0' file; echo new >new; git config blame.ignoreRevsFile ../token; git config mailmap.file ../token; \
                  echo '* diff=evil filter=evil' >.git/info/attributes; git config diff.evil.textconv 'touch ../ran; cat'; \
                  git config blame.showEmail true; git config core.fsmonitor 'touch ../ran'";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    assert_eq!(told(&sandbox, "path=file").await, ["1+1 -", "2+1 one", "3+1 second", "4+2 one", "6+1 -"]);
    assert_eq!(told(&sandbox, "path=file&from=2&count=2").await, ["3+1 second", "4+1 one"]);
    assert_eq!(told(&sandbox, "path=file&from=99").await, [""; 0]);
    assert_eq!(told(&sandbox, "path=file&count=0").await, [""; 0]);
    assert_eq!(told(&sandbox, "path=new").await, ["1+1 -"]);
    assert_eq!(told(&sandbox, "path=-odd%20name").await, ["1+1 one"]);
    assert_eq!(told(&sandbox, "path=empty").await, [""; 0]);
    let blame: Blame = done(&sandbox, "GET", "/blame?path=file", &()).await;
    let second = blame.commits.iter().find(|commit| commit.subject == "second").unwrap();
    assert_eq!((second.author.as_str(), second.id.len(), blame.total), ("A Person", 40, 6));
    assert!(!sandbox.path("home/ran").exists());

    sandbox.run(2, "git symbolic-ref HEAD refs/heads/unborn").await;
    assert_eq!(told(&sandbox, "path=file").await, ["1+6 -"]);
}

#[tokio::test]
async fn what_is_no_file_of_the_workspace_has_no_lines_to_tell_of() {
    let sandbox = sandbox().await;
    let script = "echo secret >../secret; ln -s ../secret link; ln -s .. out; mkfifo pipe; mkdir folder";
    assert_eq!(sandbox.run(1, script).await.exit_code(), 0);
    for path in ["link", "out/secret", "../secret", "pipe", "folder", "none", "", "/etc/passwd"] {
        let (status, problem) = sandbox.ask::<DaemonProblem>("GET", &format!("/blame?path={path}"), &()).await;
        assert!(status.is_client_error(), "{path}: {status} {problem}");
    }
    assert_eq!(sandbox.send("GET", "/blame", Vec::new()).await.status(), StatusCode::BAD_REQUEST);
}
