//! `/api/projects/{project}/sessions/{session}/chat`: a session as an AI SDK client expects a chat to be.
//!
//! Here belongs the SDK's protocol and nothing else: prompts, answers and what is told of a turn are those of the
//! services. `request` is what a client sends, with the files in it (`data_url`), `chunk` what it gets, `telling` makes the
//! one from the other's turn, and `feed` sends it.

mod approval;
mod asked;
mod call;
mod chunk;
mod data_url;
mod feed;
mod request;
mod telling;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use octobot_wire::turn::SubmitPrompt;
use octobot_wire::{AttachmentId, Problem, ProjectId, SessionId, TurnId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::chunk::Chunk;
use self::feed::Audience;
use self::request::{ChatRequest, InvalidRequest, Wish};
use self::telling::Telling;
use super::Web;
use super::extract::{Backend, Ids, Json, Parameters};
use super::failure::Failure;
use crate::problem::{field_problem, of_service};

/// The routes of this resource.
pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(say)).routes(routes!(resume)).routes(routes!(resume_by_chat))
}

/// Which turn.
#[derive(Debug, Deserialize)]
struct Wanted {
    turn: Option<TurnId>,
}

impl From<InvalidRequest> for Failure {
    fn from(error: InvalidRequest) -> Self {
        field_problem("messages", error.to_string()).into()
    }
}

/// Sends a prompt, or answers to requests for permission, and streams the turn as an AI SDK UI message.
///
/// For `useChat` with a `DefaultChatTransport` whose `api` is this address. Each event's `data` is a chunk, and the last
/// one is `[DONE]`. The message's id is the turn's, which is also in the metadata.
///
/// The last message counts. One of the user becomes a turn; when another turn runs, it waits in the queue. The agent's
/// memory of the conversation is its own: earlier messages aren't read, and a message that is edited or regenerated
/// becomes a further turn. One of the agent carries answers to its requests for permission.
///
/// File parts go with the prompt as files that are uploaded do, with the same limits. Their content has to be in the
/// request, as a `data:` URL: so the SDK sends what is given to `sendMessage` as `files`. A conversation with many files
/// becomes too large for one request; sending its last message alone is enough (`prepareSendMessagesRequest`).
///
/// When the agent asks for permission, the message has a tool approval request and the stream ends. The client answers
/// with `addToolApprovalResponse` and sends the message back (`sendAutomaticallyWhen:
/// lastAssistantMessageIsCompleteWithApprovalResponses`); the turn is then told from its beginning (`reset-step`). A
/// response's `reason` may be the id of an option in the request's descriptor. Of several answers the first counts; when
/// somebody else has given it, the rest of the turn is where a lost stream is. What belongs to no tool call, such as a form,
/// is a part `data-permission`, and the stream goes on.
///
/// Closing the stream doesn't stop the turn: that is how a client can come back to it. `POST …/turns/{turn}/cancel`
/// stops it, and the message then ends with `abort`.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/chat", tag = "chat", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = ChatRequest, responses(
    (status = 200, description = "The turn, with the header `x-vercel-ai-ui-message-stream: v1`", body = Chunk, content_type = "text/event-stream"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn say(
    State(web): State<Web>,
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(request): Json<ChatRequest>,
) -> Result<Response, Failure> {
    let audience = Audience { caller: backend.caller, project: project.clone(), session };
    let telling = |turn| Telling::new(project.clone(), session, turn);
    let telling = match request.wish()? {
        Wish::Prompt { text, files } => {
            let stored = web.services.sessions.attach_all(backend.caller, &project, session, files).await;
            let stored = stored.map_err(|error| of_service(&error))?;
            let attachments = stored.into_iter().map(|file| AttachmentId::new(file.id)).collect();
            let submit = SubmitPrompt { prompt: text, attachments, ..SubmitPrompt::default() };
            telling(backend.sessions.submit(backend.caller, &project, session, submit).await?.id)
        }
        Wish::Answers { turn, decisions } => {
            let sessions = &web.services.sessions;
            for (number, decision) in &decisions {
                let decided = sessions.decide_permission(backend.caller, &project, session, turn, *number, decision);
                decided.await.map_err(|error| of_service(&error))?;
            }
            telling(turn).after_answers(decisions.into_iter().map(|(number, _)| number))
        }
    };
    Ok(feed::stream(web, audience, telling))
}

/// Streams the turn that runs, from its beginning: for a client that has lost its stream, or has none yet.
///
/// Where none runs, it is the one that runs next. As an AI SDK UI message, see the request that sends a prompt.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/chat/stream", tag = "chat", params(
    ("project" = String, Path, description = "The project's id"),
    ("session" = String, Path, description = "The session's id"),
    ("turn" = Option<String>, Query, description = "A turn, which may have ended, instead of the one that runs")
), responses(
    (status = 200, description = "The turn, with the header `x-vercel-ai-ui-message-stream: v1`", body = Chunk, content_type = "text/event-stream"),
    (status = 204, description = "No turn runs or waits"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn resume(
    State(web): State<Web>,
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Response, Failure> {
    resumed(web, Audience { caller: backend.caller, project, session }, wanted.turn).await
}

/// The same, at the address where `useChat` looks for it by itself. The client's name for the chat doesn't matter.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/chat/{chat}/stream", tag = "chat", params(
    ("project" = String, Path, description = "The project's id"),
    ("session" = String, Path, description = "The session's id"),
    ("chat" = String, Path, description = "The client's id of the chat"),
    ("turn" = Option<String>, Query, description = "A turn, which may have ended, instead of the one that runs")
), responses(
    (status = 200, description = "The turn, with the header `x-vercel-ai-ui-message-stream: v1`", body = Chunk, content_type = "text/event-stream"),
    (status = 204, description = "No turn runs or waits"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn resume_by_chat(
    State(web): State<Web>,
    Backend(backend): Backend,
    Ids((project, session, _)): Ids<(ProjectId, SessionId, String)>,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Response, Failure> {
    resumed(web, Audience { caller: backend.caller, project, session }, wanted.turn).await
}

async fn resumed(web: Web, audience: Audience, wanted: Option<TurnId>) -> Result<Response, Failure> {
    let Audience { caller, project, session } = &audience;
    let turn = web.services.sessions.turn_to_follow(*caller, project, *session, wanted).await;
    let Some(turn) = turn.map_err(|error| of_service(&error))? else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let telling = Telling::new(project.clone(), *session, turn);
    Ok(feed::stream(web, audience, telling))
}
