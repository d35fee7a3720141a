//! Which files are taken.

use octobot_wire::UserId;
use octobot_wire::turn::SubmitPrompt;
use uuid::Uuid;

use super::*;
use crate::services::bench::{Ground, session_service};

const CALLER: Caller = Caller { user_id: UserId::ANONYMOUS };

/// The beginning of a PNG image of this size.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut data = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    data.extend(width.to_be_bytes());
    data.extend(height.to_be_bytes());
    data
}

fn upload(name: &str, media_type: &str, data: &[u8]) -> Upload {
    Upload { name: name.to_owned(), media_type: media_type.to_owned(), data: data.to_vec() }
}

fn checked(name: &str, media_type: &str, data: &[u8]) -> Result<(String, String), AttachmentError> {
    check(Uuid::from_u128(1), &upload(name, media_type, data)).map(|file| (file.name, file.media_type))
}

#[test]
fn the_content_says_what_a_file_is_and_its_name_leads_nowhere() {
    let taken = |name: &str, media_type: &str| Ok((name.to_owned(), media_type.to_owned()));
    assert_eq!(checked("a.txt", "text/html", b"<script>"), taken("a.txt", "text/plain"));
    assert_eq!(checked("x\\../b\n.png", "text/plain", &png(1, 1)), taken("b.png", "image/png"));
    assert_eq!(checked("a.svg", "image/svg+xml", b"<svg/>"), taken("a.svg", "text/plain"));
    assert_eq!(checked("..", "", b"\0"), taken("file", "application/octet-stream"));
}

#[test]
fn what_an_agent_couldnt_take_is_refused() {
    let refused = |media_type: &str, data: &[u8]| checked("a", media_type, data).unwrap_err();
    assert!(matches!(refused("", b""), AttachmentError::Empty { .. }));
    assert!(matches!(refused("image/PNG", b"<html>"), AttachmentError::NoImage { .. }));
    assert!(matches!(refused("image/png", &png(2_001, 1)), AttachmentError::TooManyPixels { width: 2_001, .. }));
    let mut large = png(1, 1);
    large.resize(MAX_IMAGE_BYTES + 1, 0);
    assert!(matches!(refused("image/png", &large), AttachmentError::TooLarge { most: MAX_IMAGE_BYTES, .. }));
    let large = vec![b'x'; MAX_ATTACHMENT_BYTES + 1];
    assert!(matches!(refused("", &large), AttachmentError::TooLarge { most: MAX_ATTACHMENT_BYTES, .. }));
}

#[tokio::test]
async fn of_several_files_all_are_stored_or_none() {
    let Ground { core, session, folder: _folder, .. } = Ground::new().await;
    let service = session_service(core).await;
    let project = ProjectId::local();
    let attach = async |uploads: Vec<Upload>| service.attach_all(CALLER, &project, session, uploads).await;
    let text = |name: &str| upload(name, "", b"data");
    let stored = attach(vec![text("a"), text("b")]).await.unwrap();
    let names: Vec<_> = stored.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert!(attach(Vec::new()).await.unwrap().is_empty());
    let refused = attach(vec![text("c"), upload("d", "image/png", b"<html>")]).await;
    assert!(matches!(refused, Err(ServiceError::Attachment(AttachmentError::NoImage { .. }))), "{refused:?}");
    let refused = attach(vec![text("e"); MAX_ATTACHMENTS + 1]).await;
    assert!(matches!(refused, Err(ServiceError::Attachment(AttachmentError::TooMany { .. }))), "{refused:?}");
    let large = upload("f", "", &vec![b'x'; MAX_ATTACHMENT_BYTES]);
    let refused = attach(vec![large; 5]).await;
    assert!(matches!(refused, Err(ServiceError::Attachment(AttachmentError::TooLargeTogether { .. }))), "{refused:?}");
}

#[tokio::test]
async fn a_file_goes_with_one_prompt_and_is_read_in_its_session() {
    let Ground { core, session, folder: _folder, .. } = Ground::new().await;
    let service = session_service(core).await;
    let project = ProjectId::local();
    let attach = async |name: &str| {
        let file = service.attach(CALLER, &project, session, upload(name, "", b"data")).await.unwrap();
        AttachmentId::new(file.id)
    };
    let submit = async |attachments: Vec<AttachmentId>| {
        let request = SubmitPrompt { prompt: "look".to_owned(), attachments, ..SubmitPrompt::default() };
        service.submit(CALLER, &project, session, request).await
    };
    let (first, second, dropped) = (attach("a").await, attach("b").await, attach("c").await);
    service.detach(CALLER, &project, session, dropped).await.unwrap();
    let turn = submit(vec![second, first]).await.unwrap();
    let names: Vec<_> = turn.attachments.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["b", "a"]);
    // A file that went with a prompt is a part of it.
    service.detach(CALLER, &project, session, first).await.unwrap();
    assert_eq!(service.file(CALLER, &project, session, first.uuid()).await.unwrap().1, b"data");

    let third = attach("d").await;
    for wrong in [vec![first], vec![dropped], vec![third, third]] {
        let refused = submit(wrong.clone()).await;
        assert!(matches!(refused, Err(ServiceError::Attachment(AttachmentError::Gone(_)))), "{wrong:?}: {refused:?}");
    }
    let refused = submit(vec![third; MAX_ATTACHMENTS + 1]).await;
    assert!(matches!(refused, Err(ServiceError::Attachment(AttachmentError::TooMany { .. }))), "{refused:?}");
}
