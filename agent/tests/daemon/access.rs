//! Who may call, and how wrong calls are answered.

use std::os::unix::fs::PermissionsExt as _;

use hyper::StatusCode;
use octobot_wire::daemon::DaemonProblem;

use crate::sandbox::{AGENT, Sandbox, TOKEN, daemon_arguments, read};

#[tokio::test]
async fn nothing_is_answered_without_the_token() {
    let sandbox = Sandbox::start().await;
    let almost = format!("Bearer {}x", &TOKEN[1..]);
    let longer = format!("Bearer {TOKEN}0");
    for wrong in [None, Some("Bearer "), Some(TOKEN), Some("Basic 0123"), Some(&almost), Some(&longer)] {
        for path in ["/health", "/events", "/nowhere"] {
            let response = sandbox.send_as(wrong, "GET", path, Vec::new()).await;
            let (status, problem) = read::<DaemonProblem>(response).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{wrong:?} {path}");
            assert!(!problem.detail.contains(TOKEN));
        }
    }
    assert_eq!(sandbox.health().await.last_event, 0);
}

#[tokio::test]
async fn wrong_calls_are_answered_with_problems() {
    let sandbox = Sandbox::start().await;
    let calls = [
        ("GET", "/nowhere", "", StatusCode::NOT_FOUND),
        ("GET", "/turns", "", StatusCode::METHOD_NOT_ALLOWED),
        ("POST", "/turns", "{", StatusCode::BAD_REQUEST),
        ("POST", "/turns", "{}", StatusCode::UNPROCESSABLE_ENTITY),
        ("POST", "/turns/x/cancel", "", StatusCode::BAD_REQUEST),
        ("POST", "/turns/0190163d-8694-739b-aea5-000000000001/cancel", "", StatusCode::NOT_FOUND),
        ("GET", "/events?after=x", "", StatusCode::BAD_REQUEST),
        ("GET", "/events?after=1", "", StatusCode::CONFLICT),
    ];
    for (method, path, body, expected) in calls {
        let (status, problem) = read::<DaemonProblem>(sandbox.send(method, path, body.into()).await).await;
        assert_eq!(status, expected, "{method} {path}: {problem}");
        assert!(!problem.detail.is_empty());
    }
}

#[tokio::test]
async fn only_the_sandboxs_user_can_reach_the_socket_and_read_the_log() {
    let sandbox = Sandbox::start().await;
    for file in ["socket", "data/events.ndjson"] {
        let mode = std::fs::metadata(sandbox.path(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn a_short_token_is_refused() {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("token"), "short").unwrap();
    let output = std::process::Command::new(AGENT).arg("daemon").args(daemon_arguments(&folder)).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("at least 32 characters"));
}
