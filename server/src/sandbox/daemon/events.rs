//! Turns the body of `GET /events` into batches of events, driven by the body's frames.

use bytes::Bytes;
use futures::{Stream, StreamExt};
use http_body_util::BodyStream;
use hyper::body::{Body, Frame};
use octobot_wire::daemon::DaemonEvent;

use super::DaemonError;
use crate::sandbox::lines::Lines;

/// The longest line that is read: several files of the greatest size. The daemon cuts output into events of far less.
const MAX_LINE_BYTES: usize = 32 * 1024 * 1024;

/// How many frames are looked at for one batch, so that a flood is stored piece by piece.
const MAX_FRAMES: usize = 64;

/// Splits a body into events; the events of all frames that are there at the same time make one batch. The stream
/// ends with the body, or with the first error.
pub(super) fn batches<B>(body: B) -> impl Stream<Item = Result<Vec<DaemonEvent>, DaemonError>> + Send
where
    B: Body<Data = Bytes, Error = hyper::Error> + Send + 'static,
{
    let frames = BodyStream::new(body).ready_chunks(MAX_FRAMES).boxed();
    futures::stream::unfold(Some((frames, Lines::default())), |state| async move {
        let (mut frames, mut lines) = state?;
        loop {
            let ready = frames.next().await?;
            match read(&mut lines, ready) {
                Ok(events) if events.is_empty() => {}
                Ok(events) => return Some((Ok(events), Some((frames, lines)))),
                Err(error) => return Some((Err(error), None)),
            }
        }
    })
}

fn read(lines: &mut Lines, frames: Vec<Result<Frame<Bytes>, hyper::Error>>) -> Result<Vec<DaemonEvent>, DaemonError> {
    let mut events = Vec::new();
    for frame in frames {
        // Whole events that came before the break are kept: they needn't be asked for again.
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) if events.is_empty() => return Err(DaemonError::Protocol(error)),
            Err(_) => break,
        };
        if let Ok(data) = frame.into_data() {
            take(lines, &data, &mut events)?;
        }
    }
    Ok(events)
}

/// Takes more bytes and adds the events of all lines that have ended.
fn take(lines: &mut Lines, data: &[u8], events: &mut Vec<DaemonEvent>) -> Result<(), DaemonError> {
    lines.push(data);
    while let Some(line) = lines.next() {
        if !line.is_empty() {
            events.push(serde_json::from_slice(&line).map_err(DaemonError::Json)?);
        }
    }
    if lines.unended_bytes() > MAX_LINE_BYTES {
        return Err(DaemonError::LineTooLong { max_bytes: MAX_LINE_BYTES });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use octobot_wire::daemon::DaemonEventBody;
    use octobot_wire::{Timestamp, TurnId};

    use super::*;

    fn event(number: u64) -> DaemonEvent {
        let turn_id = TurnId::new(uuid::Uuid::nil());
        DaemonEvent { number, at: Timestamp(0), body: DaemonEventBody::TurnStarted { turn_id } }
    }

    fn line(number: u64) -> String {
        format!("{}\n", serde_json::to_string(&event(number)).unwrap())
    }

    #[test]
    fn lines_split_anywhere_give_the_same_events() {
        let text = format!("{}{}\n{}", line(1), line(2), line(3));
        for size in 1..text.len() {
            let mut lines = Lines::default();
            let mut events = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                take(&mut lines, piece, &mut events).unwrap();
            }
            assert_eq!(events, [event(1), event(2), event(3)], "cut every {size} bytes");
        }
    }

    #[test]
    fn a_line_without_end_is_refused_before_it_fills_the_memory() {
        let mut lines = Lines::default();
        let piece = vec![b'x'; 1024 * 1024];
        let mut pushed = (0..33).map(|_| take(&mut lines, &piece, &mut Vec::new()));
        assert!(pushed.by_ref().take(32).all(|pushed| pushed.is_ok()));
        assert!(matches!(pushed.next(), Some(Err(DaemonError::LineTooLong { .. }))));
    }

    #[test]
    fn a_line_that_is_no_event_is_an_error() {
        let pushed = take(&mut Lines::default(), b"{\"number\":1}\n", &mut Vec::new());
        assert!(matches!(pushed, Err(DaemonError::Json(_))));
    }
}
