//! The files of the log: `access.ndjson`, and older ones by the number of their first record. A line is a record.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::Record;

/// The file that is written to.
const CURRENT: &str = "access.ndjson";

/// How much of it is read when the proxy starts.
const TAIL: u64 = 1 << 20;

/// Opens the file that is written to. It and its folder are for their owner alone.
pub fn open(folder: &Path) -> io::Result<(File, u64)> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let file = OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(folder.join(CURRENT))?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

/// Puts the file that was written to aside; `number` is the next record's.
pub fn rotate(folder: &Path, number: u64) -> io::Result<()> {
    fs::rename(folder.join(CURRENT), folder.join(format!("access.{number:020}.ndjson")))
}

/// Removes the oldest files until those that were put aside have no more than `most` bytes.
pub fn prune(folder: &Path, most: u64) -> io::Result<()> {
    let mut older = older(folder)?;
    older.sort();
    let mut total: u64 = older.iter().map(|(_, length)| length).sum();
    for (path, length) in older {
        if total <= most {
            break;
        }
        fs::remove_file(path)?;
        total -= length;
    }
    Ok(())
}

fn older(folder: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
    let mut files = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        let name = file.file_name();
        let name = name.to_string_lossy();
        if name != CURRENT && name.starts_with("access.") && name.ends_with(".ndjson") {
            files.push((file.path(), file.metadata()?.len()));
        }
    }
    Ok(files)
}

/// The last records on disk. A line that a crash cut off is no record.
pub fn tail(folder: &Path) -> io::Result<Vec<Record>> {
    let current = folder.join(CURRENT);
    let mut candidates: Vec<_> = match older(folder) {
        Ok(older) => older.into_iter().map(|(path, _)| path).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    candidates.sort();
    candidates.push(current);
    // The current one is empty right after it was begun.
    for path in candidates.iter().rev() {
        let records = match File::open(path) {
            Ok(file) => records(file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if !records.is_empty() {
            return Ok(records);
        }
    }
    Ok(Vec::new())
}

fn records(mut file: File) -> io::Result<Vec<Record>> {
    let start = file.metadata()?.len().saturating_sub(TAIL);
    file.seek(SeekFrom::Start(start))?;
    let lines = BufReader::new(file.take(TAIL)).split(b'\n');
    lines.filter_map(|line| line.map(|line| serde_json::from_slice(&line).ok()).transpose()).collect()
}
