//! Terminals on the session's volume: for each a folder with its record and its scrollback. Only files; no processes.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use octobot_wire::terminal::{KEPT_BYTES, ShellState, TerminalSize};
use octobot_wire::{TerminalId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::terminal::scrollback::Scrollback;

/// What is known about a terminal beside its output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Its id.
    pub id: TerminalId,
    /// Its name.
    pub name: String,
    /// Its size.
    pub size: TerminalSize,
    /// What its shell does, or did when the daemon last wrote this.
    pub shell: ShellState,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was closed; none while it is open.
    pub closed_at: Option<Timestamp>,
}

/// The folder of all terminals.
#[derive(Debug, Clone)]
pub struct Keeper {
    folder: PathBuf,
}

impl Keeper {
    /// Makes the folder where there is none.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        Ok(Self { folder })
    }

    /// All records, the oldest first. What can't be read is told in the daemon's log and left alone, except what a daemon
    /// that was killed had only begun: that is removed.
    pub fn records(&self) -> io::Result<Vec<Record>> {
        let mut records = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let folder = entry?.path();
            match read_record(&folder) {
                Ok(record) => records.push(record),
                Err(error) if error.kind() == io::ErrorKind::NotFound => fs::remove_dir_all(&folder)?,
                Err(error) => {
                    tracing::warn!(path = %folder.display(), error = %error, "a terminal can't be restored");
                }
            }
        }
        records.sort_by_key(|record| (record.opened_at, record.id));
        Ok(records)
    }

    /// Makes the files of a new terminal.
    pub fn create(&self, record: &Record) -> io::Result<Scrollback> {
        let folder = self.of(record.id);
        DirBuilder::new().mode(0o700).create(&folder)?;
        let made = Scrollback::create(&folder.join("output"), KEPT_BYTES).and_then(|scrollback| {
            self.save(record)?;
            Ok(scrollback)
        });
        if made.is_err() {
            // Half a terminal would only take the room that is missing.
            fs::remove_dir_all(&folder)?;
        }
        made
    }

    /// Opens what a terminal has printed.
    pub fn scrollback(&self, id: TerminalId) -> io::Result<Scrollback> {
        Scrollback::open(&self.of(id).join("output"))
    }

    /// Writes a record in place of the former one.
    pub fn save(&self, record: &Record) -> io::Result<()> {
        let folder = self.of(record.id);
        let next = folder.join("terminal.json.next");
        let json = serde_json::to_vec(record).expect("a record is plain data");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&next)?;
        file.write_all(&json)?;
        fs::rename(next, folder.join("terminal.json"))
    }

    /// Removes a terminal with all that it has printed.
    pub fn remove(&self, id: TerminalId) -> io::Result<()> {
        fs::remove_dir_all(self.of(id))
    }

    fn of(&self, id: TerminalId) -> PathBuf {
        self.folder.join(id.to_string())
    }
}

fn read_record(folder: &Path) -> io::Result<Record> {
    let json = fs::read(folder.join("terminal.json"))?;
    serde_json::from_slice(&json).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u128) -> Record {
        Record {
            id: TerminalId::new(format!("{number:032x}").parse().unwrap()),
            name: format!("Terminal {number}"),
            size: TerminalSize::default(),
            shell: ShellState::Running,
            opened_at: Timestamp(i64::try_from(number).unwrap()),
            closed_at: None,
        }
    }

    #[test]
    fn what_was_kept_is_there_again_and_what_was_only_begun_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = Keeper::open(folder.path().join("terminals")).unwrap();
        for number in [2, 1] {
            keeper.create(&record(number)).unwrap().append(b"out").unwrap();
        }
        let begun = folder.path().join("terminals/begun");
        fs::create_dir(&begun).unwrap();
        assert_eq!(keeper.records().unwrap(), [record(1), record(2)]);
        assert_eq!(keeper.scrollback(record(1).id).unwrap().written(), 3);
        assert!(!begun.exists());
        keeper.remove(record(1).id).unwrap();
        assert_eq!(keeper.records().unwrap(), [record(2)]);
    }
}
