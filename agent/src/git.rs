//! The workspace's code: received once, as a git bundle, and what became of it since.
//!
//! The bundle is put in place step by step, and marked as done last. A mark made before the first step says that
//! whatever is in the workspace is from an attempt that didn't get through, so that the next one starts from nothing.

mod blame;
mod branches;
mod changes;
mod command;
mod commit;
mod content;
mod discard;
mod error;
mod fetch;
mod fork;
mod history;
mod index_file;
mod kept;
mod lines;
mod parts;
mod records;
mod result;
mod snapshots;
mod staging;
mod standing;
mod watch;

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Bytes;
use futures::{Stream, StreamExt as _};
use octobot_wire::TurnId;
use octobot_wire::code::repository::{CommitPage, LoggedCommit, RepositoryState};
use octobot_wire::code::{Blame, BlameQuery, Changes, Folder, PutLinesBack, Rewound, StageChanges};
use octobot_wire::daemon::{
    AT_INDEX, AT_START, BUNDLE_BASE_REF, BUNDLE_FORK_REF, BUNDLE_START_REF, BUNDLE_TREE_REF, CodeReceived, TurnSide,
};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use crate::environment::Environment;
use crate::files::{self as workspace_files, Content, FileError, path_of};
use crate::git::changes::ChangeTracker;
use crate::git::command::Git;
use crate::git::error::files;
use crate::git::snapshots::Snapshots;

pub use crate::git::commit::Chosen;
pub use crate::git::error::CodeError;
pub use crate::git::standing::RepositoryError;

/// The branch that a session works on.
const BRANCH: &str = "refs/heads/octobot";

/// The branch of a workspace without a commit.
const FIRST_BRANCH: &str = "refs/heads/main";

/// The workspace.
#[derive(Debug)]
pub struct Workspace {
    folder: PathBuf,
    data: PathBuf,
    bundle: PathBuf,
    begun: PathBuf,
    done: PathBuf,
    git: Git,
    tracker: ChangeTracker,
    snapshots: Snapshots,
    receiving: Mutex<()>,
    changing: Mutex<()>,
    fetching: Mutex<()>,
}

impl Workspace {
    /// The workspace in a folder, which is made if it isn't there. `data` is for files of the daemon's own.
    pub fn open(data: &Path, folder: &Path, environment: &Environment) -> Result<Self, CodeError> {
        fs::create_dir_all(folder).map_err(files("make the workspace's folder"))?;
        let git = Git::in_folder(folder, environment);
        let tracker = ChangeTracker::new(git.clone(), data, folder);
        let snapshots = Snapshots::new(git.clone(), data, folder, tracker.start_index());
        Ok(Self {
            folder: folder.to_owned(),
            data: data.to_owned(),
            bundle: data.join("code.bundle"),
            begun: data.join("code.begun"),
            done: data.join("code.done"),
            tracker,
            snapshots,
            git,
            receiving: Mutex::new(()),
            changing: Mutex::new(()),
            fetching: Mutex::new(()),
        })
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Whether the code is there.
    pub fn has_code(&self) -> bool {
        self.done.exists()
    }

    /// Receives the code, and what is to be called `origin`. After a failure it can be tried again.
    pub async fn receive<S>(&self, bundle: S, origin: Option<&str>) -> Result<CodeReceived, CodeError>
    where
        S: Stream<Item = Result<Bytes, axum::Error>> + Unpin,
    {
        let _receiving = self.receiving.try_lock().map_err(|_| CodeError::Busy)?;
        if self.has_code() {
            return Err(CodeError::AlreadyThere);
        }
        if !self.git.exists() {
            return Err(CodeError::NoGit);
        }
        self.clear_attempt()?;
        self.store(bundle).await?;
        mark(&self.begun, "")?;
        let Unpacked { base, start } = self.unpack().await?;
        if let Some(origin) = origin.filter(|origin| fetch::is_http(origin)) {
            self.git.run(&["config", "remote.origin.url", origin]).await?;
            self.git.run(&["config", "remote.origin.fetch", fetch::BRANCHES]).await?;
        }
        mark(&self.done, &start)?;
        fs::remove_file(&self.bundle).map_err(files("remove the bundle"))?;
        tracing::info!(base = base.as_deref(), "the code is in the workspace");
        Ok(CodeReceived { base })
    }

    /// Removes what an attempt has left; leaves alone what isn't from one.
    fn clear_attempt(&self) -> Result<(), CodeError> {
        let failed = files("clear the workspace");
        let begun = self.begun.exists();
        for entry in fs::read_dir(&self.folder).map_err(&failed)? {
            let entry = entry.map_err(&failed)?;
            if !begun {
                return Err(CodeError::NotEmpty);
            }
            let is_folder = entry.file_type().map_err(&failed)?.is_dir();
            if is_folder { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) }
                .map_err(&failed)?;
        }
        Ok(())
    }

    /// The files of the workspace that git doesn't ignore, each with a NUL behind it; none before there is code.
    pub async fn files(&self) -> Result<String, CodeError> {
        if !self.has_code() {
            return Ok(String::new());
        }
        self.git.text(&["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]).await
    }

    async fn store(&self, mut bundle: impl Stream<Item = Result<Bytes, axum::Error>> + Unpin) -> Result<(), CodeError> {
        let failed = files("store the bundle");
        let mut file = tokio::fs::File::create(&self.bundle).await.map_err(&failed)?;
        while let Some(chunk) = bundle.next().await {
            file.write_all(&chunk.map_err(CodeError::Upload)?).await.map_err(&failed)?;
        }
        file.flush().await.map_err(&failed)
    }

    /// Makes the repository and the work tree.
    async fn unpack(&self) -> Result<Unpacked, CodeError> {
        let git = &self.git;
        let format = kept::format_of(&self.bundle).map_err(files("read the bundle"))?;
        git.run(&["init", "--quiet", "--template=", &format!("--object-format={format}")]).await?;
        let bundle = self.bundle.to_str().ok_or_else(|| CodeError::Files {
            action: "name the bundle",
            source: io::ErrorKind::InvalidFilename.into(),
        })?;
        git.run(&["fetch", "--quiet", "--no-tags", bundle, "+refs/octobot/*:refs/octobot/*"]).await?;
        let base = git.find(BUNDLE_BASE_REF).await?;
        let fork = git.find(&format!("{BUNDLE_FORK_REF}^{{tree}}")).await?;
        let (head, start) = match &fork {
            Some(_) => (git.find(&format!("{BUNDLE_FORK_REF}^1")).await?, BUNDLE_START_REF),
            None => (base.clone(), BUNDLE_TREE_REF),
        };
        let branch = if base.is_some() { BRANCH } else { FIRST_BRANCH };
        if let Some(head) = &head {
            git.run(&["update-ref", branch, head]).await?;
        }
        git.run(&["symbolic-ref", "HEAD", branch]).await?;
        let start = git.find(&format!("{start}^{{tree}}")).await?.ok_or(CodeError::NoCode)?;
        git.run(&["-c", "checkout.workers=0", "read-tree", "--reset", "-u", &start]).await?;
        self.tracker.begin()?;
        if let Some(files) = &fork {
            git.run(&["read-tree", "--reset", "-u", files]).await?;
            git.run(&["update-ref", "-d", BUNDLE_FORK_REF]).await?;
        }
        // The work tree stays; the index goes back to the commit, so that the difference shows as uncommitted. What the index knows of
        // the files that are the same is kept, or all of them would be read again.
        match &head {
            Some(head) => git.run(&["read-tree", "--reset", head]).await?,
            None => git.run(&["read-tree", "--empty"]).await?,
        }
        git.refresh_index().await?;
        // The tree alone, which no log shows, so that its files stay in the repository for comparison.
        git.run(&["update-ref", BUNDLE_TREE_REF, &start]).await?;
        git.run(&["config", "user.name", "Octobot"]).await?;
        git.run(&["config", "user.email", "octobot@localhost"]).await?;
        Ok(Unpacked { base, start })
    }

    /// What the session has changed so far.
    pub async fn changes(&self) -> Result<Arc<Changes>, CodeError> {
        self.tracker.since(&self.start().await?).await
    }

    /// Keeps the files as they are on one side of a turn. Nothing where there is no code.
    pub async fn keep(&self, turn: TurnId, side: TurnSide) -> Result<(), CodeError> {
        if self.has_code() { self.snapshots.keep(&self.start().await?, turn, side).await } else { Ok(()) }
    }

    /// What a turn changed.
    pub async fn changes_of(&self, turn: TurnId, is_running: bool) -> Result<Changes, CodeError> {
        let start = self.start().await?;
        let changes = self.snapshots.changes(&start, turn, is_running).await?;
        // Of one that has ended there is never more to tell.
        let is_watched = !is_running || self.tracker.since(&start).await?.is_watched;
        Ok(Changes { is_watched, ..changes })
    }

    /// Puts the files back to what they were before a turn.
    pub async fn rewind(&self, turn: TurnId) -> Result<Rewound, CodeError> {
        let _changing = self.changing.lock().await;
        self.snapshots.rewind(&self.start().await?, turn).await
    }

    /// Puts them back to what they were before they were put back.
    pub async fn undo_rewind(&self, number: u32) -> Result<Rewound, CodeError> {
        let _changing = self.changing.lock().await;
        self.snapshots.undo(&self.start().await?, number).await
    }

    /// Resolves when files have changed since somebody was told of all changes.
    pub async fn further_changes(&self) {
        self.tracker.further().await;
    }

    /// A bundle with what the session made.
    pub async fn result(&self) -> Result<tokio::fs::File, CodeError> {
        // One at a time, because both are written to the same files.
        let _making = self.receiving.lock().await;
        let (tree, index) = (self.start().await?, self.tracker.start_index());
        let start = result::Start { tree: &tree, index };
        self.given(result::bundle(&self.git, &self.folder, &self.data, start).await?).await
    }

    /// A bundle with the workspace as it was at a moment, for another session; without one as it is.
    pub async fn fork(&self, moment: Option<(TurnId, TurnSide)>) -> Result<tokio::fs::File, CodeError> {
        let _making = self.receiving.lock().await;
        let start = self.start().await?;
        let state = self.snapshots.state(&start, moment).await?;
        self.given(fork::bundle(&self.git, &self.data, &start, &state).await?).await
    }

    /// A patch with what the session made.
    pub async fn patch(&self) -> Result<tokio::fs::File, CodeError> {
        let _making = self.receiving.lock().await;
        let start = self.start().await?;
        self.given(result::patch(&self.git, &self.folder, &self.data, &start).await?).await
    }

    /// Opens a file that is to be given once, and leaves nothing of it.
    async fn given(&self, path: PathBuf) -> Result<tokio::fs::File, CodeError> {
        let file = tokio::fs::File::open(&path).await.map_err(files("open what the session made"))?;
        tokio::fs::remove_file(&path).await.map_err(files("remove a file"))?;
        Ok(file)
    }

    /// A file: as it is now, as it is staged, as it was at the start, or as a commit has it.
    pub async fn content(&self, path: PathBuf, at: Option<&str>) -> Result<Content, CodeError> {
        let tree = match at {
            None => return content::now(&self.folder, path).await,
            Some(AT_START) => self.start().await?,
            Some(AT_INDEX) => {
                self.need_code()?;
                return content::staged(&self.git, &path).await;
            }
            Some(name) => {
                let tree = self.git.find(&format!("{name}^{{tree}}")).await?;
                tree.ok_or_else(|| CodeError::NoCommit(name.to_owned()))?
            }
        };
        content::read(&self.git, &tree, &path).await
    }

    /// What is in a folder, and what of that git ignores.
    pub async fn folder(&self, path: PathBuf) -> Result<Folder, CodeError> {
        let (workspace, place) = (self.folder.clone(), path.clone());
        let listed = spawn_blocking(move || workspace_files::list(&workspace, &place));
        let (mut entries, unlisted) = listed.await.expect("listing doesn't panic")?;
        if self.has_code() {
            let paths: Vec<_> = entries.iter().map(|entry| path.join(workspace_files::path_of(&entry.name))).collect();
            match self.tracker.ignored(&paths).await {
                Ok(ignored) => {
                    for (entry, path) in entries.iter_mut().zip(&paths) {
                        entry.is_ignored = ignored.contains(path);
                    }
                }
                // Git doesn't say it of what is in another repository.
                Err(error) => tracing::debug!(error = %error, "what is ignored isn't known"),
            }
        }
        Ok(Folder { entries, unlisted })
    }

    /// Where the repository stands, and whether it has a commit that is asked about.
    pub async fn repository(&self, asked: Option<&str>) -> Result<RepositoryState, CodeError> {
        self.need_code()?;
        standing::read(&self.git, &self.folder, asked).await
    }

    /// Commits, from a place on.
    pub async fn log(&self, from: u32, count: u32) -> Result<CommitPage, CodeError> {
        self.need_code()?;
        history::page(&self.git, from, count).await
    }

    /// Where lines of a file are from.
    pub async fn blame(&self, query: &BlameQuery) -> Result<Blame, CodeError> {
        self.need_code()?;
        let path = path_of(&query.path);
        let content = self.content(path.clone(), None).await?;
        blame::read(&self.git, &path, content, query.from, query.most()).await
    }

    /// Stages changes, or takes them back from what is staged.
    pub async fn stage(&self, request: &StageChanges) -> Result<(), CodeError> {
        let _changing = self.changing.lock().await;
        self.need_code()?;
        staging::change(&self.git, &self.folder, request).await
    }

    /// Commits changes.
    pub async fn commit(&self, message: &str, chosen: Chosen<'_>) -> Result<LoggedCommit, CodeError> {
        let _changing = self.changing.lock().await;
        self.need_code()?;
        commit::make(&self.git, &self.folder, &self.data, message, chosen).await
    }

    /// Puts files back to what the last commit has. Returns the number by which what was thrown away is kept.
    pub async fn discard(&self, paths: &[PathBuf]) -> Result<u32, CodeError> {
        let _changing = self.changing.lock().await;
        self.need_code()?;
        discard::discard(&self.git, &self.folder, &self.data, paths).await
    }

    /// Puts lines of a file back to what it had earlier. Returns the number by which what was thrown away is kept.
    pub async fn put_lines_back(&self, request: &PutLinesBack) -> Result<u32, CodeError> {
        let _changing = self.changing.lock().await;
        self.need_code()?;
        let path = path_of(&request.path);
        let old_path = request.old_path.as_deref().map_or_else(|| path.clone(), path_of);
        let old = found(self.content(old_path, Some(&request.at)).await)?;
        let new = found(self.content(path.clone(), None).await)?;
        lines::put_back(&self.git, &self.folder, &self.data, &path, (old, new), request).await
    }

    /// Brings back what was thrown away.
    pub async fn undo_discard(&self, number: u32) -> Result<(), CodeError> {
        let _changing = self.changing.lock().await;
        self.need_code()?;
        discard::undo(&self.git, &self.folder, &self.data, number).await
    }

    fn need_code(&self) -> Result<(), CodeError> {
        if self.has_code() { Ok(()) } else { Err(CodeError::NoCode) }
    }

    /// The tree that the session started with.
    async fn start(&self) -> Result<String, CodeError> {
        let written = match fs::read_to_string(&self.done) {
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(CodeError::NoCode),
            Err(error) => return Err(files("read what the session started with")(error)),
        };
        if !written.is_empty() {
            return Ok(written);
        }
        // One that got its code before that was written down: the commit that it started from.
        match self.git.find(&format!("{BUNDLE_BASE_REF}^{{tree}}")).await? {
            Some(tree) => Ok(tree),
            None => discard::empty_tree(&self.git).await,
        }
    }
}

/// What the repository was made from.
struct Unpacked {
    /// The commit that the session starts from.
    base: Option<String>,
    /// The tree with all files as they came.
    start: String,
}

/// A file, if there is one.
fn found(read: Result<Content, CodeError>) -> Result<Option<Content>, CodeError> {
    match read {
        Err(CodeError::File(FileError::NotFound(_))) => Ok(None),
        read => read.map(Some),
    }
}

/// Makes a mark that is still there after a crash.
fn mark(file: &Path, text: &str) -> Result<(), CodeError> {
    let written = File::create(file).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(files("mark how far the code has come"))
}
