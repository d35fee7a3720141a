//! The work tree as it was before and after each turn, so that it can be told what a turn changed, and gone back to.
//!
//! Each state is a commit that no branch knows: its tree is the files, its parent what HEAD was, its message the branch that was
//! checked out. What was staged is a second parent, where HEAD has another tree. They are made with indexes of the daemon's own, so
//! that the agent's stays as it is. Very large files, files that can't be read, and what git ignores aren't kept: going back leaves them
//! alone. Nor is what is staged on a branch without a commit, or that a file is in conflict.

use std::fs::File;
use std::path::{Path, PathBuf};

use octobot_wire::TurnId;
use octobot_wire::code::branches::BRANCH_REFS;
use octobot_wire::code::{Changes, FileKind, Rewound};
use octobot_wire::daemon::{BUNDLE_FORK_REF, REWIND_REFS, TurnSide, turn_ref};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use crate::git::changes::{self, kind_of_mode, status};
use crate::git::command::Git;
use crate::git::kept::{self, text};
use crate::git::records::{self, Status};
use crate::git::{CodeError, files, standing};

/// The message of a commit of what was staged.
const STAGED: &str = "staged";

/// Larger files aren't kept.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// See the module.
#[derive(Debug)]
pub struct Snapshots {
    git: Git,
    workspace: PathBuf,
    index: PathBuf,
    /// For what is staged.
    staged_index: PathBuf,
    start_index: PathBuf,
    /// One at a time, because all are written with the same index.
    making: Mutex<()>,
}

/// What is kept of a moment.
#[derive(Debug, PartialEq, Eq)]
struct Snapshot {
    commit: String,
    tree: String,
    head: Option<String>,
    /// The commit of what is staged.
    staged: Option<String>,
}

impl Snapshot {
    /// What has the repository's index hold what it held. Of files that stay the same it keeps what the file system said of them, which
    /// saves reading them all.
    fn reading(&self) -> Vec<&str> {
        match self.staged.as_deref().or(self.head.as_deref()) {
            Some(index) => vec!["read-tree", "--reset", index],
            None => vec!["read-tree", "--empty"],
        }
    }

    /// Whether the same was kept at another time.
    fn is_as(&self, other: &Self) -> bool {
        (&self.tree, &self.head, &self.staged) == (&other.tree, &other.head, &other.staged)
    }
}

impl Snapshots {
    /// Keeps states of a workspace. `data` is for files of the daemon's own, `start_index` an index with the start, if there is one.
    pub fn new(git: Git, data: &Path, workspace: &Path, start_index: &Path) -> Self {
        Self {
            git,
            workspace: workspace.to_owned(),
            index: data.join("snapshot.index"),
            staged_index: data.join("staged.index"),
            start_index: start_index.to_owned(),
            making: Mutex::default(),
        }
    }

    /// Keeps the files as they are, as they were on one side of a turn. `start` is the tree that the session started with.
    pub async fn keep(&self, start: &str, turn: TurnId, side: TurnSide) -> Result<(), CodeError> {
        let _making = self.making.lock().await;
        self.take(start, &turn_ref(turn, side)).await.map(drop)
    }

    /// What a turn changed. Of one that runs, or whose end nobody saw, what differs by now.
    pub async fn changes(&self, start: &str, turn: TurnId, is_running: bool) -> Result<Changes, CodeError> {
        let _making = self.making.lock().await;
        let before = self.tree(&turn_ref(turn, TurnSide::Before)).await?;
        let before = before.ok_or(CodeError::NoSnapshot)?;
        let after_ref = turn_ref(turn, TurnSide::After);
        let after = if is_running { None } else { self.tree(&after_ref).await? };
        let after = match after {
            Some(after) => after,
            None => self.take(start, &after_ref).await?.tree,
        };
        let arguments =
            ["diff-tree", "-r", "--raw", "--numstat", "-z", "-M", "-l1000", "--no-ext-diff", "--no-textconv"];
        let arguments: Vec<&str> = arguments.into_iter().chain([before.as_str(), &after]).collect();
        let printed = self.git.ask().settings(&changes::COUNT).bytes(&arguments).await?;
        Ok(changes::between(&records::differing(&printed)?))
    }

    /// Puts the files, the branch and the index back to what they were before a turn.
    pub async fn rewind(&self, start: &str, turn: TurnId) -> Result<Rewound, CodeError> {
        self.go_back(start, &turn_ref(turn, TurnSide::Before)).await
    }

    /// Puts them back to what they were before they were put back.
    pub async fn undo(&self, start: &str, number: u32) -> Result<Rewound, CodeError> {
        self.go_back(start, &format!("{REWIND_REFS}{number}/state")).await
    }

    /// The commit that keeps the files as they were on a side of a turn, or as they are.
    pub async fn state(&self, start: &str, moment: Option<(TurnId, TurnSide)>) -> Result<String, CodeError> {
        let _making = self.making.lock().await;
        let Some((turn, side)) = moment else { return Ok(self.take(start, BUNDLE_FORK_REF).await?.commit) };
        let state = self.git.find(&format!("{}^{{commit}}", turn_ref(turn, side))).await?;
        state.ok_or(CodeError::NoSnapshot)
    }

    async fn go_back(&self, start: &str, name: &str) -> Result<Rewound, CodeError> {
        let _making = self.making.lock().await;
        let git = &self.git;
        let then = self.find(name).await?.ok_or(CodeError::NoSnapshot)?;
        standing::check(&self.workspace)?;
        let last = kept::next_number(git, REWIND_REFS).await? - 1;
        let number = last + 1;
        let kept = format!("{REWIND_REFS}{number}/");
        let now = self.take(start, &format!("{kept}state")).await?;
        if self.find(&format!("{REWIND_REFS}{last}/to")).await?.as_ref() == Some(&then) && now.is_as(&then) {
            // It was asked for again: what is kept of before is under that number.
            git.ask().bytes(&["update-ref", "-d", &format!("{kept}state")]).await?;
            return Ok(Rewound { number: last, files: 0 });
        }
        let differing = ["diff-tree", "-r", "--name-only", "-z", &now.tree, &then.tree];
        let count = records::names(&git.ask().bytes(&differing).await?).count();
        // First what fails where another git is at work.
        git.ask().bytes(&then.reading()).await?;
        let moved = git.ask().index(&self.index).bytes(&["read-tree", "-m", "-u", &now.tree, &then.tree]).await;
        if let Err(error) = moved {
            git.ask().bytes(&now.reading()).await?;
            git.refresh_index().await?;
            return Err(error);
        }
        self.put_head(&then.commit, then.head.as_deref(), number).await?;
        git.ask().bytes(&["update-ref", &format!("{kept}to"), &then.commit]).await?;
        if let Err(error) = git.refresh_index().await {
            tracing::warn!(error = %error, "the index doesn't know that the files are as it has them");
        }
        tracing::info!(git.from = now.commit, git.to = then.commit, "the files were put back");
        Ok(Rewound { number, files: count as u64 })
    }

    /// What is kept under a name.
    async fn find(&self, name: &str) -> Result<Option<Snapshot>, CodeError> {
        let git = &self.git;
        let Some(commit) = git.find(&format!("{name}^{{commit}}")).await? else { return Ok(None) };
        let tree = self.tree(&commit).await?.ok_or(CodeError::NoSnapshot)?;
        let (head, staged) = (git.find(&format!("{commit}^1")).await?, git.find(&format!("{commit}^2")).await?);
        Ok(Some(Snapshot { commit, tree, head, staged }))
    }

    /// Makes HEAD what it was.
    async fn put_head(&self, target: &str, head: Option<&str>, number: u32) -> Result<(), CodeError> {
        let git = &self.git;
        let branch = git.ask().bytes(&["log", "-1", "--format=%B", target]).await?;
        let branch = String::from_utf8_lossy(&branch).trim().to_owned();
        if !branch.starts_with(BRANCH_REFS) {
            let Some(head) = head else { return Ok(()) };
            return git.ask().bytes(&["update-ref", "--no-deref", "HEAD", head]).await.map(drop);
        }
        let known = git.find(&format!("{branch}^{{commit}}")).await?;
        if known.as_deref() != head {
            // What a branch has that isn't checked out any more is kept, too.
            if let Some(known) = &known {
                git.ask().bytes(&["update-ref", &format!("{REWIND_REFS}{number}/branch"), known]).await?;
            }
            match head {
                Some(head) => git.ask().bytes(&["update-ref", &branch, head]).await?,
                None => git.ask().bytes(&["update-ref", "-d", &branch]).await?,
            };
        }
        git.ask().bytes(&["symbolic-ref", "HEAD", &branch]).await.map(drop)
    }

    async fn tree(&self, name: &str) -> Result<Option<String>, CodeError> {
        self.git.find(&format!("{name}^{{tree}}")).await
    }

    /// Keeps the files as they are, under a name.
    async fn take(&self, start: &str, name: &str) -> Result<Snapshot, CodeError> {
        self.prepare(start).await?;
        let git = &self.git;
        let printed = status(git, &self.index).await?;
        let workspace = self.workspace.clone();
        let sorted = spawn_blocking(move || -> Result<_, CodeError> {
            Ok(Sorted::of(&workspace, &records::status(&printed)?).inputs())
        });
        let (gone, there) = sorted.await.expect("looking at files doesn't panic")?;
        if !gone.is_empty() {
            git.ask()
                .index(&self.index)
                .input(gone)
                .bytes(&["update-index", "--force-remove", "-z", "--stdin"])
                .await?;
        }
        if !there.is_empty() {
            let arguments = ["update-index", "--add", "--remove", "--replace", "-z", "--stdin"];
            git.ask().index(&self.index).input(there).bytes(&arguments).await?;
        }
        let tree = text(&git.ask().index(&self.index).bytes(&["write-tree"]).await?);
        let head = git.find("HEAD^{commit}").await?;
        let staged = match &head {
            Some(head) => self.staged(head).await?,
            None => None,
        };
        let branch = standing::head_name(git).await?.unwrap_or_default();
        let parents = [&head, &staged].into_iter().flatten().map(String::as_str);
        let commit = kept::commit(git, &tree, parents, &branch, &[]).await?;
        git.ask().bytes(&["update-ref", name, &commit]).await?;
        Ok(Snapshot { commit, tree, head, staged })
    }

    /// A commit of what is staged; none where that is what HEAD has.
    async fn staged(&self, head: &str) -> Result<Option<String>, CodeError> {
        let git = &self.git;
        let differing = ["diff-index", "--cached", "--raw", "--no-renames", "-z", head, "--"];
        let entries = records::index_entries(&git.ask().bytes(&differing).await?)?;
        if entries.is_empty() {
            return Ok(None);
        }
        kept::unlock(&self.staged_index)?;
        let ask = || git.ask().index(&self.staged_index);
        ask().bytes(&["read-tree", head]).await?;
        ask().input(entries).bytes(&["update-index", "-z", "--index-info"]).await?;
        let tree = text(&ask().bytes(&["write-tree"]).await?);
        kept::commit(git, &tree, None, STAGED, &kept::AT_NO_TIME).await.map(Some)
    }

    /// Makes sure of the index.
    async fn prepare(&self, start: &str) -> Result<(), CodeError> {
        kept::unlock(&self.index)?;
        if self.index.exists() {
            return Ok(());
        }
        if self.start_index.exists() {
            // What the file system said of the files then saves reading them all.
            return tokio::fs::copy(&self.start_index, &self.index).await.map(drop).map_err(files("copy the index"));
        }
        self.git.ask().index(&self.index).bytes(&["read-tree", start]).await.map(drop)
    }
}

/// Files that aren't as the index says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sorted<'a> {
    gone: Vec<&'a Path>,
    there: Vec<&'a Path>,
}

impl<'a> Sorted<'a> {
    /// Sorts what a status names by what is there. What can't be kept is in neither list.
    fn of(workspace: &Path, status: &Status<'a>) -> Self {
        let mut sorted = Self::default();
        for known in &status.known {
            match stands(workspace, known.path) {
                None => sorted.gone.push(known.path),
                Some(found) if found.is_dir() && kind_of_mode(known.mode) != FileKind::Submodule => {
                    sorted.gone.push(known.path);
                }
                Some(found) if found.is_dir() || can_be_kept(workspace, known.path, &found) => {
                    sorted.there.push(known.path);
                }
                Some(_) => {}
            }
        }
        for new in &status.new {
            if stands(workspace, new).is_some_and(|found| can_be_kept(workspace, new, &found)) {
                sorted.there.push(new);
            }
        }
        sorted
    }

    /// Each list as git reads it.
    fn inputs(self) -> (Vec<u8>, Vec<u8>) {
        (records::with_nul(self.gone.into_iter()), records::with_nul(self.there.into_iter()))
    }
}

/// What stands at a path itself, not beyond a link on the way to it.
fn stands(workspace: &Path, path: &Path) -> Option<std::fs::Metadata> {
    let folders = path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
    for folder in folders {
        if !workspace.join(folder).symlink_metadata().ok()?.is_dir() {
            return None;
        }
    }
    workspace.join(path).symlink_metadata().ok()
}

fn can_be_kept(workspace: &Path, path: &Path, found: &std::fs::Metadata) -> bool {
    found.is_symlink() || found.is_file() && found.len() <= MOST_BYTES && File::open(workspace.join(path)).is_ok()
}
