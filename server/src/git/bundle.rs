//! A workspace's code as a git bundle, the form in which it gets into a sandbox.

use std::path::{Path, PathBuf};

use octobot_wire::daemon::{BUNDLE_BASE_REF, BUNDLE_TREE_REF};

use super::GitError;
use super::changes::{self, Limits};
use super::command::Git;
use super::repository::{Head, Repository};
use super::scratch::Scratch;

/// Where a workspace's code is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// A repository without a work tree: a cache that [`super::clone_into_cache`] made, or a bare repository.
    Cache(PathBuf),
    /// The root of a repository's work tree.
    Repository(PathBuf),
    /// A folder that is no repository.
    PlainFolder(PathBuf),
}

/// The longest file that is read, in bytes.
const LONGEST_FILE: u64 = 256 * 1024;

/// What was bundled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundled {
    /// The commit that [`BUNDLE_BASE_REF`] names; none when there is no commit yet.
    pub base: Option<String>,
    /// What the file holds that was asked for; none when there is no such file.
    pub file: Option<Vec<u8>>,
}

/// Writes the code to `out` as a bundle with [`BUNDLE_BASE_REF`] and [`BUNDLE_TREE_REF`], and reads one file of it. Temporary files go
/// into `scratch`.
///
/// The tree is what the user sees: changes and new files are in it, deleted and ignored files aren't. Submodules stay
/// links to commits; other repositories within the work tree become the files that they hold. A shallow repository's
/// base is a new commit with HEAD's tree and no parent, since a bundle can't say that history was cut off.
///
/// What isn't committed is taken from everywhere but `private`, which is where the server keeps its database and keys.
pub async fn bundle(code: &Code, out: &Path, scratch: &Path, private: &Path, file: &str) -> Result<Bundled, GitError> {
    bundle_within(Limits::DEFAULT, code, out, scratch, private, file).await
}

pub(super) async fn bundle_within(
    limits: Limits,
    code: &Code,
    out: &Path,
    scratch: &Path,
    private: &Path,
    file: &str,
) -> Result<Bundled, GitError> {
    match code {
        Code::Cache(path) | Code::Repository(path) => {
            let repository = Repository::existing(path.clone()).await?;
            let scratch = Scratch::of_repository(path, &repository, Some(scratch)).await?;
            let (base, tip) = bundle_repository(limits, &repository, &scratch, private, out).await?;
            Ok(Bundled { base, file: read(&scratch, &tip, file).await? })
        }
        Code::PlainFolder(path) => {
            let scratch = Scratch::of_folder(path, Some(scratch)).await?;
            let tree = write_tree(limits, &scratch, private).await?;
            let commit = commit(&scratch, &tree, None, "The folder").await?;
            write_bundle(&scratch, None, &commit, out).await?;
            Ok(Bundled { base: None, file: read(&scratch, &commit, file).await? })
        }
    }
}

/// Reads a file of a commit.
async fn read(scratch: &Scratch, commit: &str, path: &str) -> Result<Option<Vec<u8>>, GitError> {
    let listed = scratch.git("looking for a file").args(["ls-tree", "-l", "-z", commit, "--", path]).output().await?;
    let listed = String::from_utf8_lossy(&listed);
    // Its mode, `blob`, its object and its size, then its path.
    let entry: Vec<_> =
        listed.split_once('\t').map(|(entry, _)| entry.split_whitespace().collect()).unwrap_or_default();
    let &[_, "blob", object, size] = entry.as_slice() else { return Ok(None) };
    if size.parse::<u64>().is_ok_and(|size| size > LONGEST_FILE) {
        return Err(GitError::FileTooLong { path: path.to_owned(), most: LONGEST_FILE });
    }
    scratch.git("reading a file").args(["cat-file", "blob", object]).output().await.map(Some)
}

async fn bundle_repository(
    limits: Limits,
    repository: &Repository,
    scratch: &Scratch,
    private: &Path,
    out: &Path,
) -> Result<(Option<String>, String), GitError> {
    let base = match &repository.head {
        Some(head) if repository.is_shallow() => Some(commit_again(scratch, head).await?),
        Some(head) => Some(head.commit.id.clone()),
        None => None,
    };
    let head_tree = repository.head.as_ref().map(|head| &head.tree);
    let tree = match head_tree {
        Some(tree) if repository.is_bare => tree.clone(),
        _ => write_tree(limits, scratch, private).await?,
    };
    let tip = match &base {
        Some(base) if head_tree == Some(&tree) => base.clone(),
        _ => commit(scratch, &tree, base.as_deref(), "Uncommitted changes").await?,
    };
    write_bundle(scratch, base.as_deref(), &tip, out).await?;
    Ok((base, tip))
}

async fn commit_again(scratch: &Scratch, head: &Head) -> Result<String, GitError> {
    commit(scratch, &head.tree, None, &head.commit.summary).await
}

/// Takes the changes into the scratch index and writes it as a tree.
///
/// `git add` would ask each repository within the work tree for its status, and with it whatever that one configures.
async fn write_tree(limits: Limits, scratch: &Scratch, private: &Path) -> Result<String, GitError> {
    if !scratch.is_bare() {
        let changes = changes::list(scratch, limits, private).await?;
        let update = |arguments: &[&str]| scratch.git("taking in changes").args(["update-index", "-z"]).args(arguments);
        if !changes.absent.is_empty() {
            update(&["--force-remove", "--stdin"]).output_for(changes.absent).await?;
        }
        if !changes.present.is_empty() {
            update(&["--add", "--remove", "--replace", "--stdin"]).output_for(changes.present).await?;
        }
    }
    object_id(scratch.git("writing a tree").args(["write-tree"])).await
}

/// Makes a commit that depends on nothing but its arguments, so that the same tree gets the same id.
async fn commit(scratch: &Scratch, tree: &str, parent: Option<&str>, message: &str) -> Result<String, GitError> {
    let mut git = scratch.git("making a commit");
    for role in ["AUTHOR", "COMMITTER"] {
        git.env(&format!("GIT_{role}_NAME"), "Octobot")
            .env(&format!("GIT_{role}_EMAIL"), "octobot@localhost")
            .env(&format!("GIT_{role}_DATE"), "@0 +0000");
    }
    let message = if message.is_empty() { "(no message)" } else { message };
    let parents = parent.map(|parent| ["-p", parent]);
    object_id(git.args(["commit-tree", "-m", message]).args(parents.iter().flatten()).args([tree])).await
}

async fn write_bundle(scratch: &Scratch, base: Option<&str>, tip: &str, out: &Path) -> Result<(), GitError> {
    scratch.set_ref(BUNDLE_TREE_REF, tip)?;
    let mut refs = vec![BUNDLE_TREE_REF];
    if let Some(base) = base {
        scratch.set_ref(BUNDLE_BASE_REF, base)?;
        refs.insert(0, BUNDLE_BASE_REF);
    }
    let out = std::path::absolute(out).map_err(GitError::files(out))?;
    let git = scratch.git("writing a bundle").args(["bundle", "create", "--quiet"]);
    git.args([&out]).args(refs).output().await.map(drop)
}

async fn object_id(git: Git) -> Result<String, GitError> {
    let output = git.output().await?;
    Ok(String::from_utf8_lossy(output.trim_ascii_end()).into_owned())
}
