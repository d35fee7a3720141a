//! What a session made, put onto the branch that its workspace is on: the branch moves, and the files and the index with it.
//!
//! Everything is worked out in a scratch repository first, merges and rebases too, so that a conflict leaves no trace. Then, under the
//! lock that git itself takes for the index, the files are brought up to date by a git that knows only the scratch repository's
//! configuration, and gix moves the branch, which runs no hooks. A work tree with changes that aren't committed is never touched.

mod join;
mod settled;
mod tree;

use std::path::{Path, PathBuf};

use gix::refs::transaction::{PreviousValue, RefEdit};
use octobot_wire::code::repository::{Applied, ApplyEnd, ApplyMethod, ApplyOutcome};
use octobot_wire::daemon::BUNDLE_RESULT_REF;

use super::arrival::{broken, copy_packs, open_with_gix, read_ref, unpack};
use super::scratch::Scratch;
use super::{GitError, blocking, some};
use crate::to_the_end::to_the_end;

use self::join::Joined;
use self::settled::Place;
pub use self::settled::Unsettled;
use self::tree::{Lock, Move};

/// Where a branch was before commits were put onto it, and what it became.
const KEPT: &str = "refs/octobot/applied/";

/// What stands in the branch's log.
const APPLIED: &str = "octobot: what a session made";
const UNDONE: &str = "octobot: back to before what a session made";

/// Puts what a bundle brings onto the branch that the repository at `workspace` is on. A merge is said to be of `title`. Temporary files
/// go into `scratch`.
pub async fn apply(
    workspace: &Path,
    bundle: &Path,
    method: ApplyMethod,
    title: &str,
    scratch: &Path,
) -> Result<ApplyOutcome, GitError> {
    let place = Place::find(workspace).await?;
    let scratch = Scratch::of_repository(workspace, &place.repository, Some(scratch)).await?;
    unpack(&scratch, bundle).await?;
    let made = read_ref(scratch.path(), BUNDLE_RESULT_REF)?;
    let (branch, head) = (&place.branch.clone(), &place.head.clone());
    let (commits, others) =
        (join::how_many(&scratch, head, &made).await?, join::how_many(&scratch, &made, head).await?);
    let ended = |end, files: Vec<String>| ApplyOutcome {
        end,
        branch: Some(branch.clone()),
        commits,
        others,
        files: some(files),
        changed: 0,
        applied: None,
    };
    if commits == 0 {
        return Ok(ended(ApplyEnd::NothingNew, Vec::new()));
    }
    let dirty = settled::dirty(&scratch).await?;
    if !dirty.is_empty() {
        return Ok(ended(ApplyEnd::Dirty, dirty));
    }
    let joined = match method {
        _ if others == 0 => Joined::Commit(made),
        ApplyMethod::FastForward => return Ok(ended(ApplyEnd::Diverged, Vec::new())),
        ApplyMethod::Merge => join::merge(&scratch, head, &made, title, branch).await?,
        ApplyMethod::Rebase => join::rebase(&scratch, head, &made).await?,
    };
    let target = match joined {
        Joined::Commit(target) if target == *head => return Ok(ended(ApplyEnd::NothingNew, Vec::new())),
        Joined::Commit(target) => target,
        Joined::Conflicts(files) => return Ok(ended(ApplyEnd::Conflicts, files)),
    };
    if others > 0 {
        join::pack(&scratch, &target).await?;
    }
    let step = Move { from: head.clone(), to: target.clone() };
    let (lock, place, scratch) = enter(workspace, place, scratch).await?;
    let dirty = settled::dirty(&scratch).await?;
    if !dirty.is_empty() {
        return Ok(ended(ApplyEnd::Dirty, dirty));
    }
    let in_the_way = tree::in_the_way(&scratch, &step).await?;
    if !in_the_way.is_empty() {
        return Ok(ended(ApplyEnd::InTheWay, in_the_way));
    }
    let common_dir = place.repository.common_dir.clone();
    let packs = scratch.path().to_owned();
    blocking(move || copy_packs(&packs, &common_dir)).await?;
    let kept = {
        let (workspace, step) = (workspace.to_owned(), step.clone());
        blocking(move || keep(&workspace, &step)).await?
    };
    // Half of it would leave files that no commit has.
    to_the_end(go(workspace.to_owned(), scratch, lock, step, APPLIED)).await?;
    let applied = Applied { number: kept, branch: Some(place.branch.clone()), commit: Some(target) };
    Ok(ApplyOutcome { applied: Some(applied), ..ended(ApplyEnd::Applied, Vec::new()) })
}

/// Puts a branch that [`apply`] moved back to where it was. Only while the repository is on it, and it is where it was put.
pub async fn undo(workspace: &Path, applied: &Applied, scratch: &Path) -> Result<(), GitError> {
    let place = Place::find(workspace).await?;
    let before = {
        let (workspace, applied) = (workspace.to_owned(), applied.clone());
        blocking(move || kept(&workspace, &applied)).await?
    };
    let moved = || Unsettled::Moved { branch: applied.branch.clone().unwrap_or_default() };
    let before = before.ok_or_else(moved)?;
    if Some(&place.branch) != applied.branch.as_ref() || Some(&place.head) != applied.commit.as_ref() {
        return Err(moved().into());
    }
    let scratch = Scratch::of_repository(workspace, &place.repository, Some(scratch)).await?;
    let step = Move { from: place.head.clone(), to: before };
    let (lock, _, scratch) = enter(workspace, place, scratch).await?;
    let dirty = settled::dirty(&scratch).await?;
    if !dirty.is_empty() {
        return Err(Unsettled::Dirty { files: some(dirty) }.into());
    }
    let in_the_way = tree::in_the_way(&scratch, &step).await?;
    if !in_the_way.is_empty() {
        return Err(Unsettled::Dirty { files: some(in_the_way) }.into());
    }
    to_the_end(go(workspace.to_owned(), scratch, lock, step, UNDONE)).await
}

/// Locks the index, and makes sure that nothing has moved meanwhile.
async fn enter(workspace: &Path, before: Place, scratch: Scratch) -> Result<(Lock, Place, Scratch), GitError> {
    let git_dir = before.repository.git_dir.clone();
    let lock = blocking(move || Lock::take(&git_dir)).await?;
    let place = Place::find_locked(workspace).await?;
    if (&place.branch, &place.head) != (&before.branch, &before.head) {
        return Err(Unsettled::Moved { branch: before.branch }.into());
    }
    scratch.read_index(&place.repository)?;
    Ok((lock, place, scratch))
}

/// Moves the files, the branch and the index, in this order. Where the branch can't be moved the files go back.
async fn go(workspace: PathBuf, scratch: Scratch, lock: Lock, step: Move, why: &'static str) -> Result<(), GitError> {
    tree::go(&scratch, &step).await?;
    let moved = {
        let step = step.clone();
        blocking(move || move_head(&workspace, &step, why)).await
    };
    if let Err(error) = moved {
        tree::go(&scratch, &step.back()).await?;
        return Err(error);
    }
    let index = scratch.index();
    blocking(move || lock.put(&index)).await
}

/// Notes where the branch is, and where it will be, under names of their own.
fn keep(workspace: &Path, step: &Move) -> Result<u32, GitError> {
    let repository = open_with_gix(workspace)?;
    let broken = |error| broken(workspace, error);
    let mut number = 1;
    while repository.try_find_reference(kept_name(number, "before").as_str()).map_err(broken)?.is_some() {
        number += 1;
    }
    for (what, commit) in [("before", &step.from), ("after", &step.to)] {
        let id = repository.rev_parse_single(commit.as_str()).map_err(broken)?.detach();
        let name = kept_name(number, what);
        repository.reference(name, id, PreviousValue::MustNotExist, APPLIED).map_err(broken)?;
    }
    Ok(number)
}

/// Where a branch was, if that was noted of what was applied.
fn kept(workspace: &Path, applied: &Applied) -> Result<Option<String>, GitError> {
    let repository = open_with_gix(workspace)?;
    let find = |what: &str| {
        let found = repository.try_find_reference(kept_name(applied.number, what).as_str());
        Ok::<_, GitError>(found.map_err(|error| broken(workspace, error))?.map(|found| found.id().to_string()))
    };
    Ok(if applied.commit.is_some() && find("after")? == applied.commit { find("before")? } else { None })
}

fn kept_name(number: u32, what: &str) -> String {
    format!("{KEPT}{number}/{what}")
}

/// Moves the branch that HEAD is on, if it is where it is expected.
fn move_head(workspace: &Path, step: &Move, why: &str) -> Result<(), GitError> {
    let repository = open_with_gix(workspace)?;
    let broken = |error| broken(workspace, error);
    let id = |commit: &str| repository.rev_parse_single(commit).map(gix::Id::detach);
    let (from, to) = (id(&step.from).map_err(broken)?, id(&step.to).map_err(broken)?);
    let head = "HEAD".try_into().expect("HEAD is a name");
    let mut edit = RefEdit::update(head, to, PreviousValue::MustExistAndMatch(from.into()), why);
    edit.deref = true;
    repository.edit_reference(edit).map_err(broken)?;
    Ok(())
}
