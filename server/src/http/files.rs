//! `/api/projects/{project}/sessions/{session}/files`: images and other files of a transcript or a prompt.
//!
//! An agent or anybody made them, so nothing in them may act as a page of this server: only images of the common kinds are shown,
//! all else is downloaded, and whatever a browser makes of one, it may do nothing.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use octobot_wire::{Problem, ProjectId, SessionId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Web;
use super::extract::{Backend, Ids};
use super::failure::Failure;
use crate::problem::of_service;

/// What is shown in the page. No SVG: it is a document with scripts.
const IMAGES: [&str; 5] = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"];

/// The routes of this resource.
pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(read))
}

/// A file of a transcript.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/files/{file}", tag = "sessions", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), ("file" = String, Path, description = "The file's id")), responses(
    (status = 200, description = "The file's bytes", body = Vec<u8>, content_type = "application/octet-stream"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn read(
    State(web): State<Web>,
    Backend(backend): Backend,
    Ids((project, session, file)): Ids<(ProjectId, SessionId, Uuid)>,
) -> Result<Response, Failure> {
    let found = web.services.sessions.file(backend.caller, &project, session, file).await;
    let (file, data) = found.map_err(|error| of_service(&error))?;
    // A file never changes: another one has another id.
    let caching = (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    Ok((harmless(&file.media_type, &file.name), [caching], data).into_response())
}

/// The headers of a file of anybody's making: nothing in it acts as a page of this server.
pub(super) fn harmless(media_type: &str, name: &str) -> [(HeaderName, HeaderValue); 4] {
    let (media_type, disposition) = presentation(media_type, name);
    [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_DISPOSITION, disposition),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    ]
}

/// The headers of a PDF, which the browser's own viewer shows in a frame of the page's. What the viewer doesn't take for one is
/// shown as nothing: its type isn't guessed, and a document that came of it would have no origin, no script and no request.
pub(super) fn harmless_pdf() -> [(HeaderName, HeaderValue); 4] {
    [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/pdf")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("inline")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'self'; sandbox"),
        ),
    ]
}

/// How a file is answered: as an image where it is one, else as something to save.
fn presentation(media_type: &str, name: &str) -> (HeaderValue, HeaderValue) {
    match IMAGES.iter().find(|image| image.eq_ignore_ascii_case(media_type)) {
        Some(image) => (HeaderValue::from_static(image), HeaderValue::from_static("inline")),
        None => (HeaderValue::from_static("application/octet-stream"), attachment(name)),
    }
}

/// The header that has a browser save a file under its name (RFC 6266).
fn attachment(name: &str) -> HeaderValue {
    use std::fmt::Write as _;
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut value = "attachment; filename*=UTF-8''".to_owned();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            value.push(char::from(byte));
        } else {
            write!(value, "%{byte:02X}").expect("writing to a string can't fail");
        }
    }
    HeaderValue::from_str(&value).expect("only letters, digits and percent signs were written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_images_are_shown() {
        assert_eq!(presentation("image/PNG", "a.png").0, "image/png");
        for media_type in ["image/svg+xml", "text/html", "", "image/png; x=\r\n", "application/pdf"] {
            let (shown_as, disposition) = presentation(media_type, "a");
            assert_eq!(shown_as, "application/octet-stream", "{media_type}");
            assert_eq!(disposition, "attachment; filename*=UTF-8''a");
        }
    }

    #[test]
    fn a_name_cannot_break_out_of_its_header() {
        assert_eq!(attachment("../é \"\r\n.txt"), "attachment; filename*=UTF-8''%C3%A9%20%22%0D%0A.txt");
    }
}
