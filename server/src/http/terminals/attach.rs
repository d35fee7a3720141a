//! `…/terminals/{terminal}/attach`: a WebSocket through to the agent daemon.
//!
//! The daemon and whoever is attached have agreed on the handshake themselves, so what follows is passed on as bytes: no frame is
//! read or made here, and nothing is held but two buffers.

use std::io;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use octobot_wire::{Problem, ProblemKind, ProjectId, SessionId, TerminalId};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio_util::sync::CancellationToken;

use super::After;
use crate::http::Web;
use crate::http::extract::{Backend, Ids, Parameters};
use crate::http::failure::Failure;
use crate::problem::{of_service, problem};
use crate::services::Attendance;

/// So much is passed on at once.
const BUFFER: usize = 64 * 1024;

/// What of the daemon's answer to the handshake is passed on.
const ANSWER: [header::HeaderName; 3] = [header::CONNECTION, header::UPGRADE, header::SEC_WEBSOCKET_ACCEPT];

/// Attaches to a terminal by a WebSocket, from a byte on or from the beginning of what is kept.
///
/// Binary messages are bytes: what the terminal prints, and what is typed. Text messages are JSON: `TerminalNews` from the server, and
/// `TerminalOrder` to it. At most 512 KiB are sent beyond the offset of the last `shown`, so a client has to say what it has
/// shown; at most 64 KiB are taken beyond what the last `taken` says. The handshake needs an `Origin`, which has to be this
/// server's own.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/terminals/{terminal}/attach", tag = "terminals", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), ("terminal" = String, Path, description = "The terminal's id"), ("after" = Option<u64>, Query, description = "The number of the first byte that is wanted")), responses(
    (status = 101, description = "A WebSocket"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
pub(super) async fn attach(
    State(web): State<Web>,
    Backend(backend): Backend,
    Ids((project, session, terminal)): Ids<(ProjectId, SessionId, TerminalId)>,
    Parameters(After { after }): Parameters<After>,
    mut request: Request,
) -> Result<Response, Failure> {
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>().filter(|_| is_websocket(request.headers()))
    else {
        return Err(problem(ProblemKind::Invalid, "A terminal is attached to by a WebSocket, version 13.").into());
    };
    let attached =
        web.services.terminals.attach(backend.caller, &project, session, terminal, after, request.headers()).await;
    let (attached, attendance) = attached.map_err(|error| of_service(&error))?;
    let mut response = (StatusCode::SWITCHING_PROTOCOLS, Body::empty()).into_response();
    for name in ANSWER {
        if let Some(value) = attached.answer.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    tokio::spawn(pass_on(upgrade, attached.stream, web.shutdown.clone(), attendance));
    Ok(response)
}

fn is_websocket(headers: &HeaderMap) -> bool {
    let is = |name: header::HeaderName, wanted: &str| {
        headers.get(name).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(wanted.as_bytes()))
    };
    is(header::UPGRADE, "websocket") && is(header::SEC_WEBSOCKET_VERSION, "13")
}

/// Passes bytes on until one of the two ends, or the server does.
async fn pass_on(upgrade: OnUpgrade, daemon: Upgraded, shutdown: CancellationToken, _attendance: Attendance) {
    let client = match upgrade.await {
        Ok(client) => client,
        Err(error) => {
            tracing::debug!(error = %error, "who wanted to attach to a terminal has gone");
            return;
        }
    };
    let (from_client, to_client) = tokio::io::split(TokioIo::new(client));
    let (from_daemon, to_daemon) = tokio::io::split(TokioIo::new(daemon));
    let ended = tokio::select! {
        ended = copy(from_daemon, to_client) => ended,
        ended = copy(from_client, to_daemon) => ended,
        () = shutdown.cancelled() => Ok(()),
    };
    if let Err(error) = ended {
        tracing::debug!(error = %error, "the connection to a terminal broke");
    }
}

async fn copy(from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) -> io::Result<()> {
    tokio::io::copy_buf(&mut BufReader::with_capacity(BUFFER, from), &mut to).await?;
    to.shutdown().await
}
