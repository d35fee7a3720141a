//! What a session made, put into the workspace's repository as a branch. Of the workspace only objects and one ref are written, never
//! its files, its index or another branch; only [`super::apply`] does that, and [`super::deposit`] where there is no repository.
//!
//! The bundle comes from a sandbox. So it is unpacked and checked in a scratch repository, and only then are its objects copied. The
//! git command never runs in the workspace's repository; the branch is made with gix, which runs no hooks.

use std::fs;
use std::io;
use std::path::Path;

use gix::refs::transaction::PreviousValue;
use octobot_wire::daemon::BUNDLE_RESULT_REF;

use super::intake::{self, Limits};
use super::repository::Repository;
use super::scratch::Scratch;
use super::{BrokenRepository, GitError};

/// So many names are tried for a branch before its session's name is given up.
const MOST_NAMES: u32 = 1_000;

/// A branch with what a session made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The branch, as in `octobot/fix-tests`.
    pub branch: String,
    /// The commit that it points to.
    pub commit: String,
}

/// Makes a branch of what a bundle brings, in the repository at `workspace`. It is called `wanted`, with a number behind it where a
/// branch of that name is another commit. Temporary files go into `scratch`.
pub async fn put_branch(workspace: &Path, bundle: &Path, wanted: &str, scratch: &Path) -> Result<Arrival, GitError> {
    let repository = Repository::existing(workspace.to_owned()).await?;
    let scratch = Scratch::of_repository(workspace, &repository, Some(scratch)).await?;
    unpack(&scratch, bundle).await?;
    let (workspace, wanted) = (workspace.to_owned(), wanted.to_owned());
    let finish = tokio::task::spawn_blocking(move || {
        copy_packs(scratch.path(), &repository.common_dir)?;
        let commit = read_ref(scratch.path(), BUNDLE_RESULT_REF)?;
        let branch = make_branch(&workspace, &wanted, &commit)?;
        Ok(Arrival { branch, commit })
    });
    finish.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// Removes a branch that [`put_branch`] made, unless it has moved since. Says whether it did.
pub async fn remove_branch(workspace: &Path, arrival: &Arrival) -> Result<bool, GitError> {
    let (workspace, Arrival { branch, commit }) = (workspace.to_owned(), arrival.clone());
    let remove = tokio::task::spawn_blocking(move || {
        let repository = open_with_gix(&workspace)?;
        let broken = |error| broken(&workspace, error);
        let found = repository.try_find_reference(full_name(&branch).as_str()).map_err(broken)?;
        let Some(reference) = found.filter(|found| found.id().to_hex().to_string().as_str() == commit.as_str()) else {
            return Ok(false);
        };
        reference.delete().map_err(broken).map(|()| true)
    });
    remove.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// Takes what a bundle brings into a scratch repository, where it is checked.
pub(super) async fn unpack(scratch: &Scratch, bundle: &Path) -> Result<(), GitError> {
    unpack_refs(scratch, bundle, &[BUNDLE_RESULT_REF]).await
}

/// The same of these refs.
pub(super) async fn unpack_refs(scratch: &Scratch, bundle: &Path, refs: &[&str]) -> Result<(), GitError> {
    intake::take_in(scratch, bundle, refs, Limits::DEFAULT).await
}

/// Copies packs, each with its index last, so that nobody sees one without the other.
pub(super) fn copy_packs(scratch: &Path, repository: &Path) -> Result<(), GitError> {
    let (from, to) = (scratch.join("objects/pack"), repository.join("objects/pack"));
    let names = match fs::read_dir(&from) {
        // All objects were there already.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(GitError::files(&from))?,
    };
    fs::create_dir_all(&to).map_err(GitError::files(&to))?;
    let names = names.map(|entry| entry.map(|entry| entry.file_name()));
    let mut names: Vec<_> = names.collect::<Result<_, _>>().map_err(GitError::files(&from))?;
    names.sort_by_key(|name| Path::new(name).extension().is_some_and(|kind| kind == "idx"));
    for name in names {
        let (from, to) = (from.join(&name), to.join(&name));
        if !to.exists() {
            let part = to.with_extension("octobot-part");
            fs::copy(&from, &part).and_then(|_| fs::rename(&part, &to)).map_err(GitError::files(to))?;
        }
    }
    Ok(())
}

/// The commit that a ref of a scratch repository names.
pub(super) fn read_ref(scratch: &Path, name: &str) -> Result<String, GitError> {
    let path = scratch.join(name);
    Ok(fs::read_to_string(&path).map_err(GitError::files(path))?.trim().to_owned())
}

fn make_branch(workspace: &Path, wanted: &str, commit: &str) -> Result<String, GitError> {
    let repository = open_with_gix(workspace)?;
    let broken = |error| broken(workspace, error);
    let id = repository.rev_parse_single(commit).map_err(broken)?.detach();
    for number in 1..MOST_NAMES {
        let branch = if number == 1 { wanted.to_owned() } else { format!("{wanted}-{number}") };
        let name = full_name(&branch);
        match repository.try_find_reference(name.as_str()).map_err(broken)? {
            Some(known) if known.id() == id => return Ok(branch),
            Some(_) => {}
            None => {
                repository
                    .reference(name, id, PreviousValue::MustNotExist, "octobot: what a session made")
                    .map_err(broken)?;
                return Ok(branch);
            }
        }
    }
    Err(GitError::TooManyBranches { branch: wanted.to_owned() })
}

/// The workspace's repository, to change refs in it.
pub(super) fn open_with_gix(workspace: &Path) -> Result<gix::Repository, GitError> {
    // Who it was stands in the branch's log.
    let options =
        gix::open::Options::isolated().config_overrides(["user.name=Octobot", "user.email=octobot@localhost"]);
    gix::open_opts(workspace, options).map_err(|error| broken(workspace, error))
}

fn full_name(branch: &str) -> String {
    format!("refs/heads/{branch}")
}

/// A failure of gix.
pub(super) fn broken(path: &Path, error: gix::Error) -> GitError {
    GitError::BrokenRepository { path: path.to_owned(), reason: BrokenRepository::Unreadable(Box::new(error)) }
}
