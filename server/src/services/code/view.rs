//! What there is to see of a file or a difference, and the rows of it that were asked for.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use octobot_wire::code::{
    ChangedFile, CodeView, DiffQuery, FileHunks, FileKind, FileQuery, LineSpan, MOST_ROWS, Shape,
};
use tokio::task::spawn_blocking;

use super::Side;
use crate::domain::document::is_pdf;
use crate::domain::picture::Picture;
use crate::render::code::{Comparison, Rows, Text};
use crate::sandbox::SandboxFile;
use crate::services::ServiceError;

/// So long colours are looked for where they aren't waited for.
const HURRY: Duration = Duration::from_millis(3);

/// So many changes of a file are told one by one.
const MOST_HUNKS: usize = 200;

/// So many rows of each.
const MOST_HUNK_ROWS: usize = 40;

/// Two states of a file.
#[derive(Debug)]
pub(super) struct Compared {
    shape: Shape,
    old_bytes: Option<u64>,
    new_bytes: Option<u64>,
    state: Option<String>,
    comparison: Option<Comparison>,
}

impl Compared {
    /// What tells the content of the new side from another; none where there is no file.
    pub(super) fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// Lines that were picked to go back; none of what isn't text.
    pub(super) fn picked(&self, old: &Range<u32>, new: &Range<u32>, is_whole: bool) -> Vec<LineSpan> {
        self.comparison.as_ref().map(|both| both.picked(old, new, is_whole)).unwrap_or_default()
    }

    /// The lines that some of the old side's are on the new one, as far as they are there.
    pub(super) fn carried(&self, old: &Range<u32>) -> Range<u32> {
        self.comparison.as_ref().map(|both| both.carried(old)).unwrap_or_default()
    }

    /// How many bytes of files it holds.
    pub(super) fn bytes(&self) -> usize {
        let held = self.comparison.as_ref().and(self.old_bytes.zip(self.new_bytes));
        held.map_or(0, |(old, new)| usize::try_from(old + new).unwrap_or(usize::MAX))
    }
}

/// Compares two states of a file. Of texts, one that isn't there is an empty one.
pub(super) async fn compare(path: String, old: Side, new: Side) -> Result<Compared, ServiceError> {
    blocking(move || {
        let (old_bytes, new_bytes, state) = (bytes(&old), bytes(&new), state(&new));
        let (old, new) = (seen(&path, old), seen(&path, new));
        let shape = shape(&old, &new);
        let comparison = match (old, new) {
            (Seen::Text(old), Seen::Text(new)) => Some((old, new)),
            (Seen::Nothing, Seen::Text(new)) => Some((empty(), new)),
            (Seen::Text(old), Seen::Nothing) => Some((old, empty())),
            _ => None,
        };
        let comparison = comparison.map(|(old, new)| Comparison::of(old, new));
        Compared { shape, old_bytes, new_bytes, state, comparison }
    })
    .await
}

/// Rows of a difference.
pub(super) async fn diff(
    query: DiffQuery,
    open: Vec<Range<u32>>,
    file: ChangedFile,
    compared: Arc<Compared>,
) -> Result<CodeView, ServiceError> {
    blocking(move || {
        let Compared { shape, old_bytes, new_bytes, .. } = *compared;
        let until = until(query.hurry);
        let rows =
            compared.comparison.as_ref().map(|both| both.rows(query.layout, &open, query.from, query.count, until));
        CodeView { state: compared.state.clone(), ..view(shape, Some(file), (old_bytes, new_bytes), rows) }
    })
    .await
}

/// The changes of a file, one by one.
pub(super) async fn hunks(base: Option<String>, compared: Arc<Compared>) -> Result<FileHunks, ServiceError> {
    blocking(move || {
        let hunks = compared.comparison.as_ref().map(|both| both.hunks(MOST_HUNKS, MOST_HUNK_ROWS));
        let (hunks, unlisted) = hunks.unwrap_or_default();
        FileHunks { base, state: compared.state.clone(), hunks, unlisted }
    })
    .await
}

/// Lines of a file.
pub(super) async fn file(query: FileQuery, side: Side) -> Result<CodeView, ServiceError> {
    blocking(move || {
        let (length, state) = (bytes(&side), state(&side));
        let seen = seen(&query.path, side);
        let shape = shape(&Seen::Nothing, &seen);
        let rows = if let Seen::Text(text) = seen {
            Some(text.rows(query.from, query.count, until(query.hurry)))
        } else {
            None
        };
        CodeView { state, ..view(shape, None, (None, length), rows) }
    })
    .await
}

/// When colours are given up.
fn until(hurry: bool) -> Option<Instant> {
    hurry.then(|| Instant::now() + HURRY)
}

/// A file that doesn't differ.
pub(super) fn unchanged() -> CodeView {
    view(Shape::Nothing, None, (None, None), None)
}

fn view(shape: Shape, file: Option<ChangedFile>, bytes: (Option<u64>, Option<u64>), rows: Option<Rows>) -> CodeView {
    let none = Rows { rows: Vec::new(), from: 0, total: 0, stops: Vec::new(), is_plain: false };
    let Rows { rows, from, total, stops, is_plain } = rows.unwrap_or(none);
    debug_assert!(rows.len() <= MOST_ROWS as usize);
    CodeView {
        shape,
        file,
        old_bytes: bytes.0,
        new_bytes: bytes.1,
        state: None,
        rows,
        from,
        total,
        stops,
        is_past: false,
        is_plain,
    }
}

/// What one state of a file is to somebody who looks at it.
enum Seen {
    Nothing,
    Text(Arc<Text>),
    Image,
    Pdf,
    Binary,
    TooLarge,
}

fn seen(path: &str, side: Side) -> Seen {
    match side {
        Side::Nothing => Seen::Nothing,
        Side::TooLarge => Seen::TooLarge,
        Side::NoFile => Seen::Binary,
        Side::File(SandboxFile { kind: FileKind::File | FileKind::Executable, content, .. }) => {
            if Picture::of(&content).is_some() {
                Seen::Image
            } else if is_pdf(&content) {
                Seen::Pdf
            } else {
                Text::of(path, &content).map_or(Seen::Binary, |text| Seen::Text(Arc::new(text)))
            }
        }
        // Where a link leads, or which commit a submodule is at: a line without colours.
        Side::File(SandboxFile { content, .. }) => {
            Text::of("", &content).map_or(Seen::Binary, |text| Seen::Text(Arc::new(text)))
        }
    }
}

fn shape(old: &Seen, new: &Seen) -> Shape {
    match (old, new) {
        (Seen::Nothing, Seen::Nothing) => Shape::Nothing,
        (Seen::TooLarge, _) | (_, Seen::TooLarge) => Shape::TooLarge,
        (Seen::Text(_) | Seen::Nothing, Seen::Text(_)) | (Seen::Text(_), Seen::Nothing) => Shape::Text,
        (Seen::Image | Seen::Nothing, Seen::Image) | (Seen::Image, Seen::Nothing) => Shape::Image,
        (Seen::Pdf | Seen::Nothing, Seen::Pdf) | (Seen::Pdf, Seen::Nothing) => Shape::Pdf,
        (Seen::Binary | Seen::Image | Seen::Pdf | Seen::Text(_), _) | (_, Seen::Binary) => Shape::Binary,
    }
}

fn bytes(side: &Side) -> Option<u64> {
    if let Side::File(file) = side { Some(file.content.len() as u64) } else { None }
}

/// What tells the content of a file from another; none where there is no file.
pub(super) fn state(side: &Side) -> Option<String> {
    if let Side::File(file) = side { file.state.clone() } else { None }
}

fn empty() -> Arc<Text> {
    Arc::new(Text::of("", b"").expect("nothing is text"))
}

/// Comparing and colouring are work for a thread of their own.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ServiceError> {
    spawn_blocking(work).await.map_err(|error| ServiceError::Sandbox(Box::new(error)))
}
