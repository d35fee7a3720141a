//! Reading an event log that another life of the daemon has left.

use std::fs::File;
use std::io::{BufRead as _, BufReader};

use crate::log::index::Index;
use crate::log::record::Record;
use crate::log::{LogError, Tail};

/// A log that has been read through.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Where it ends.
    pub tail: Tail,
    /// Where its events stand.
    pub index: Index,
}

/// Reads the log through, tells `observe` of every event in it, and cuts off a last line that is torn.
///
/// A line is torn when it has no end, or when it is the last one and isn't an event: a crash of the machine may leave
/// such. Anything else that isn't the next event means that somebody has changed the file.
pub fn read_through(file: &File, mut observe: impl FnMut(&Record)) -> Result<Recovered, LogError> {
    let mut lines = BufReader::with_capacity(64 * 1024, file);
    let mut recovered = Recovered::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = lines.read_until(b'\n', &mut line).map_err(LogError::Read)?;
        if length == 0 {
            return Ok(recovered);
        }
        let expected = recovered.tail.last + 1;
        let record = line.strip_suffix(b"\n").and_then(|line| serde_json::from_slice::<Record>(line).ok());
        match record {
            Some(record) if record.number == expected => {
                recovered.index.note(expected, recovered.tail.bytes);
                recovered.tail = Tail { last: expected, bytes: recovered.tail.bytes + length as u64 };
                observe(&record);
            }
            None if lines.fill_buf().map_err(LogError::Read)?.is_empty() => {
                tracing::warn!(event.number = expected, torn_bytes = length, "the log's last line is torn and cut off");
                file.set_len(recovered.tail.bytes).map_err(LogError::Write)?;
                return Ok(recovered);
            }
            _ => return Err(LogError::Corrupt { byte: recovered.tail.bytes, expected }),
        }
    }
}
