//! Joining two lines of commits, with no work tree: `git merge-tree` writes what becomes of the files, or says which are in conflict.

use super::super::GitError;
use super::super::command::Git;
use super::super::scratch::Scratch;
use super::settled::{Unsettled, names};

/// So many commits are rebased.
const MOST_COMMITS: usize = 1_000;

/// The ref of the scratch repository that keeps what was joined.
const JOINED: &str = "refs/octobot/joined";

/// What became of two lines.
pub(super) enum Joined {
    /// They are one, up to this commit.
    Commit(String),
    /// Both have changed the same places of these files.
    Conflicts(Vec<String>),
}

/// A tree, or files in conflict.
enum Merged {
    Tree(String),
    Conflicts(Vec<String>),
}

/// How many commits `tip` has that `base` hasn't.
pub(super) async fn how_many(scratch: &Scratch, base: &str, tip: &str) -> Result<u32, GitError> {
    let git = scratch.git("counting commits").args(["rev-list", "--count", tip, &format!("^{base}"), "--"]);
    let counted = line(git).await?;
    Ok(counted.parse().unwrap_or(u32::MAX))
}

/// Joins both by a commit that has them as its parents.
pub(super) async fn merge(
    scratch: &Scratch,
    head: &str,
    made: &str,
    title: &str,
    branch: &str,
) -> Result<Joined, GitError> {
    let tree = match merge_trees(scratch, head, made).await? {
        Merged::Tree(tree) => tree,
        Merged::Conflicts(files) => return Ok(Joined::Conflicts(files)),
    };
    let git = committer(scratch).args(["commit-tree", "-p", head, "-p", made, "-F", "-", &tree]);
    let message = format!("Merge session “{}” into {branch}\n", title.replace(['\n', '\0'], " "));
    Ok(Joined::Commit(id(&git.output_for(message.into_bytes()).await?)))
}

/// Makes the commits anew on top of `head`. One that changes nothing there is left out.
pub(super) async fn rebase(scratch: &Scratch, head: &str, made: &str) -> Result<Joined, GitError> {
    let without = format!("^{head}");
    let list = |option| {
        scratch.git("listing commits").args(["rev-list", "--topo-order", "--reverse", option, made, &without, "--"])
    };
    if list("--merges").prints_anything().await? {
        return Err(Unsettled::HasMerges.into());
    }
    let commits = String::from_utf8_lossy(&list("--no-merges").output().await?).into_owned();
    let commits: Vec<&str> = commits.lines().collect();
    if commits.len() > MOST_COMMITS {
        return Err(Unsettled::TooManyCommits { commits: commits.len(), most: MOST_COMMITS }.into());
    }
    let mut tip = head.to_owned();
    for commit in commits {
        match pick(scratch, &tip, commit).await? {
            Joined::Commit(next) => tip = next,
            conflicts @ Joined::Conflicts(_) => return Ok(conflicts),
        }
    }
    Ok(Joined::Commit(tip))
}

/// Makes a commit anew on top of `tip`.
async fn pick(scratch: &Scratch, tip: &str, commit: &str) -> Result<Joined, GitError> {
    // Two commits upon what the commit changed, which is what `merge-tree` takes for their common base.
    let parents =
        line(scratch.git("reading a commit").args(["rev-list", "--parents", "--max-count=1", commit, "--"])).await?;
    let base = match parents.split_whitespace().nth(1) {
        Some(parent) => format!("{parent}^{{tree}}"),
        None => {
            id(&scratch.git("writing a tree").args(["hash-object", "-t", "tree", "-w", "--stdin"]).output().await?)
        }
    };
    let base = line(committer(scratch).args(["commit-tree", "-m", "base", &base])).await?;
    let upon =
        async |tree: String| line(committer(scratch).args(["commit-tree", "-m", "side", "-p", &base, &tree])).await;
    let ours = upon(format!("{tip}^{{tree}}")).await?;
    let theirs = upon(format!("{commit}^{{tree}}")).await?;
    let tree = match merge_trees(scratch, &ours, &theirs).await? {
        Merged::Tree(tree) => tree,
        Merged::Conflicts(files) => return Ok(Joined::Conflicts(files)),
    };
    if tree == line(scratch.git("reading a commit").args(["rev-parse", "--verify", &format!("{tip}^{{tree}}")])).await?
    {
        return Ok(Joined::Commit(tip.to_owned()));
    }
    let told =
        ["log", "--max-count=1", "--encoding=UTF-8", "--date=raw", "--format=%an%x00%ae%x00%ad%x00%B", commit, "--"];
    let told = scratch.git("reading a commit").args(told).output().await?;
    let mut fields = told.splitn(4, |byte| *byte == 0).map(|field| String::from_utf8_lossy(field).into_owned());
    let mut next = || fields.next().unwrap_or_default();
    let (name, email, date, message) = (next(), next(), next(), next());
    let mut git = committer(scratch);
    if !name.trim().is_empty() {
        git.env("GIT_AUTHOR_NAME", name).env("GIT_AUTHOR_EMAIL", email).env("GIT_AUTHOR_DATE", format!("@{date}"));
    }
    let git = git.args(["commit-tree", "-p", tip, "-F", "-", &tree]);
    let message = if message.trim().is_empty() { "(no message)\n".to_owned() } else { message };
    Ok(Joined::Commit(id(&git.output_for(message.into_bytes()).await?)))
}

/// Puts what isn't borrowed of a commit's history into one pack.
pub(super) async fn pack(scratch: &Scratch, commit: &str) -> Result<(), GitError> {
    scratch.set_ref(JOINED, commit)?;
    scratch.git("packing commits").args(["repack", "-a", "-d", "-l", "-q"]).output().await.map(drop)
}

async fn merge_trees(scratch: &Scratch, ours: &str, theirs: &str) -> Result<Merged, GitError> {
    let git = scratch.git("merging");
    let merge = ["merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs];
    let answer = git.args(merge).bounded().answer().await;
    let (is_clean, printed) = answer.map_err(|error| match error {
        // What git says to options that it doesn't know.
        GitError::Command { status, .. } if status.code() == Some(129) => Unsettled::OldGit.into(),
        error => error,
    })?;
    let (tree, files) = printed.split_at(printed.iter().position(|byte| *byte == 0).unwrap_or(printed.len()));
    if is_clean { Ok(Merged::Tree(id(tree))) } else { Ok(Merged::Conflicts(names(files))) }
}

fn committer(scratch: &Scratch) -> Git {
    let mut git = scratch.git("making a commit");
    for role in ["AUTHOR", "COMMITTER"] {
        git.env(&format!("GIT_{role}_NAME"), "Octobot").env(&format!("GIT_{role}_EMAIL"), "octobot@localhost");
    }
    git
}

async fn line(git: Git) -> Result<String, GitError> {
    Ok(id(&git.output().await?))
}

fn id(printed: &[u8]) -> String {
    String::from_utf8_lossy(printed.trim_ascii_end()).into_owned()
}
