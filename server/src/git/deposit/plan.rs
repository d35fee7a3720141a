//! What has to be done so that a folder becomes what the session made, or what is in the way of that.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use octobot_wire::path::to_text;

use super::super::folder::real;
use super::super::scratch::Scratch;
use super::super::{GitError, blocking};
use super::Undeposited;
use super::journal::Shelf;
use super::place::{Identity, Root, Seen, Thing, digest, folders_of, is_executable, open_own};

/// The mode of a link, as git has it.
const LINK: u32 = 0o120_000;

/// The mode of a repository within the repository.
const REPOSITORY: u32 = 0o160_000;

/// Where the new files are, in the scratch repository's folder.
const CONTENTS: &str = "contents";

/// What git knows of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    mode: u32,
    id: String,
}

/// What a file was when the session started, and is in what it made.
#[derive(Debug, Clone, Default)]
struct Change {
    old: Option<Entry>,
    new: Option<Entry>,
}

/// What is to be done, each with what the file will be.
type Chosen = Vec<(Step, Option<Entry>)>;

/// What is in the way.
type Conflicts = Vec<PathBuf>;

/// What becomes of a file.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) path: PathBuf,
    pub(super) before: Thing,
    pub(super) seen: Option<Identity>,
    pub(super) after: Thing,
    /// Whether there is a folder, of which nothing will be left.
    pub(super) replaces_folder: bool,
}

/// All that has to be done.
pub(super) struct Plan {
    pub(super) root: Root,
    pub(super) folder: PathBuf,
    pub(super) steps: Vec<Step>,
    /// The folders that are made, outer ones first.
    pub(super) made: Vec<PathBuf>,
    scratch: Scratch,
}

impl Plan {
    /// The new content of a file.
    pub(super) fn content(&self, path: &Path) -> PathBuf {
        self.scratch.path().join(CONTENTS).join(path)
    }
}

/// What comes of comparing.
pub(super) enum Planned {
    Steps(Plan),
    Conflicts(Vec<PathBuf>),
}

/// Compares `start` and `made`, two commits of the scratch repository, with the folder that is its work tree.
pub(super) async fn make(
    scratch: Scratch,
    root: Root,
    shelf: &Shelf,
    start: &str,
    made: &str,
    private: &Path,
) -> Result<Planned, GitError> {
    let folder = scratch.work_tree().to_owned();
    let mut changes = differences(&scratch, start, made).await?;
    let earlier = {
        let (shelf, folder) = (shelf.clone(), folder.clone());
        blocking(move || earlier(&shelf, &folder)).await?
    };
    add_unchanged(&scratch, made, &earlier, &mut changes).await?;
    if let Some((path, _)) = changes.iter().find(|(_, change)| change.is_repository()) {
        return Err(Undeposited::Repository(path.clone()).into());
    }
    let private = real(private)?.strip_prefix(real(&folder)?).ok().map(Path::to_owned);
    let is_private = |path: &&PathBuf| private.as_ref().is_some_and(|private| path.starts_with(private));
    let conflicts: Vec<_> = changes.keys().filter(is_private).cloned().collect();
    if !conflicts.is_empty() {
        return Ok(Planned::Conflicts(conflicts));
    }
    let (root, changes, seen) = blocking(move || {
        let look = |path: &PathBuf| {
            let seen = root.look(path).map_err(GitError::files(path))?;
            Ok::<_, GitError>((path.clone(), seen))
        };
        let seen = changes.keys().map(look).collect::<Result<BTreeMap<_, _>, _>>()?;
        Ok((root, changes, seen))
    })
    .await?;
    let current = known_to_git(&scratch, &seen).await?;
    let (chosen, root) = blocking(move || Ok((choose(&root, changes, seen, &current, &earlier)?, root))).await?;
    let chosen = match chosen {
        Ok(chosen) => chosen,
        Err(conflicts) => return Ok(Planned::Conflicts(conflicts)),
    };
    check_out(&scratch, made, &chosen).await?;
    blocking(move || finish(root, folder, scratch, chosen)).await.map(Planned::Steps)
}

impl Change {
    fn is_repository(&self) -> bool {
        [&self.old, &self.new].into_iter().flatten().any(|entry| entry.mode == REPOSITORY)
    }
}

/// What differs between two commits.
async fn differences(scratch: &Scratch, start: &str, made: &str) -> Result<BTreeMap<PathBuf, Change>, GitError> {
    let compare = ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", start, made, "--"];
    let printed = scratch.git("comparing commits").args(compare).bounded().output().await?;
    let mut fields = printed.split(|byte| *byte == 0).filter(|field| !field.is_empty());
    let mut changes = BTreeMap::new();
    while let (Some(facts), Some(path)) = (fields.next(), fields.next()) {
        // `:mode mode id id status`.
        let facts = String::from_utf8_lossy(facts);
        let facts: Vec<_> = facts.trim_start_matches(':').split(' ').collect();
        let &[old_mode, new_mode, old, new, _] = facts.as_slice() else { continue };
        changes.insert(to_path(path), Change { old: entry(old_mode, old), new: entry(new_mode, new) });
    }
    Ok(changes)
}

/// What the session has left in the folder before, of each file the last.
fn earlier(shelf: &Shelf, folder: &Path) -> Result<BTreeMap<PathBuf, Thing>, GitError> {
    let done = shelf.all_done()?.into_iter().filter(|kept| kept.journal.folder() == folder);
    Ok(done.flat_map(|kept| kept.journal.steps).map(|step| (step.path(), step.after)).collect())
}

/// Adds the files that the session had changed before and has put back since: the folder may have them as they were in between.
async fn add_unchanged(
    scratch: &Scratch,
    made: &str,
    earlier: &BTreeMap<PathBuf, Thing>,
    changes: &mut BTreeMap<PathBuf, Change>,
) -> Result<(), GitError> {
    let missing: BTreeSet<_> = earlier.keys().filter(|path| !changes.contains_key(*path)).cloned().collect();
    if missing.is_empty() {
        return Ok(());
    }
    changes.extend(missing.iter().map(|path| (path.clone(), Change::default())));
    let list = ["ls-tree", "-r", "-z", "--full-tree", made];
    let printed = scratch.git("listing files").args(list).bounded().output().await?;
    for (path, entry) in listed(&printed) {
        if missing.contains(&path) {
            changes.insert(path, Change { old: Some(entry.clone()), new: Some(entry) });
        }
    }
    Ok(())
}

/// What git makes of the files that are there, line ends included.
async fn known_to_git(scratch: &Scratch, seen: &BTreeMap<PathBuf, Seen>) -> Result<BTreeMap<PathBuf, Entry>, GitError> {
    let is_there = |seen: &Seen| matches!(seen, Seen::Thing(Thing::File { .. } | Thing::Link { .. }, _));
    let paths = with_nul(seen.iter().filter(|(_, seen)| is_there(seen)).map(|(path, _)| path));
    if paths.is_empty() {
        return Ok(BTreeMap::new());
    }
    let git = |purpose| scratch.git_at(purpose, scratch.work_tree(), "current");
    git("reading files").args(["update-index", "-z", "--add", "--replace", "--stdin"]).output_for(paths).await?;
    let printed = git("listing files").args(["ls-files", "-z", "--stage"]).output().await?;
    // `mode id stage TAB path`, where a tree says `mode type id`.
    Ok(listed(&printed).collect())
}

/// What has to be done with each file, or the files that are in the way.
fn choose(
    root: &Root,
    changes: BTreeMap<PathBuf, Change>,
    mut seen: BTreeMap<PathBuf, Seen>,
    current: &BTreeMap<PathBuf, Entry>,
    earlier: &BTreeMap<PathBuf, Thing>,
) -> Result<Result<Chosen, Conflicts>, GitError> {
    let mut conflicts = BTreeSet::new();
    let mut chosen = Vec::new();
    for (path, change) in changes {
        let (before, identity, replaces_folder) = match seen.remove(&path) {
            Some(Seen::Thing(thing, identity)) => {
                let is = current.get(&path);
                if is == change.new.as_ref() {
                    continue;
                }
                if is != change.old.as_ref() && !earlier.get(&path).is_some_and(|left| left.is_like(&thing)) {
                    conflicts.insert(path);
                    continue;
                }
                (thing, identity, false)
            }
            Some(Seen::Folder) if change.new.is_none() => continue,
            Some(Seen::Folder) => (Thing::Nothing, None, true),
            Some(Seen::Special) | None => {
                conflicts.insert(path);
                continue;
            }
        };
        chosen.push((Step { path, before, seen: identity, after: Thing::Nothing, replaces_folder }, change.new));
    }
    let gone = chosen.iter().filter(|(_, new)| new.is_none()).map(|(step, _)| step.path.clone()).collect();
    for (Step { path, replaces_folder, .. }, _) in chosen.iter().filter(|(_, new)| new.is_some()) {
        let failed = GitError::files(path);
        let check = || -> io::Result<Option<PathBuf>> {
            if *replaces_folder && !root.holds_only(path, &gone)? {
                return Ok(Some(path.clone()));
            }
            Ok(root.in_the_way(path)?.filter(|taken| !gone.contains(taken)))
        };
        conflicts.extend(check().map_err(failed)?);
    }
    Ok(if conflicts.is_empty() { Ok(chosen) } else { Err(conflicts.into_iter().collect()) })
}

/// Writes the new files into the scratch repository's folder, with the line ends that `made` has for them.
async fn check_out(scratch: &Scratch, made: &str, chosen: &[(Step, Option<Entry>)]) -> Result<(), GitError> {
    let contents = scratch.path().join(CONTENTS);
    fs::create_dir(&contents).map_err(GitError::files(&contents))?;
    let paths = with_nul(chosen.iter().filter(|(_, new)| new.is_some()).map(|(step, _)| &step.path));
    if paths.is_empty() {
        return Ok(());
    }
    let git = |purpose| scratch.git_at(purpose, &contents, "made");
    git("reading a commit").args(["read-tree", made]).bounded().output().await?;
    git("writing files").args(["checkout-index", "-z", "--stdin"]).output_for(paths).await.map(drop)
}

/// Notes what each file will be, and which folders that takes.
fn finish(root: Root, folder: PathBuf, scratch: Scratch, chosen: Vec<(Step, Option<Entry>)>) -> Result<Plan, GitError> {
    let mut plan = Plan { root, folder, steps: Vec::with_capacity(chosen.len()), made: Vec::new(), scratch };
    let mut made = BTreeSet::new();
    for (step, new) in chosen {
        let after = match new {
            None => Thing::Nothing,
            Some(entry) => thing(&plan.content(&step.path), entry.mode).map_err(GitError::files(&step.path))?,
        };
        if after != Thing::Nothing {
            for folder in folders_of(&step.path) {
                let seen = plan.root.look(folder).map_err(GitError::files(folder))?;
                if !matches!(seen, Seen::Folder) {
                    made.insert(folder.to_owned());
                }
            }
        }
        plan.steps.push(Step { after, ..step });
    }
    plan.made = made.into_iter().collect();
    Ok(plan)
}

/// What a file of the scratch repository's folder will be.
fn thing(path: &Path, mode: u32) -> io::Result<Thing> {
    if mode == LINK {
        return Ok(Thing::Link { to: to_text(fs::read_link(path)?.as_os_str().as_bytes()) });
    }
    let mode = if is_executable(mode) { 0o755 } else { 0o644 };
    Ok(Thing::File { digest: digest(&mut open_own(path)?)?, mode })
}

/// Reads lines of `mode … id … TAB path` with a NUL behind each.
fn listed(printed: &[u8]) -> impl Iterator<Item = (PathBuf, Entry)> {
    printed.split(|byte| *byte == 0).filter_map(|line| {
        let tab = line.iter().position(|byte| *byte == b'\t')?;
        let facts = std::str::from_utf8(&line[..tab]).ok()?;
        let mode = facts.split(' ').next()?;
        let id = facts.split(' ').find(|fact| fact.len() >= 40)?;
        Some((to_path(&line[tab + 1..]), entry(mode, id)?))
    })
}

/// What git says of a file, unless it says that there is none.
fn entry(mode: &str, id: &str) -> Option<Entry> {
    let mode = u32::from_str_radix(mode, 8).ok().filter(|mode| *mode != 0)?;
    Some(Entry { mode, id: id.to_owned() })
}

fn with_nul<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> Vec<u8> {
    paths.flat_map(|path| path.as_os_str().as_bytes().iter().copied().chain([0])).collect()
}

fn to_path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}
