//! The branches of the repository: which there are, checking one out, and making one.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use octobot_wire::Timestamp;
use octobot_wire::code::branches::{
    BRANCH_REFS, Branch, Branches, CheckoutBranch, CheckoutEnd, CheckoutOutcome, FetchOutcome, MakeBranch, REMOTE_REFS,
};
use octobot_wire::path::to_text;

use crate::git::command::Git;
use crate::git::records::NotUnderstood;
use crate::git::standing::{self, RepositoryError};
use crate::git::{CodeError, Workspace, discard, fetch, records};

/// What git says where a checkout would take something from somebody.
const WOULD_BE_LOST: [&str; 3] = ["would be overwritten", "would be removed", "would lose untracked"];

/// So many branches are told.
const MOST_BRANCHES: usize = 500;

/// So many files are told.
const MOST_FILES: usize = 100;

/// The longest name that a branch gets here, in bytes.
const MOST_BYTES: usize = 200;

/// So many characters of a subject are told.
const MOST_CHARACTERS: usize = 500;

/// What is asked of each branch; what [`read_branches`] reads.
const FORMAT: &str = "--format=%(refname)%00%(objectname)%00%(committerdate:unix)%00%(symref)%00%(contents:subject)";

impl Workspace {
    /// The branches.
    pub async fn branches(&self) -> Result<Branches, CodeError> {
        self.need_code()?;
        list(&self.git).await
    }

    /// Checks a branch out.
    pub async fn check_out(&self, request: &CheckoutBranch) -> Result<CheckoutOutcome, CodeError> {
        let _changing = self.changing.lock().await;
        self.need_code()?;
        check_out(&self.git, &self.folder, request).await
    }

    /// Makes a branch, and checks it out.
    pub async fn make_branch(&self, request: &MakeBranch) -> Result<Branches, CodeError> {
        let _changing = self.changing.lock().await;
        self.need_code()?;
        make(&self.git, &self.folder, &request.name).await
    }

    /// Fetches the branches of `origin`, one after another.
    pub async fn fetch(&self) -> Result<FetchOutcome, CodeError> {
        let _fetching = self.fetching.lock().await;
        self.need_code()?;
        fetch::fetch(&self.git).await
    }
}

/// The branches that there are.
async fn list(git: &Git) -> Result<Branches, CodeError> {
    let current = standing::head_name(git).await?;
    let arguments = ["for-each-ref", "--sort=-committerdate", FORMAT, BRANCH_REFS, REMOTE_REFS];
    let mut branches = read_branches(&git.ask().bytes(&arguments).await?)?;
    let unlisted = branches.len().saturating_sub(MOST_BRANCHES) as u64;
    branches.truncate(MOST_BRANCHES);
    let origin = fetch::origin(git).await?.map(|origin| fetch::without_secrets(&origin));
    Ok(Branches { current, branches, unlisted, origin })
}

/// Checks a branch out. What isn't committed comes along where that is wanted, and is never overwritten.
async fn check_out(git: &Git, workspace: &Path, request: &CheckoutBranch) -> Result<CheckoutOutcome, CodeError> {
    standing::check(workspace)?;
    let Target { name, made_from } = target(git, &request.name).await?;
    let outcome = |end, files: Vec<PathBuf>| CheckoutOutcome {
        end,
        name: format!("{BRANCH_REFS}{name}"),
        unlisted: files.len().saturating_sub(MOST_FILES) as u64,
        files: files.iter().take(MOST_FILES).map(|file| to_text(file.as_os_str().as_bytes())).collect(),
    };
    let printed = standing::status(git).await?;
    let uncommitted = records::uncommitted(&printed)?;
    standing::check_conflicts(&uncommitted)?;
    let mut changed: Vec<PathBuf> = uncommitted.iter().map(|file| file.path.to_owned()).collect();
    changed.sort_unstable();
    // One that was taken out of the index and is there is told twice.
    changed.dedup();
    if !request.keep && !changed.is_empty() {
        return Ok(outcome(CheckoutEnd::Uncommitted, changed));
    }
    let mut arguments = vec!["switch", "--quiet", "--no-guess", "--no-overwrite-ignore"];
    match &made_from {
        Some(reference) => arguments.extend(["--no-track", "--create", name.as_str(), reference.as_str()]),
        None => arguments.push(&name),
    }
    match git.ask().bytes(&arguments).await {
        Ok(_) => {
            tracing::info!(git.branch = name, "branch {name} was checked out");
            Ok(outcome(CheckoutEnd::CheckedOut, Vec::new()))
        }
        Err(CodeError::Git { action, output }) if WOULD_BE_LOST.iter().any(|words| output.contains(words)) => {
            let error = CodeError::Git { action, output };
            let wanted = made_from.unwrap_or_else(|| format!("{BRANCH_REFS}{name}"));
            let files = in_the_way(git, workspace, &wanted, &changed).await?;
            if files.is_empty() { Err(error) } else { Ok(outcome(CheckoutEnd::InTheWay, files)) }
        }
        Err(error) => Err(error),
    }
}

/// Makes a branch where HEAD is, and checks it out. No file changes.
async fn make(git: &Git, workspace: &Path, name: &str) -> Result<Branches, CodeError> {
    standing::check(workspace)?;
    let name = name.trim();
    check_name(git, name).await?;
    let reference = format!("{BRANCH_REFS}{name}");
    if git.find(&reference).await?.is_some() {
        return Err(RepositoryError::BranchExists(name.to_owned()).into());
    }
    git.ask().bytes(&["switch", "--quiet", "--no-guess", "--create", name]).await?;
    tracing::info!(git.branch = name, "branch {name} was made");
    list(git).await
}

/// What is checked out.
struct Target {
    /// The branch, without what all names of branches begin with.
    name: String,
    /// What it is made from, where it isn't there yet.
    made_from: Option<String>,
}

async fn target(git: &Git, reference: &str) -> Result<Target, CodeError> {
    let unknown = || RepositoryError::NoBranch(reference.to_owned());
    if git.find(&format!("{reference}^{{commit}}")).await?.is_none() {
        return Err(unknown().into());
    }
    if let Some(name) = reference.strip_prefix(BRANCH_REFS) {
        check_name(git, name).await?;
        return Ok(Target { name: name.to_owned(), made_from: None });
    }
    let (_, name) = reference.strip_prefix(REMOTE_REFS).and_then(|name| name.split_once('/')).ok_or_else(unknown)?;
    check_name(git, name).await?;
    if git.find(&format!("{BRANCH_REFS}{name}")).await?.is_some() {
        return Err(RepositoryError::BranchExists(name.to_owned()).into());
    }
    Ok(Target { name: name.to_owned(), made_from: Some(reference.to_owned()) })
}

/// Makes sure that git takes a name for that of a branch, and for nothing else.
async fn check_name(git: &Git, name: &str) -> Result<(), CodeError> {
    let is_plain = !name.is_empty() && !name.starts_with('-') && name != "HEAD" && name.len() <= MOST_BYTES;
    let is_named = is_plain && !name.contains('\0') && {
        let reference = format!("{BRANCH_REFS}{name}");
        git.ask().maybe(&["check-ref-format", &reference]).await?.is_some()
    };
    if is_named { Ok(()) } else { Err(RepositoryError::BranchName(name.to_owned()).into()) }
}

/// The files that checking out a commit would overwrite, and that no commit has: changed ones, and those that git doesn't know.
async fn in_the_way(git: &Git, workspace: &Path, wanted: &str, changed: &[PathBuf]) -> Result<Vec<PathBuf>, CodeError> {
    let head = match git.find("HEAD^{tree}").await? {
        Some(head) => head,
        None => discard::empty_tree(git).await?,
    };
    let differing = async |filter: &'static str| {
        let wanted = format!("{wanted}^{{tree}}");
        let arguments = ["diff-tree", "-r", "-z", "--name-only", "--no-renames", filter, &head, &wanted];
        git.ask().bytes(&arguments).await
    };
    let all = differing("--diff-filter=ADMT").await?;
    let new = differing("--diff-filter=A").await?;
    let meet = |one: &Path, other: &Path| one.starts_with(other) || other.starts_with(one);
    let is_met = |file: &&PathBuf| records::names(&all).any(|name| meet(name, file));
    let mut files: Vec<PathBuf> = changed.iter().filter(is_met).cloned().collect();
    let stands = records::names(&new).filter(|name| workspace.join(name).symlink_metadata().is_ok());
    files.extend(stands.map(Path::to_owned));
    files.sort_unstable();
    files.dedup();
    Ok(files)
}

/// Reads branches of [`FORMAT`], each on a line.
fn read_branches(printed: &[u8]) -> Result<Vec<Branch>, NotUnderstood> {
    let mut branches = Vec::new();
    for line in printed.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let mut fields = line.splitn(5, |byte| *byte == 0).map(String::from_utf8_lossy);
        let mut next = || fields.next().ok_or(NotUnderstood);
        let (name, commit, at, symbolic, subject) = (next()?, next()?, next()?, next()?, next()?);
        // What stands for another one is told as that, and what is no commit can't be checked out.
        let Ok(seconds) = at.parse::<i64>() else { continue };
        if symbolic.is_empty() {
            branches.push(Branch {
                name: name.into_owned(),
                commit: commit.into_owned(),
                at: Timestamp(seconds.saturating_mul(1000)),
                subject: subject.chars().take(MOST_CHARACTERS).collect(),
            });
        }
    }
    Ok(branches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_read_and_what_only_stands_for_one_is_left_out() {
        let printed = b"refs/heads/a\0aa\x0012\0\0The \xff subject\nrefs/remotes/origin/HEAD\0aa\x0012\0refs/remotes/origin/a\0x\n\
                        refs/heads/tree\0bb\0\0\0\nrefs/remotes/origin/a/b\0cc\0-1\0\0\n";
        let branches = read_branches(printed).unwrap();
        let told: Vec<_> =
            branches.iter().map(|b| (b.name.as_str(), b.commit.as_str(), b.at.0, b.subject.as_str())).collect();
        let expected =
            [("refs/heads/a", "aa", 12_000, "The \u{fffd} subject"), ("refs/remotes/origin/a/b", "cc", -1_000, "")];
        assert_eq!(told, expected);
        assert_eq!(read_branches(b"refs/heads/a\0aa\n"), Err(NotUnderstood));
    }
}
