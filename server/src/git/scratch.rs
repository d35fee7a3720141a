//! A repository of the server's own, in a temporary folder, that borrows a workspace's objects and looks at its work
//! tree with its own copy of the index.
//!
//! That is what lets the git command work on a repository that it may not trust: the workspace's configuration and
//! hooks belong to another git folder, which git is never told about. Filters that a `.gitattributes` names aren't
//! defined here, so they do nothing; what Git LFS keeps elsewhere is therefore taken as the file that is in the work
//! tree. What git writes (objects, index, refs) goes into the scratch folder. The one trace that it can leave is the time
//! of change of an object that it would have written and finds among the borrowed ones: git renews it, which keeps the
//! object from being pruned meanwhile.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use gix::hash::Kind as Format;
use tempfile::TempDir;

use super::GitError;
use super::command::Git;
use super::repository::Repository;

/// A scratch repository. Dropped, it is deleted.
pub(super) struct Scratch {
    folder: TempDir,
    /// The work tree; for a bare repository the repository itself, of which nothing is taken.
    work_tree: PathBuf,
    is_bare: bool,
    /// Which digests its ids are.
    format: Format,
    settings: Vec<OsString>,
}

// === impl Scratch ===

impl Scratch {
    /// For a folder that is no repository.
    pub(super) async fn of_folder(work_tree: &Path, parent: Option<&Path>) -> Result<Self, GitError> {
        let mut scratch = Self::empty(work_tree, Format::Sha1, parent)?;
        scratch.read_operator_excludes().await?;
        Ok(scratch)
    }

    /// For a repository with or without a work tree; `path` is where it was opened.
    pub(super) async fn of_repository(
        path: &Path,
        repository: &Repository,
        parent: Option<&Path>,
    ) -> Result<Self, GitError> {
        let mut scratch = Self::empty(path, repository.format, parent)?;
        scratch.borrow_from(repository).map_err(GitError::files(&repository.git_dir))?;
        scratch.settings.extend(repository.conversions.iter().map(OsString::from));
        scratch.is_bare = repository.is_bare;
        if !repository.is_bare {
            scratch.read_operator_excludes().await?;
        }
        Ok(scratch)
    }

    fn empty(work_tree: &Path, format: Format, parent: Option<&Path>) -> Result<Self, GitError> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        let folder = tempfile::Builder::new().prefix("git-").tempdir_in(&parent).map_err(GitError::files(parent))?;
        let scratch = Self { work_tree: work_tree.to_owned(), is_bare: false, format, settings: Vec::new(), folder };
        scratch.lay_out().map_err(GitError::files(scratch.path()))?;
        Ok(scratch)
    }

    /// What `git init` would make, and an empty home.
    fn lay_out(&self) -> io::Result<()> {
        for folder in ["home", "info", "objects/info", "refs/octobot"] {
            fs::create_dir_all(self.path().join(folder))?;
        }
        fs::write(self.path().join("HEAD"), "ref: refs/heads/main\n")?;
        let config = match self.format {
            Format::Sha256 => "[core]\n\trepositoryFormatVersion = 1\n[extensions]\n\tobjectFormat = sha256\n",
            _ => "[core]\n\trepositoryFormatVersion = 0\n",
        };
        fs::write(self.path().join("config"), config)
    }

    fn borrow_from(&self, repository: &Repository) -> io::Result<()> {
        let objects = quote(&repository.common_dir.join("objects"));
        fs::write(self.path().join("objects/info/alternates"), objects)?;
        if let Some(head) = &repository.head {
            fs::write(self.path().join("HEAD"), format!("{}\n", head.commit.id))?;
        }
        self.copy(&repository.common_dir.join("shallow"), "shallow")?;
        if repository.is_bare {
            return Ok(());
        }
        self.copy(&repository.common_dir.join("info/exclude"), "info/exclude")?;
        self.copy_index(repository)
    }

    fn copy_index(&self, repository: &Repository) -> io::Result<()> {
        self.copy(&repository.git_dir.join("index"), "index")?;
        for entry in fs::read_dir(&repository.git_dir)? {
            let entry = entry?;
            let name = entry.file_name();
            if let Some(name) = name.to_str().filter(|name| name.starts_with("sharedindex.")) {
                self.copy(&entry.path(), name)?;
            }
        }
        Ok(())
    }

    /// Copies a file if it is there, and its time of change: git compares the index's with those of the files to
    /// see which of them it can't take for unchanged.
    fn copy(&self, from: &Path, name: &str) -> io::Result<()> {
        let metadata = match fs::metadata(from) {
            Ok(metadata) if metadata.is_file() => metadata,
            Ok(_) => return Ok(()),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let to = self.path().join(name);
        fs::copy(from, &to)?;
        File::options().write(true).open(to)?.set_modified(metadata.modified()?)
    }

    /// What the operator's own git ignores everywhere isn't part of what they see.
    async fn read_operator_excludes(&mut self) -> Result<(), GitError> {
        let Some(home) = std::env::home_dir() else { return Ok(()) };
        let git = Git::as_operator("reading the operator's configuration");
        let output = git
            .args(["config", "--global", "--type=path", "--default", "", "--get", "core.excludesFile"])
            .output()
            .await?;
        let mut excludes = OsString::from("core.excludesFile=");
        let named = output.trim_ascii_end();
        if named.is_empty() {
            let configuration = std::env::var_os("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
            excludes.push(configuration.join("git/ignore"));
        } else {
            excludes.push(OsStr::from_bytes(named));
        }
        self.settings.push(excludes);
        Ok(())
    }

    /// Takes the repository's index anew.
    pub(super) fn read_index(&self, repository: &Repository) -> Result<(), GitError> {
        self.copy_index(repository).map_err(GitError::files(&repository.git_dir))
    }

    /// The scratch repository's index.
    pub(super) fn index(&self) -> PathBuf {
        self.path().join("index")
    }

    /// The scratch repository's folder.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The work tree.
    pub(super) fn work_tree(&self) -> &Path {
        &self.work_tree
    }

    /// Whether there is no work tree.
    pub(super) fn is_bare(&self) -> bool {
        self.is_bare
    }

    /// Which digests the ids of its objects are.
    pub(super) fn format(&self) -> Format {
        self.format
    }

    /// A git command that works in here.
    pub(super) fn git(&self, purpose: &'static str) -> Git {
        self.git_at(purpose, &self.work_tree, "index")
    }

    /// A git command that takes a folder for its work tree, with the index of this name.
    pub(super) fn git_at(&self, purpose: &'static str, work_tree: &Path, index: &str) -> Git {
        let mut git = Git::confined(purpose, &self.path().join("home"));
        git.env("GIT_DIR", self.path())
            .env("GIT_WORK_TREE", work_tree)
            .env("GIT_INDEX_FILE", self.path().join(index))
            .current_dir(work_tree);
        for setting in &self.settings {
            git.setting(setting);
        }
        git
    }

    /// Makes a ref point to a commit.
    pub(super) fn set_ref(&self, name: &str, commit: &str) -> Result<(), GitError> {
        let path = self.path().join(name);
        let write = || File::create(&path)?.write_all(format!("{commit}\n").as_bytes());
        write().map_err(GitError::files(&path))
    }
}

/// A line of `objects/info/alternates`, quoted the way git reads it, since a path may hold anything.
fn quote(path: &Path) -> Vec<u8> {
    let mut line = vec![b'"'];
    for &byte in path.as_os_str().as_bytes() {
        match byte {
            b'\n' => line.extend(b"\\n"),
            b'"' | b'\\' => line.extend([b'\\', byte]),
            _ => line.push(byte),
        }
    }
    line.extend(b"\"\n");
    line
}
