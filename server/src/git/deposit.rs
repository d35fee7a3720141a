//! What a session made, put into the folder that its workspace is, where that is no repository.
//!
//! What the session started with, and what it made, come out of the sandbox as commits, which are compared in a scratch repository. A
//! file of the folder that is neither as the session started with it nor as the session left it there the last time is in conflict, and
//! then nothing is touched. Else all that will be done is written down first (`journal`), with what is there before; each file is
//! then put into place at once. What a killed server has left half done is undone by the next one.

mod journal;
mod place;
mod plan;
mod work;

use std::path::{Path, PathBuf};

use octobot_wire::daemon::{BUNDLE_RESULT_REF, BUNDLE_START_REF};
use tokio::sync::Mutex;

use super::arrival::{read_ref, unpack_refs};
use super::scratch::Scratch;
use super::{GitError, blocking, some};

use self::journal::Shelf;
use self::place::Root;
use self::plan::Planned;
use self::work::Fault;

/// One at a time: what is compared isn't to be changed by another one.
static AT_WORK: Mutex<()> = Mutex::const_new(());

/// How it ended. Only the last of these has changed anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deposited {
    /// The folder has all of it.
    NothingNew,
    /// These files aren't what they would have to be.
    Conflicts(Vec<PathBuf>),
    /// It is there.
    Done {
        /// By which it can be undone.
        number: u32,
        /// The first of the files that are other ones now.
        files: Vec<PathBuf>,
        /// How many there are.
        count: usize,
    },
}

/// Why nothing is put into a folder, or taken out again. Each is a sentence for people.
#[derive(Debug, thiserror::Error)]
pub enum Undeposited {
    /// The bundle lacks what the session started with.
    #[error(
        "What this session started with isn’t known: it started while the folder was a repository, or from a former version of \
         Octobot. Download the patch instead."
    )]
    NoStart,
    /// A folder of the session's is another repository.
    #[error("{} is a repository of its own, which can’t be applied. Have the agent ignore it in a .gitignore file, or remove it.", .0.display())]
    Repository(PathBuf),
    /// It was undone, or never done.
    #[error("That was undone already, or what was there before isn’t kept any more.")]
    NotKept,
    /// Files have changed since.
    #[error("These files have changed since, so nothing was put back: {}.", .0.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "))]
    Moved(Vec<PathBuf>),
}

/// Puts what a bundle brings into `folder`. What is there before goes to `shelf`, a folder of the session's own; nothing is put into
/// `private`, which is where the server keeps its data. Temporary files go into `scratch`.
pub async fn deposit(
    folder: &Path,
    bundle: &Path,
    shelf: &Path,
    scratch: &Path,
    private: &Path,
) -> Result<Deposited, GitError> {
    let at_work = AT_WORK.lock().await;
    let scratch = Scratch::of_folder(folder, Some(scratch)).await?;
    let refs = [BUNDLE_START_REF, BUNDLE_RESULT_REF];
    if !has_start(&scratch, bundle).await? {
        return Err(Undeposited::NoStart.into());
    }
    unpack_refs(&scratch, bundle, &refs).await?;
    let (start, made) = (read_ref(scratch.path(), refs[0])?, read_ref(scratch.path(), refs[1])?);
    let (root, shelf) = {
        let (folder, shelf) = (folder.to_owned(), shelf.to_owned());
        blocking(move || {
            let shelf = Shelf::new(shelf);
            settle_folder(&shelf, &folder)?;
            Ok((Root::open(&folder).map_err(GitError::files(folder))?, shelf))
        })
        .await?
    };
    let plan = match plan::make(scratch, root, &shelf, &start, &made, private).await? {
        Planned::Steps(plan) => plan,
        Planned::Conflicts(paths) => return Ok(Deposited::Conflicts(some(paths))),
    };
    if plan.steps.is_empty() {
        return Ok(Deposited::NothingNew);
    }
    // Whoever asked for it may go meanwhile; it goes on to its end.
    blocking(move || {
        let _at_work = at_work;
        let (paths, count) = (some(plan.steps.iter().map(|step| step.path.clone()).collect()), plan.steps.len());
        match work::carry_out(&shelf, &plan) {
            Ok(number) => Ok(Deposited::Done { number, files: paths, count }),
            Err(Fault::Changed(path)) => Ok(Deposited::Conflicts(vec![path])),
            Err(Fault::Failed(error)) => Err(error),
        }
    })
    .await
}

/// Puts back what was there before, unless a file has changed since.
pub async fn undo(folder: &Path, shelf: &Path, number: u32) -> Result<(), GitError> {
    let at_work = AT_WORK.lock().await;
    let (folder, shelf) = (folder.to_owned(), Shelf::new(shelf.to_owned()));
    blocking(move || {
        let _at_work = at_work;
        settle_folder(&shelf, &folder)?;
        let kept = shelf.done(number)?.filter(|kept| kept.journal.folder() == folder).ok_or(Undeposited::NotKept)?;
        match work::put_back(&kept) {
            Ok(()) => Ok(()),
            Err(Fault::Changed(path)) => Err(Undeposited::Moved(vec![path]).into()),
            Err(Fault::Failed(error)) => Err(error),
        }
    })
    .await
}

/// Undoes what a killed server has left half done. `shelves` has the folders of all sessions.
pub async fn settle(shelves: &Path) -> Result<(), GitError> {
    let _at_work = AT_WORK.lock().await;
    let shelves = shelves.to_owned();
    blocking(move || {
        for shelf in journal::shelves(&shelves)? {
            // A journal that can't be read keeps nobody else from theirs, and no server from starting.
            let begun = shelf.begun().unwrap_or_else(|error| {
                tracing::warn!(error = &error as &dyn std::error::Error, "what was begun in a folder can't be read");
                Vec::new()
            });
            for begun in begun {
                // A folder that isn't there now may be there again later.
                if let Err(error) = work::settle(&begun) {
                    let folder = begun.journal.folder();
                    tracing::warn!(error = &error as &dyn std::error::Error, "{} is half changed", folder.display());
                }
            }
        }
        Ok(())
    })
    .await
}

/// Forgets what is kept of a session, whose folder `shelf` is.
pub async fn remove(shelf: &Path) -> Result<(), GitError> {
    if !shelf.exists() {
        return Ok(());
    }
    let _at_work = AT_WORK.lock().await;
    let shelf = shelf.to_owned();
    blocking(move || {
        for begun in Shelf::new(shelf.clone()).begun()? {
            if let Err(error) = work::settle(&begun) {
                let folder = begun.journal.folder();
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "{} is half changed; what was there before stays in {}",
                    folder.display(),
                    shelf.display()
                );
                return Ok(());
            }
        }
        journal::remove_shelf(&shelf)
    })
    .await
}

/// Undoes it in one folder, which has to be settled before it is changed again.
fn settle_folder(shelf: &Shelf, folder: &Path) -> Result<(), GitError> {
    for shelf in shelf.all()? {
        for begun in shelf.begun()?.iter().filter(|begun| begun.journal.folder() == folder) {
            work::settle(begun)?;
        }
    }
    Ok(())
}

/// Whether a bundle brings what its session started with.
async fn has_start(scratch: &Scratch, bundle: &Path) -> Result<bool, GitError> {
    let heads = scratch.git("reading a bundle").args(["bundle", "list-heads"]).args([bundle]).output().await?;
    Ok(String::from_utf8_lossy(&heads).lines().any(|line| line.ends_with(&format!(" {BUNDLE_START_REF}"))))
}

/// By which names the files of the steps are written, for tests that leave them half done.
#[cfg(test)]
pub(super) fn journal_of(shelf: &Path, number: u32) -> Vec<String> {
    let kept = Shelf::new(shelf.to_owned()).read(number).expect("it is there");
    (0..kept.journal.steps.len()).map(|step| kept.part(step)).collect()
}
