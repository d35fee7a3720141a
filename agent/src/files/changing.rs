//! Changing the files of the workspace for people: writing, making folders, moving. Nothing is overwritten that wasn't named, and
//! nothing outside is touched.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use octobot_wire::code::FileKind;
use octobot_wire::daemon::MAX_CONTENT;
use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags, fchmod, mkdirat, openat, renameat, renameat_with, unlinkat};
use rustix::io::Errno;

use super::place::{Place, behind_links};
use super::{FileError, failed, kind, state_of};

/// What a file is written over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// Nothing: there mustn't be anything.
    Nothing,
    /// A file in this state.
    State(String),
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// It isn't there, isn't a file, or can't be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file isn't what whoever writes believes it to be.
    #[error("{} isn't what it was", path.display())]
    Another {
        /// The file.
        path: PathBuf,
        /// Its state; none where there is no file.
        state: Option<String>,
    },
    /// Something is there already.
    #[error("there is already something at {}", .0.display())]
    Exists(PathBuf),
    /// A folder can't be within itself.
    #[error("{} can't be moved into itself", .0.display())]
    IntoItself(PathBuf),
    /// No file or folder can be called so.
    #[error("no file or folder can be called {0:?}")]
    BadName(PathBuf),
}

/// Writes a file as a whole, and tells its state. Of a link the file is written that it leads to, if that is in the workspace.
/// A file keeps its permissions.
pub fn write(workspace: &Path, path: &Path, over: &Over, bytes: &[u8]) -> Result<String, ChangeError> {
    match over {
        Over::Nothing => {
            let place = new_place(workspace, path)?;
            let draft = Draft::write(&place, bytes, None).map_err(failed(path))?;
            match draft.put(&place, RenameFlags::NOREPLACE) {
                Err(Errno::EXIST) => Err(ChangeError::Another {
                    path: path.to_owned(),
                    state: current(&place, path)?.map(|now| now.state),
                }),
                put => Ok(put.map_err(failed(path))?),
            }
        }
        Over::State(state) => replace(workspace, path, state, bytes),
    }
    .map(|()| state_of(bytes))
}

fn replace(workspace: &Path, path: &Path, state: &str, bytes: &[u8]) -> Result<(), ChangeError> {
    let another = |state| ChangeError::Another { path: path.to_owned(), state };
    let real = match behind_links(workspace, path) {
        Err(FileError::NotFound(_)) => return Err(another(None)),
        real => real?,
    };
    let place = Place::of(workspace, &real)?;
    let Some(before) = current(&place, path)? else { return Err(another(None)) };
    let draft = Draft::write(&place, bytes, Some(before.mode)).map_err(failed(path))?;
    // As late as can be: the agent may write at any time.
    match current(&place, path)? {
        Some(now) if now.state == state => Ok(draft.put(&place, RenameFlags::empty()).map_err(failed(path))?),
        now => Err(another(now.map(|now| now.state))),
    }
}

/// Makes a folder.
pub fn make_folder(workspace: &Path, path: &Path) -> Result<(), ChangeError> {
    let place = new_place(workspace, path)?;
    match mkdirat(&place.folder, &place.name, Mode::from_raw_mode(0o777)) {
        Err(Errno::EXIST) => Err(ChangeError::Exists(path.to_owned())),
        made => Ok(made.map_err(failed(path))?),
    }
}

/// Gives a file or folder another path. A link is moved itself.
pub fn rename(workspace: &Path, from: &Path, to: &Path) -> Result<(), ChangeError> {
    let source = Place::of(workspace, from)?;
    if to != from && to.starts_with(from) {
        return Err(ChangeError::IntoItself(from.to_owned()));
    }
    let target = new_place(workspace, to)?;
    if source.look().map_err(failed(from))?.is_none() {
        return Err(FileError::NotFound(from.to_owned()).into());
    }
    match renameat_with(&source.folder, &source.name, &target.folder, &target.name, RenameFlags::NOREPLACE) {
        Err(Errno::EXIST) => Err(ChangeError::Exists(to.to_owned())),
        renamed => Ok(renamed.map_err(failed(from))?),
    }
}

/// A place for something new.
pub(super) fn new_place(workspace: &Path, path: &Path) -> Result<Place, ChangeError> {
    if !super::is_straight(path) || path.starts_with(".git") {
        return Err(ChangeError::BadName(path.to_owned()));
    }
    Ok(Place::of(workspace, path)?)
}

/// A file as it is before it is written over.
pub(super) struct Current {
    /// What tells its content from another.
    pub(super) state: String,
    mode: Mode,
}

/// Reads what is at a place; nothing where nothing is. Only regular files are opened.
pub(super) fn current(place: &Place, path: &Path) -> Result<Option<Current>, FileError> {
    let Some(stat) = place.look().map_err(failed(path))? else { return Ok(None) };
    if !matches!(kind(&stat), FileKind::File | FileKind::Executable) {
        return Err(FileError::NotRegular(path.to_owned()));
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = match openat(&place.folder, &place.name, flags, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(None),
        file => File::from(file.map_err(failed(path))?),
    };
    let io = |source| FileError::Io { path: path.to_owned(), source };
    // Another file may stand there by now.
    if !file.metadata().map_err(io)?.is_file() {
        return Err(FileError::NotRegular(path.to_owned()));
    }
    let mut bytes = Vec::new();
    file.take(MAX_CONTENT + 1).read_to_end(&mut bytes).map_err(io)?;
    Ok(Some(Current { state: state_of(&bytes), mode: Mode::from_raw_mode(stat.st_mode & 0o777) }))
}

/// A file that is written beside the one whose place it takes. One that takes none is removed.
struct Draft<'a> {
    folder: &'a OwnedFd,
    name: OsString,
    is_put: bool,
}

impl<'a> Draft<'a> {
    fn write(place: &'a Place, bytes: &[u8], mode: Option<Mode>) -> Result<Self, Errno> {
        static WRITTEN: AtomicU64 = AtomicU64::new(0);
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let name = OsString::from(format!(".octobot-{}-{number}.tmp", std::process::id()));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&place.folder, &name, flags, Mode::from_raw_mode(0o666))?;
        let draft = Self { folder: &place.folder, name, is_put: false };
        if let Some(mode) = mode {
            fchmod(&file, mode)?;
        }
        let mut file = File::from(file);
        file.write_all(bytes).and_then(|()| file.sync_data()).map_err(|error| errno(&error))?;
        Ok(draft)
    }

    fn put(mut self, place: &Place, flags: RenameFlags) -> Result<(), Errno> {
        if flags.is_empty() {
            renameat(self.folder, &self.name, &place.folder, &place.name)?;
        } else {
            renameat_with(self.folder, &self.name, &place.folder, &place.name, flags)?;
        }
        self.is_put = true;
        Ok(())
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if !self.is_put
            && let Err(error) = unlinkat(self.folder, &self.name, AtFlags::empty())
        {
            tracing::warn!(error = %error, "a file that wasn't saved can't be removed");
        }
    }
}

fn errno(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

impl ChangeError {
    /// Whether space would help.
    pub fn is_full(&self) -> bool {
        let Self::File(FileError::Io { source, .. }) = self else { return false };
        matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use tempfile::TempDir;

    use super::*;

    fn workspace() -> (TempDir, PathBuf) {
        let folder = TempDir::new().unwrap();
        let workspace = folder.path().join("workspace");
        fs::create_dir_all(workspace.join("a/b")).unwrap();
        fs::create_dir(workspace.join(".git")).unwrap();
        fs::write(folder.path().join("secret"), "secret").unwrap();
        fs::write(workspace.join("a/file"), "old").unwrap();
        fs::set_permissions(workspace.join("a/file"), fs::Permissions::from_mode(0o755)).unwrap();
        (folder, workspace)
    }

    fn over(text: &str) -> Over {
        Over::State(state_of(text.as_bytes()))
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_written_over_the_state_that_was_named_and_keeps_its_mode() {
        let (_folder, workspace) = workspace();
        let path = Path::new("a/file");
        assert_eq!(write(&workspace, path, &over("old"), b"new").unwrap(), state_of(b"new"));
        assert_eq!(fs::read_to_string(workspace.join(path)).unwrap(), "new");
        assert_eq!(workspace.join(path).metadata().unwrap().mode() & 0o777, 0o755);
        let refused = write(&workspace, path, &over("old"), b"newer").unwrap_err();
        assert!(matches!(refused, ChangeError::Another { state: Some(state), .. } if state == state_of(b"new")));
        let refused = write(&workspace, path, &Over::Nothing, b"newer").unwrap_err();
        assert!(matches!(refused, ChangeError::Another { state: Some(state), .. } if state == state_of(b"new")));
        let refused = write(&workspace, Path::new("none"), &over("old"), b"new").unwrap_err();
        assert!(matches!(refused, ChangeError::Another { state: None, .. }));
        assert_eq!(names(&workspace.join("a")), ["b", "file"]);
    }

    #[test]
    fn of_a_link_inside_the_file_behind_it_is_written_and_none_outside() {
        let (folder, workspace) = workspace();
        symlink("a", workspace.join("folder")).unwrap();
        symlink("folder/file", workspace.join("link")).unwrap();
        write(&workspace, Path::new("link"), &over("old"), b"new").unwrap();
        assert_eq!(fs::read_to_string(workspace.join("a/file")).unwrap(), "new");
        assert!(workspace.join("link").is_symlink());
        symlink("../secret", workspace.join("out")).unwrap();
        symlink(folder.path(), workspace.join("outside")).unwrap();
        for path in ["out", "outside/secret", "../secret", "a/../../secret"] {
            assert!(write(&workspace, Path::new(path), &over("secret"), b"new").is_err(), "{path}");
            assert!(write(&workspace, Path::new(path), &Over::Nothing, b"new").is_err(), "{path}");
        }
        assert!(write(&workspace, &folder.path().join("secret"), &over("secret"), b"new").is_err());
        assert!(write(&workspace, Path::new("outside/new"), &Over::Nothing, b"new").is_err());
        assert_eq!(fs::read_to_string(folder.path().join("secret")).unwrap(), "secret");
        assert_eq!(names(folder.path()), ["secret", "workspace"]);
    }

    #[test]
    fn only_regular_files_are_written_and_gits_own_are_not() {
        let (_folder, workspace) = workspace();
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, workspace.join("pipe"), fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        for path in ["pipe", "a"] {
            let refused = write(&workspace, Path::new(path), &over(""), b"new").unwrap_err();
            assert!(matches!(refused, ChangeError::File(FileError::NotRegular(_))), "{path}: {refused}");
        }
        for path in [".git/config", ".git", "", ".", "a/", "a//c", "c\0"] {
            assert!(write(&workspace, Path::new(path), &Over::Nothing, b"new").is_err(), "{path}");
            assert!(make_folder(&workspace, Path::new(path)).is_err(), "{path}");
            assert!(rename(&workspace, Path::new("a"), Path::new(path)).is_err(), "{path}");
        }
        assert!(rename(&workspace, Path::new(".git"), Path::new("git")).is_err());
        assert_eq!(names(&workspace), [".git", "a", "pipe"]);
    }

    #[test]
    fn moving_overwrites_nothing() {
        let (_folder, workspace) = workspace();
        let rename = |from: &str, to: &str| rename(&workspace, Path::new(from), Path::new(to));
        make_folder(&workspace, Path::new("new")).unwrap();
        assert!(matches!(make_folder(&workspace, Path::new("new")), Err(ChangeError::Exists(_))));
        rename("a/file", "new/file").unwrap();
        fs::write(workspace.join("a/file"), "other").unwrap();
        for (from, to) in [("a/file", "new/file"), ("a", "new"), ("a", "a"), ("a/file", "a/file")] {
            assert!(matches!(rename(from, to), Err(ChangeError::Exists(_))), "{from} to {to}");
        }
        assert!(matches!(rename("a", "a/b/c"), Err(ChangeError::IntoItself(_))));
        for (from, to) in [("none", "c"), ("a", "none/a"), ("a", "../a"), ("../secret", "secret")] {
            assert!(rename(from, to).is_err(), "{from} to {to}");
        }
        assert_eq!(fs::read_to_string(workspace.join("new/file")).unwrap(), "old");
    }
}
