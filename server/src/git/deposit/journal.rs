//! What is written down before anything is done, so that it can be undone, by this server or by the next one.
//!
//! On a session's shelf there is a folder for each time, called by its number: `journal.json`, and what was there before by the numbers
//! of the steps. A file `done` in it says that all steps were taken. Without it, some may have been.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use octobot_wire::path::{to_bytes, to_text};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::super::GitError;
use super::place::{Thing, hexadecimal};

/// See the module. Paths are text as the wire has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Journal {
    folder: String,
    /// What is done, in no order.
    pub(super) steps: Vec<Written>,
    /// The folders that are made, outer ones first.
    made: Vec<String>,
}

/// A step as it is written down.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Written {
    path: String,
    pub(super) before: Thing,
    pub(super) after: Thing,
}

impl Journal {
    /// What is to be done in a folder.
    pub(super) fn new<'a>(
        folder: &Path,
        steps: impl Iterator<Item = (&'a Path, Thing, Thing)>,
        made: impl Iterator<Item = &'a Path>,
    ) -> Self {
        let text = |path: &Path| to_text(path.as_os_str().as_bytes());
        let steps = steps.map(|(path, before, after)| Written { path: text(path), before, after });
        Self { folder: text(folder), steps: steps.collect(), made: made.map(text).collect() }
    }

    /// The folder.
    pub(super) fn folder(&self) -> PathBuf {
        path(&self.folder)
    }

    /// The folders that are made, inner ones first.
    pub(super) fn made(&self) -> impl Iterator<Item = PathBuf> {
        self.made.iter().rev().map(|made| path(made))
    }
}

impl Written {
    /// Where it is.
    pub(super) fn path(&self) -> PathBuf {
        path(&self.path)
    }
}

/// A journal and where it is.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) number: u32,
    pub(super) journal: Journal,
    place: PathBuf,
    token: String,
}

impl Kept {
    /// Where what was there before a step is, if it was a file.
    pub(super) fn before(&self, step: usize) -> PathBuf {
        self.place.join(step.to_string())
    }

    /// What a step's file is called until it is whole. Nobody else would call one so.
    pub(super) fn part(&self, step: usize) -> String {
        format!(".octobot-{}-{step}.part", self.token)
    }

    /// Notes that all steps were taken.
    pub(super) fn finish(&self) -> Result<(), GitError> {
        let done = self.place.join(DONE);
        File::create(&done)
            .and_then(|file| file.sync_all())
            .and_then(|()| sync(&self.place))
            .map_err(GitError::files(done))
    }

    /// Notes that some steps may be taken back from now on.
    pub(super) fn reopen(&self) -> Result<(), GitError> {
        let done = self.place.join(DONE);
        fs::remove_file(&done).and_then(|()| sync(&self.place)).map_err(GitError::files(done))
    }

    /// Forgets it.
    pub(super) fn forget(&self) -> Result<(), GitError> {
        // What is left of a folder that was removed half isn't to be taken for what was begun.
        let part = self.place.with_file_name(PART);
        remove(&part)?;
        fs::rename(&self.place, &part).map_err(GitError::files(&part))?;
        remove(&part)
    }

    /// Puts it aside: nobody looks at it any more, but what was there before is in it. Tells where.
    pub(super) fn put_aside(&self) -> Result<PathBuf, GitError> {
        let aside = self.place.with_extension("left");
        fs::rename(&self.place, &aside).map_err(GitError::files(&aside))?;
        Ok(aside)
    }
}

/// Where what a session has put into its folder is written down.
#[derive(Debug, Clone)]
pub(super) struct Shelf(PathBuf);

/// What says that all steps were taken.
const DONE: &str = "done";

/// What a folder is called while it is being made or removed.
const PART: &str = "part";

/// All steps.
const JOURNAL: &str = "journal.json";

// === impl Shelf ===

impl Shelf {
    /// The shelf in this folder, which needn't be there yet.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// This one and those of other sessions.
    pub(super) fn all(&self) -> Result<Vec<Self>, GitError> {
        self.0.parent().map_or_else(|| Ok(Vec::new()), shelves)
    }

    /// Writes down what will be done. `keep` puts what is there before a step into a file.
    pub(super) fn begin<E: From<GitError>>(
        &self,
        journal: Journal,
        keep: impl Fn(usize, &Path) -> Result<(), E>,
    ) -> Result<Kept, E> {
        fs::create_dir_all(&self.0).map_err(GitError::files(&self.0))?;
        let number = self.numbers_used()?.into_iter().max().unwrap_or_default() + 1;
        let part = self.0.join(PART);
        remove(&part)?;
        fs::create_dir(&part).map_err(GitError::files(&part))?;
        for (place, step) in journal.steps.iter().enumerate() {
            if let Thing::File { .. } = step.before {
                keep(place, &part.join(place.to_string()))?;
            }
        }
        let text = serde_json::to_vec(&journal).expect("a journal has string keys and no failing serializers");
        let path = part.join(JOURNAL);
        let write = || -> io::Result<()> {
            let mut file = File::create(&path)?;
            file.write_all(&text)?;
            file.sync_all()?;
            sync(&part)
        };
        write().map_err(GitError::files(&path))?;
        let place = self.0.join(number.to_string());
        fs::rename(&part, &place).and_then(|()| sync(&self.0)).map_err(GitError::files(&place))?;
        Ok(Kept { number, journal, place, token: token(&text) })
    }

    /// What was done by this number.
    pub(super) fn done(&self, number: u32) -> Result<Option<Kept>, GitError> {
        let place = self.0.join(number.to_string());
        if place.join(DONE).exists() { self.read(number).map(Some) } else { Ok(None) }
    }

    /// All that was done, the first first.
    pub(super) fn all_done(&self) -> Result<Vec<Kept>, GitError> {
        let mut numbers = self.numbers()?;
        numbers.sort_unstable();
        numbers.into_iter().filter_map(|number| self.done(number).transpose()).collect()
    }

    /// What was begun and neither done nor undone.
    pub(super) fn begun(&self) -> Result<Vec<Kept>, GitError> {
        let numbers = self.numbers()?.into_iter();
        numbers
            .filter(|number| {
                let place = self.0.join(number.to_string());
                // It is written before anything is begun: without it this is what is left of what was being removed.
                !place.join(DONE).exists() && place.join(JOURNAL).exists()
            })
            .map(|number| self.read(number))
            .collect()
    }

    /// What was written down by this number.
    pub(super) fn read(&self, number: u32) -> Result<Kept, GitError> {
        let place = self.0.join(number.to_string());
        let path = place.join(JOURNAL);
        let text = fs::read(&path).map_err(GitError::files(&path))?;
        let journal = serde_json::from_slice(&text).map_err(|error| GitError::files(&path)(io::Error::other(error)))?;
        Ok(Kept { number, journal, place, token: token(&text) })
    }

    /// Those of what was put aside included.
    fn numbers_used(&self) -> Result<Vec<u32>, GitError> {
        let number = |name: &std::ffi::OsString| Path::new(name).file_stem()?.to_str()?.parse().ok();
        Ok(names(&self.0)?.iter().filter_map(number).collect())
    }

    fn numbers(&self) -> Result<Vec<u32>, GitError> {
        let names = names(&self.0)?;
        Ok(names.iter().filter_map(|name| name.to_str()?.parse().ok()).collect())
    }
}

/// All shelves in a folder.
pub(super) fn shelves(folder: &Path) -> Result<Vec<Shelf>, GitError> {
    Ok(names(folder)?.into_iter().map(|name| Shelf(folder.join(name))).collect())
}

/// Removes what is kept of a session that is gone. What was done is taken off the shelf at once: half of it would look as if it had
/// only been begun.
pub(super) fn remove_shelf(folder: &Path) -> Result<(), GitError> {
    let (shelf, part) = (Shelf::new(folder.to_owned()), folder.join(PART));
    for number in shelf.numbers()? {
        remove(&part)?;
        fs::rename(folder.join(number.to_string()), &part).map_err(GitError::files(&part))?;
    }
    remove(folder)
}

fn remove(folder: &Path) -> Result<(), GitError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(GitError::files(folder)(error)),
        _ => Ok(()),
    }
}

fn names(folder: &Path) -> Result<Vec<std::ffi::OsString>, GitError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(GitError::files(folder))?,
    };
    entries.map(|entry| entry.map(|entry| entry.file_name()).map_err(GitError::files(folder))).collect()
}

/// Has the system write down what a folder holds.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Tells this journal from every other one.
fn token(text: &[u8]) -> String {
    hexadecimal(&Sha256::digest(text)[..8])
}

fn path(text: &str) -> PathBuf {
    PathBuf::from(std::ffi::OsString::from_vec(to_bytes(text)))
}
