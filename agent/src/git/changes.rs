//! What the session has changed: the work tree beside the tree that the session started with.
//!
//! The comparison has an index of the daemon's own, which holds the start and what the file system says of the files: so the
//! agent's index and its locks don't matter, commits don't hide anything, and git looks only at what is new. Which lines changed
//! is counted with a second index that holds just the files that differ. While the folders are watched, nothing is looked at
//! again until something changes.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use octobot_wire::code::{ChangeKind, ChangedFile, Changes, FileKind, LineCounts};
use octobot_wire::daemon::MAX_CONTENT;
use octobot_wire::path::to_text;
use tokio::sync::{Mutex, Notify};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::files::States;
use crate::git::command::Git;
use crate::git::index_file::{self, Entry};
use crate::git::kept::unlock;
use crate::git::records::{self, Differing, Status};
use crate::git::watch::{Unwatchable, Watch};
use crate::git::{CodeError, files};

/// So many files are listed.
const MOST_FILES: usize = 5_000;

/// How often folders are looked for that appeared while git looked at the files.
const ROUNDS: usize = 3;

/// How often the files are looked at where git failed and they have changed meanwhile: it doesn't take it well when a file goes that it
/// has just seen.
const ATTEMPTS: usize = 5;

/// Programs change files in bursts: so long after the first change the event comes, in place of one for each file.
const BURST: Duration = Duration::from_millis(250);

/// Settings that make git look at no more than it must. It keeps which folders hold nothing new.
const STATUS: [&str; 2] = ["core.untrackedCache=true", "status.showUntrackedFiles=all"];

/// Larger files have no lines, and are never in memory.
pub const COUNT: [&str; 1] = ["core.bigFileThreshold=16m"];
const _: () = assert!(MAX_CONTENT == 16 * 1024 * 1024);

/// See the module.
#[derive(Debug)]
pub struct ChangeTracker {
    git: Git,
    workspace: PathBuf,
    index: PathBuf,
    counted: PathBuf,
    watch: Option<Watch>,
    kept: Mutex<Kept>,
    /// Whether somebody knows the changes and hasn't been told of further ones.
    is_owed: AtomicBool,
    look_again: Notify,
}

#[derive(Debug, Default)]
struct Kept {
    changes: Option<Arc<Changes>>,
    states: States,
    is_prepared: bool,
    is_unwatchable: bool,
}

// === impl ChangeTracker ===

impl ChangeTracker {
    /// Tracks a workspace. `data` is for files of the daemon's own.
    pub fn new(git: Git, data: &Path, workspace: &Path) -> Self {
        let watch = Watch::new(workspace);
        if let Err(error) = &watch {
            tracing::info!(error = %error, "the workspace isn't watched");
        }
        Self {
            git,
            workspace: workspace.to_owned(),
            index: data.join("start.index"),
            counted: data.join("counted.index"),
            watch: watch.ok(),
            kept: Mutex::default(),
            is_owed: AtomicBool::new(false),
            look_again: Notify::new(),
        }
    }

    /// The index that holds the start, if it was taken over.
    pub fn start_index(&self) -> &Path {
        &self.index
    }

    /// Takes over the repository's index while it holds the start, with what the file system says of each file.
    pub fn begin(&self) -> Result<(), CodeError> {
        std::fs::copy(self.workspace.join(".git/index"), &self.index).map(drop).map_err(files("keep the index"))
    }

    /// The changes since `start`, a tree.
    pub async fn since(&self, start: &str) -> Result<Arc<Changes>, CodeError> {
        let mut kept = self.kept.lock().await;
        if let (Some(changes), Some(watch)) = (&kept.changes, &self.watch)
            && changes.is_watched
            && !watch.has_changed()
        {
            return Ok(changes.clone());
        }
        self.prepare(&mut kept, start).await?;
        // What can't be finished isn't taken for what is.
        kept.changes = None;
        let changes = Arc::new(self.look_until_seen(&mut kept).await?);
        kept.changes = Some(changes.clone());
        self.is_owed.store(changes.is_watched, Ordering::Relaxed);
        self.look_again.notify_one();
        Ok(changes)
    }

    /// Resolves when files have changed since somebody was told of all changes.
    pub async fn further(&self) {
        let Some(watch) = &self.watch else { return std::future::pending().await };
        loop {
            tokio::select! {
                changed = watch.changed() => {
                    if let Err(error) = changed {
                        tracing::warn!(error = %error, "the workspace isn't watched any more");
                        return std::future::pending().await;
                    }
                }
                () = self.look_again.notified() => {}
            }
            if watch.has_changed() && self.is_owed.swap(false, Ordering::Relaxed) {
                return sleep(BURST).await;
            }
        }
    }

    /// Makes sure of the index that holds the start.
    async fn prepare(&self, kept: &mut Kept, start: &str) -> Result<(), CodeError> {
        if kept.is_prepared {
            return Ok(());
        }
        unlock(&self.index)?;
        if !self.index.exists() {
            let git = self.git.ask().index(&self.index);
            git.bytes(&["read-tree", start]).await?;
        }
        kept.is_prepared = true;
        Ok(())
    }

    async fn look_until_seen(&self, kept: &mut Kept) -> Result<Changes, CodeError> {
        for _ in 1..ATTEMPTS {
            match self.look(kept).await {
                Err(CodeError::Git { action, output }) if self.watch.as_ref().is_none_or(Watch::has_changed) => {
                    tracing::debug!(git.output = output, "git {action} failed while files changed");
                }
                seen => return seen,
            }
        }
        self.look(kept).await
    }

    async fn look(&self, kept: &mut Kept) -> Result<Changes, CodeError> {
        let watch = self.watch.as_ref().filter(|_| !kept.is_unwatchable);
        let mut watched = match watch {
            Some(watch) => self.watch_fresh(watch).await?.map(|()| watch),
            None => Err(Unwatchable),
        };
        let mut printed = status(&self.git, &self.index).await?;
        if let Ok(watch) = watched {
            for _ in 0..ROUNDS {
                match watch_new(watch, &records::status(&printed)?) {
                    Ok(false) => break,
                    Ok(true) => printed = status(&self.git, &self.index).await?,
                    Err(unwatchable) => {
                        watched = Err(unwatchable);
                        break;
                    }
                }
            }
        }
        kept.is_unwatchable = watched.is_err();
        let mut changes = self.compare(&records::status(&printed)?).await?;
        let (workspace, states) = (self.workspace.clone(), std::mem::take(&mut kept.states));
        let noted = spawn_blocking(move || {
            let states = states.note(&workspace, &mut changes.files);
            (changes, states)
        });
        (changes, kept.states) = noted.await.expect("looking at files doesn't panic");
        changes.is_watched = watched.is_ok();
        Ok(changes)
    }

    /// Has git count the lines of files that differ, and find out which were moved.
    async fn compare(&self, status: &Status<'_>) -> Result<Changes, CodeError> {
        let (listed, unlisted) = listed(status);
        let (entries, apart): (Vec<Listed<'_>>, Vec<Listed<'_>>) =
            listed.into_iter().partition(|listed| listed.is_counted(&self.workspace));
        let mut files: Vec<ChangedFile> = apart.iter().map(Listed::uncounted).collect();
        if !entries.is_empty() {
            // Git reads it where a new file has gone again.
            let empty = self.git.ask().bytes(&["hash-object", "-w", "-t", "blob", "--stdin"]).await?;
            let new: HashSet<&Path> =
                entries.iter().filter(|listed| listed.is_new()).map(|listed| listed.0.path).collect();
            let entries = entries.iter().map(|listed| listed.0).collect();
            let index = index_file::write(entries, String::from_utf8_lossy(&empty).trim())?;
            tokio::fs::write(&self.counted, index).await.map_err(files_of("write an index"))?;
            let printed = self.git.ask().settings(&COUNT).index(&self.counted).bytes(&ARGUMENTS).await?;
            let differing = records::differing(&printed)?;
            files.extend(differing.iter().filter(|file| file.mode != 0 || !new.contains(file.path)).map(changed));
        }
        Ok(summed(files, unlisted))
    }

    /// Watches the folders that have appeared, or all where none is watched yet, but for those that git ignores.
    async fn watch_fresh(&self, watch: &Watch) -> Result<Result<(), Unwatchable>, CodeError> {
        let mut fresh = if let Some(fresh) = watch.begin() {
            fresh
        } else {
            let printed = self.git.ask().index(&self.index).bytes(&["ls-files", "-z"]).await?;
            let folders: HashSet<&Path> = records::names(&printed).flat_map(|file| file.ancestors().skip(1)).collect();
            for folder in &folders {
                if let Err(unwatchable) = watch.add(folder) {
                    return Ok(Err(unwatchable));
                }
            }
            let workspace = self.workspace.clone();
            let known: Vec<PathBuf> = folders.into_iter().map(Path::to_owned).chain([PathBuf::new()]).collect();
            if let Err(unwatchable) = watch.add(Path::new("")) {
                return Ok(Err(unwatchable));
            }
            spawn_blocking(move || folders_in(&workspace, &known)).await.expect("reading folders doesn't panic")
        };
        // Level by level, because what is beneath an ignored folder is ignored.
        while !fresh.is_empty() {
            fresh.retain(|folder| !watch.knows(folder));
            let ignored = self.ignored(&fresh).await?;
            fresh.retain(|folder| !ignored.contains(folder));
            for folder in &fresh {
                if let Err(unwatchable) = watch.add(folder) {
                    return Ok(Err(unwatchable));
                }
            }
            let workspace = self.workspace.clone();
            fresh =
                spawn_blocking(move || folders_in(&workspace, &fresh)).await.expect("reading folders doesn't panic");
        }
        Ok(Ok(()))
    }

    /// Which of some paths git ignores.
    pub async fn ignored(&self, paths: &[PathBuf]) -> Result<HashSet<PathBuf>, CodeError> {
        if paths.is_empty() {
            return Ok(HashSet::new());
        }
        let mut input = Vec::new();
        for path in paths {
            input.extend_from_slice(b"./");
            input.extend_from_slice(path.as_os_str().as_bytes());
            input.push(0);
        }
        let printed = self.git.ask().patterns().input(input).maybe(&["check-ignore", "-z", "--stdin"]).await?;
        let names = printed.iter().flat_map(|printed| records::names(printed));
        Ok(names.filter_map(|name| Some(name.strip_prefix("./").ok()?.to_owned())).collect())
    }
}

/// How git is asked how the files stand.
pub const ASK_STATUS: [&str; 6] =
    ["status", "--porcelain=v2", "-z", "--untracked-files=all", "--ignore-submodules=dirty", "--no-renames"];

/// How the files stand beside an index of the daemon's own.
pub async fn status(git: &Git, index: &Path) -> Result<Vec<u8>, CodeError> {
    git.ask().settings(&STATUS).index(index).bytes(&ASK_STATUS).await
}

/// What differs between two trees.
pub fn between(differing: &[Differing<'_>]) -> Changes {
    let unlisted = differing.len().saturating_sub(MOST_FILES);
    let with_both = |file: &Differing<'_>| {
        let told = changed(file);
        ChangedFile { state: format!("{}..{}", told.state, file.id), ..told }
    };
    summed(differing.iter().take(MOST_FILES).map(with_both).collect(), unlisted as u64)
}

fn summed(mut files: Vec<ChangedFile>, unlisted: u64) -> Changes {
    files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    let lines = files.iter().filter_map(|file| file.lines).fold(LineCounts::default(), |sum, lines| LineCounts {
        added: sum.added.saturating_add(lines.added),
        removed: sum.removed.saturating_add(lines.removed),
    });
    Changes { files, unlisted, lines, is_watched: false }
}

/// How differences are asked for.
const ARGUMENTS: [&str; 9] = [
    "diff-files",
    "--raw",
    "--numstat",
    "-z",
    "-M",
    "-l1000",
    "--no-ext-diff",
    "--no-textconv",
    "--ignore-submodules=dirty",
];

/// A file that is listed.
#[derive(Debug, Clone, Copy)]
struct Listed<'a>(Entry<'a>);

impl Listed<'_> {
    fn is_new(&self) -> bool {
        self.0.id.is_none()
    }

    /// Whether git is to count its lines. Not those of a new repository or of a new file that is very large, and it knows nothing
    /// of pipes and devices.
    fn is_counted(&self, workspace: &Path) -> bool {
        let found = workspace.join(self.0.path).symlink_metadata();
        if self.is_new() {
            !is_repository(self.0.path) && found.is_ok_and(|found| found.len() <= MAX_CONTENT)
        } else {
            // What is gone is counted too.
            found.map_or(true, |found| found.is_file() || found.is_symlink() || found.is_dir())
        }
    }

    fn uncounted(&self) -> ChangedFile {
        let name = self.0.path.as_os_str().as_bytes();
        ChangedFile {
            path: to_text(name.strip_suffix(b"/").unwrap_or(name)),
            old_path: None,
            change: if self.is_new() { ChangeKind::Added } else { ChangeKind::Modified },
            kind: if is_repository(self.0.path) { FileKind::Submodule } else { kind_of_mode(self.0.mode) },
            old_kind: None,
            lines: None,
            // The other half is added when the file is looked at.
            state: self.0.id.unwrap_or_default().to_owned(),
        }
    }
}

/// The files to list, in order, and how many more there are.
fn listed<'a>(status: &Status<'a>) -> (Vec<Listed<'a>>, u64) {
    let known = status.known.iter().map(|known| Entry { path: known.path, mode: known.mode, id: Some(known.id) });
    let new = status.new.iter().map(|path| Entry { path, mode: 0o100_644, id: None });
    let mut all: Vec<Listed<'_>> = known.chain(new).map(Listed).collect();
    let unlisted = all.len().saturating_sub(MOST_FILES);
    if unlisted > 0 {
        all.sort_unstable_by_key(|listed| listed.0.path.as_os_str().as_bytes());
        all.truncate(MOST_FILES);
    }
    (all, unlisted as u64)
}

/// Whether git has named a repository that it doesn't look into.
fn is_repository(path: &Path) -> bool {
    path.as_os_str().as_bytes().ends_with(b"/")
}

fn changed(file: &Differing<'_>) -> ChangedFile {
    let text = |path: &Path| to_text(path.as_os_str().as_bytes());
    let change = match (file.old_mode, file.mode, file.old_path) {
        (0, ..) => ChangeKind::Added,
        (_, 0, _) => ChangeKind::Removed,
        (_, _, Some(_)) => ChangeKind::Renamed,
        (_, _, None) => ChangeKind::Modified,
    };
    let old_kind = Some(file.old_mode).filter(|mode| *mode != 0).map(kind_of_mode);
    let kind = Some(file.mode).filter(|mode| *mode != 0).map(kind_of_mode).or(old_kind).unwrap_or(FileKind::File);
    ChangedFile {
        path: text(file.path),
        old_path: file.old_path.map(text),
        change,
        kind,
        old_kind: old_kind.filter(|old| *old != kind),
        lines: file.lines.map(|(added, removed)| LineCounts { added, removed }),
        // The other half is added when the file is looked at.
        state: file.old_id.to_owned(),
    }
}

/// What a mode of git's means.
pub fn kind_of_mode(mode: u32) -> FileKind {
    match mode {
        0o120_000 => FileKind::Link,
        0o160_000 => FileKind::Submodule,
        0o040_000 => FileKind::Folder,
        mode if mode & 0o111 != 0 => FileKind::Executable,
        _ => FileKind::File,
    }
}

/// Watches the folders of new files. Says whether one of them wasn't watched yet.
fn watch_new(watch: &Watch, status: &Status<'_>) -> Result<bool, Unwatchable> {
    let folders: HashSet<&Path> = status.new.iter().flat_map(|file| file.ancestors().skip(1)).collect();
    folders.into_iter().try_fold(false, |any, folder| Ok(watch.add(folder)? || any))
}

/// The folders in some folders, but for git's own and those with a repository in them.
fn folders_in(workspace: &Path, folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in folders {
        // One that is gone has no folders.
        let Ok(entries) = std::fs::read_dir(workspace.join(folder)) else { continue };
        let names = entries.filter_map(|entry| {
            let entry = entry.ok()?;
            entry.file_type().is_ok_and(|kind| kind.is_dir()).then(|| entry.file_name())
        });
        let is_plain = |name: &OsStr| name != ".git" && !workspace.join(folder).join(name).join(".git").exists();
        found.extend(names.filter(|name| is_plain(name)).map(|name| folder.join(name)));
    }
    found
}

fn files_of(action: &'static str) -> impl Fn(std::io::Error) -> CodeError {
    files(action)
}
