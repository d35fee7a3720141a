//! Turns the proxy's server-sent events into pages of records, driven by the body's frames.

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http_body_util::BodyStream;
use hyper::body::{Body, Frame};

use super::{LogPage, ProxyError};
use crate::sandbox::lines::Lines;

/// The longest line that is read. The proxy cuts what a client can make long.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// How many frames are looked at for one page, so that a flood is told piece by piece.
const MAX_FRAMES: usize = 64;

/// Splits a body into pages; the records of all frames that are there at the same time make one. The stream ends with the
/// body, or with the first error.
pub(super) fn pages<B>(body: B, after: u64) -> impl Stream<Item = Result<LogPage, ProxyError>> + Send
where
    B: Body<Data = Bytes, Error = hyper::Error> + Send + 'static,
{
    let frames = BodyStream::new(body).ready_chunks(MAX_FRAMES).boxed();
    futures::stream::unfold(Some((frames, Reader::new(after))), |state| async move {
        let (mut frames, mut reader) = state?;
        loop {
            let ready = frames.next().await?;
            match read(&mut reader, ready) {
                Ok(page) if page.records.is_empty() && !page.gap => {}
                Ok(page) => return Some((Ok(page), Some((frames, reader)))),
                Err(error) => return Some((Err(error), None)),
            }
        }
    })
}

fn read(reader: &mut Reader, frames: Vec<Result<Frame<Bytes>, hyper::Error>>) -> Result<LogPage, ProxyError> {
    let mut page = LogPage::default();
    for frame in frames {
        if let Ok(data) = frame.map_err(ProxyError::Protocol)?.into_data() {
            reader.push(&data, &mut page)?;
        }
    }
    page.last = reader.last;
    Ok(page)
}

/// What is known of the event that is being read.
struct Reader {
    lines: Lines,
    is_gap: bool,
    last: u64,
}

impl Reader {
    fn new(after: u64) -> Self {
        Self { lines: Lines::default(), is_gap: false, last: after }
    }

    /// Takes more bytes and adds what all lines tell that have ended.
    fn push(&mut self, data: &[u8], page: &mut LogPage) -> Result<(), ProxyError> {
        self.lines.push(data);
        while let Some(line) = self.lines.next() {
            self.line(&line, page)?;
        }
        if self.lines.unended_bytes() > MAX_LINE_BYTES {
            return Err(ProxyError::LineTooLong { max_bytes: MAX_LINE_BYTES });
        }
        Ok(())
    }

    /// An event is `record`, with a record as its data, or `gap`. What else there is, keeps the connection alive.
    fn line(&mut self, line: &[u8], page: &mut LogPage) -> Result<(), ProxyError> {
        if let Some(event) = field(line, b"event:") {
            self.is_gap = event == b"gap";
        } else if let Some(data) = field(line, b"data:") {
            if self.is_gap {
                page.gap = true;
            } else {
                let record: octobot_proxy::log::Record = serde_json::from_slice(data).map_err(ProxyError::Json)?;
                self.last = record.number;
                page.records.push(record);
            }
        }
        Ok(())
    }
}

fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    line.strip_prefix(name).map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use octobot_proxy::log::Record;

    use super::*;

    fn record(number: u64) -> Record {
        Record { number, host: "a.example".to_owned(), ..Record::default() }
    }

    fn event(number: u64) -> String {
        format!("event: record\ndata: {}\nid: {number}\n\n", serde_json::to_string(&record(number)).unwrap())
    }

    #[test]
    fn events_split_anywhere_give_the_same_records() {
        let text = format!("event: gap\ndata: records are missing here\n\n{}:\n\n{}", event(7), event(9));
        for size in 1..text.len() {
            let mut reader = Reader::new(3);
            let mut page = LogPage::default();
            for piece in text.as_bytes().chunks(size) {
                reader.push(piece, &mut page).unwrap();
            }
            assert_eq!((&page.records[..], page.gap, reader.last), (&[record(7), record(9)][..], true, 9));
        }
    }

    #[test]
    fn a_line_without_end_and_one_that_is_no_record_are_refused() {
        let endless = Reader::new(0).push(&vec![b'x'; MAX_LINE_BYTES + 1], &mut LogPage::default());
        assert!(matches!(endless, Err(ProxyError::LineTooLong { .. })), "{endless:?}");
        let odd = Reader::new(0).push(b"event: record\ndata: {}\n", &mut LogPage::default());
        assert!(matches!(odd, Err(ProxyError::Json(_))), "{odd:?}");
    }
}
