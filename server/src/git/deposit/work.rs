//! Taking the steps, and taking them back.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::super::GitError;
use super::journal::{Journal, Kept, Shelf, Written};
use super::place::{Identity, New, Permissions, Root, Seen, Thing, folders_of, is_executable, target};
use super::plan::{Plan, Step};

/// Why steps weren't taken.
#[derive(Debug)]
pub(super) enum Fault {
    /// A file isn't what it was when that was looked at.
    Changed(PathBuf),
    /// Something can't be read or written.
    Failed(GitError),
}

impl From<GitError> for Fault {
    fn from(error: GitError) -> Self {
        Self::Failed(error)
    }
}

/// Takes all steps, or none. Returns the number by which they can be taken back.
pub(super) fn carry_out(shelf: &Shelf, plan: &Plan) -> Result<u32, Fault> {
    let steps = plan.steps.iter().map(|step| (step.path.as_path(), step.before.clone(), step.after.clone()));
    let journal = Journal::new(&plan.folder, steps, plan.made.iter().map(PathBuf::as_path));
    let kept = shelf.begin(journal, |place, to| {
        let Step { path, seen, .. } = &plan.steps[place];
        plan.root.copy_out(path, to).map_err(GitError::files(path))?;
        still(&plan.root, path, *seen)
    })?;
    if let Err(fault) = take(plan, &kept) {
        take_back(&plan.root, &kept)?;
        return Err(fault);
    }
    kept.finish()?;
    Ok(kept.number)
}

fn take(plan: &Plan, kept: &Kept) -> Result<(), Fault> {
    let Plan { root, steps, .. } = plan;
    let mut emptied = BTreeSet::new();
    for Step { path, seen, .. } in steps.iter().filter(|step| step.after == Thing::Nothing) {
        still(root, path, *seen)?;
        root.remove(path).map_err(GitError::files(path))?;
        emptied.extend(folders_of(path).map(Path::to_owned));
    }
    for (place, step) in steps.iter().enumerate().filter(|(_, step)| step.after != Thing::Nothing) {
        if step.replaces_folder {
            remove_empty(root, emptied.iter().filter(|folder| folder.starts_with(&step.path)))?;
        }
        still(root, &step.path, step.seen)?;
        put_new(plan, kept, place, step).map_err(GitError::files(&step.path))?;
    }
    Ok(remove_empty(root, emptied.iter())?)
}

fn put_new(plan: &Plan, kept: &Kept, place: usize, step: &Step) -> std::io::Result<()> {
    let Step { path, before, after, .. } = step;
    plan.root.make_folders(path)?;
    let part = kept.part(place);
    let content = plan.content(path);
    let link;
    let new = match after {
        Thing::File { mode, .. } => {
            let is_executable = is_executable(*mode);
            let permissions = match before {
                Thing::File { mode, .. } => Permissions::Exactly(with_execution(*mode, is_executable)),
                Thing::Nothing | Thing::Link { .. } => Permissions::Fresh { is_executable },
            };
            New::File { from: &content, permissions }
        }
        Thing::Link { to } => {
            link = target(to);
            New::Link { to: &link }
        }
        Thing::Nothing => return Ok(()),
    };
    plan.root.put(path, OsStr::new(&part), new, *before != Thing::Nothing)
}

/// The permissions with those to execute for whoever may read, or without them.
fn with_execution(mode: u32, is_executable: bool) -> u32 {
    // Other bytes don't run as somebody else because the former ones did.
    let mode = mode & 0o777;
    if is_executable { mode | (mode & 0o444) >> 2 } else { mode & !0o111 }
}

/// Takes back what was done, if all is as it was left.
pub(super) fn put_back(kept: &Kept) -> Result<(), Fault> {
    let folder = kept.journal.folder();
    let root = Root::open(&folder).map_err(GitError::files(&folder))?;
    let made: BTreeSet<PathBuf> = kept.journal.made().collect();
    let is_new = |step: &&Written| step.before == Thing::Nothing;
    let new: BTreeSet<PathBuf> = kept.journal.steps.iter().filter(is_new).map(Written::path).collect();
    for step in &kept.journal.steps {
        let path = step.path();
        let check = || -> std::io::Result<Option<PathBuf>> {
            let is_left = match root.look(&path)? {
                Seen::Thing(thing, _) => thing.is_like(&step.after) || thing.is_like(&step.before),
                Seen::Folder => made.contains(&path) && root.holds_only(&path, &new)?,
                Seen::Special => false,
            };
            if !is_left {
                return Ok(Some(path.clone()));
            }
            let taken = if step.before == Thing::Nothing { None } else { root.in_the_way(&path)? };
            Ok(taken.filter(|taken| !new.contains(taken)))
        };
        if let Some(changed) = check().map_err(GitError::files(&path))? {
            return Err(Fault::Changed(changed));
        }
    }
    kept.reopen()?;
    take_back(&root, kept)?;
    Ok(())
}

/// Takes back what a killed server may have done.
pub(super) fn settle(kept: &Kept) -> Result<(), GitError> {
    let folder = kept.journal.folder();
    let root = Root::open(&folder).map_err(GitError::files(&folder))?;
    if take_back(&root, kept)? {
        tracing::info!("{} is what it was before a server ended that was changing it", folder.display());
    }
    Ok(())
}

/// Takes back every step that was taken. What somebody has changed since is left as it is, and what was there before is put aside.
/// Tells whether all is as it was.
fn take_back(root: &Root, kept: &Kept) -> Result<bool, GitError> {
    let steps = || kept.journal.steps.iter().enumerate().map(|(place, step)| (place, step.path(), step));
    for (place, path, step) in steps() {
        let failed = GitError::files(&path);
        let undo = || -> std::io::Result<()> {
            root.remove(&path.with_file_name(kept.part(place)))?;
            if step.before == Thing::Nothing
                && step.after != Thing::Nothing
                && matches!(root.look(&path)?, Seen::Thing(thing, _) if thing.is_like(&step.after))
            {
                root.remove(&path)?;
            }
            Ok(())
        };
        undo().map_err(failed)?;
    }
    for folder in kept.journal.made() {
        root.remove_folder(&folder).map_err(GitError::files(&folder))?;
    }
    let mut left = Vec::new();
    for (place, path, step) in steps().filter(|(_, _, step)| step.before != Thing::Nothing) {
        if !put_before(root, kept, place, &path, step).map_err(GitError::files(&path))? {
            left.push(path);
        }
    }
    if left.is_empty() {
        return kept.forget().map(|()| true);
    }
    let aside = kept.put_aside()?;
    let (count, folder) = (left.len(), kept.journal.folder());
    tracing::warn!(
        "{count} files of {} have changed meanwhile and stay as they are; what was there before is kept in {}",
        folder.display(),
        aside.display()
    );
    Ok(false)
}

/// Puts back what was there before a step, and tells whether it is there now.
fn put_before(root: &Root, kept: &Kept, place: usize, path: &Path, step: &Written) -> std::io::Result<bool> {
    let now = match root.look(path)? {
        Seen::Thing(thing, _) => thing,
        Seen::Folder | Seen::Special => return Ok(false),
    };
    if now == step.before {
        return Ok(true);
    }
    if !(now.is_like(&step.after) || now.is_like(&step.before)) || root.in_the_way(path)?.is_some() {
        return Ok(false);
    }
    root.make_folders(path)?;
    let (part, from) = (kept.part(place), kept.before(place));
    let link;
    let new = match &step.before {
        Thing::File { mode, .. } => New::File { from: &from, permissions: Permissions::Exactly(*mode) },
        Thing::Link { to } => {
            link = target(to);
            New::Link { to: &link }
        }
        Thing::Nothing => return Ok(true),
    };
    root.put(path, OsStr::new(&part), new, now != Thing::Nothing)?;
    Ok(true)
}

fn still(root: &Root, path: &Path, seen: Option<Identity>) -> Result<(), Fault> {
    if root.is_still(path, seen).map_err(GitError::files(path))? {
        Ok(())
    } else {
        Err(Fault::Changed(path.to_owned()))
    }
}

/// Removes the folders of these that hold nothing, inner ones first.
fn remove_empty<'a>(root: &Root, folders: impl DoubleEndedIterator<Item = &'a PathBuf>) -> Result<(), GitError> {
    for folder in folders.rev() {
        root.remove_folder(folder).map_err(GitError::files(folder))?;
    }
    Ok(())
}
