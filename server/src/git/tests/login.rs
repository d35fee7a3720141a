//! Logins that git is lent for one command.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::git::{Login, RemoteFault, clone_into_cache};

/// A remote that wants a login and takes none; or one that sends elsewhere.
#[derive(Clone, Default)]
struct Remote {
    elsewhere: Option<String>,
    logins: Arc<Mutex<Vec<String>>>,
}

async fn answer(State(remote): State<Remote>, request: Request) -> Response {
    if let Some(login) = request.headers().get(header::AUTHORIZATION) {
        remote.logins.lock().unwrap().push(login.to_str().unwrap().to_owned());
    }
    match &remote.elsewhere {
        Some(url) => (StatusCode::FOUND, [(header::LOCATION, format!("{url}{}", request.uri()))]).into_response(),
        None => (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"git\"")]).into_response(),
    }
}

/// Starts one, and tells where it is.
async fn remote(elsewhere: Option<String>) -> (String, Remote) {
    let remote = Remote { elsewhere, ..Remote::default() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer).with_state(remote.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (origin, remote)
}

async fn clone(fixture: &Fixture, origin: &str, login: &Login) -> GitError {
    let (url, cache) = (format!("{origin}/a/b.git"), fixture.path("cache"));
    clone_into_cache(&url, Some(login), &cache, |_| {}, &CancellationToken::new()).await.unwrap_err()
}

#[tokio::test]
async fn a_login_is_for_its_own_host_wherever_that_sends_git() {
    let fixture = Fixture::new();
    let (there, heard_there) = remote(None).await;
    let (here, known_here) = remote(Some(there.clone())).await;
    let login = |origin: &str| Login::new(origin.to_owned(), "me", "it's \"$HOME\" `x` %s \\n".to_owned());
    let failed = clone(&fixture, &here, &login(&here)).await;
    assert!(matches!(failed, GitError::Remote { fault: RemoteFault::LoginRefused, .. }), "{failed}");
    assert_eq!(*known_here.logins.lock().unwrap(), [] as [String; 0]);
    assert_eq!(*heard_there.logins.lock().unwrap(), [] as [String; 0]);

    let failed = clone(&fixture, &there, &login(&there)).await;
    assert!(matches!(failed, GitError::Remote { fault: RemoteFault::LoginRefused, .. }), "{failed}");
    // As it was given, character for character.
    let sent = "Basic bWU6aXQncyAiJEhPTUUiIGB4YCAlcyBcbg==";
    assert_eq!(*heard_there.logins.lock().unwrap(), [sent]);
    assert!(!format!("{failed} {:?}", login(&there)).contains("it's"));
}
