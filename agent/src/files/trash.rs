//! What people have deleted lately, so that it can be brought back: a folder in the home, because only there can it be moved to
//! whole, whatever its size. The agent could look into it; it could have looked at the files before.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{RenameFlags, renameat_with};
use rustix::io::Errno;

use super::changing::{ChangeError, new_place};
use super::place::Place;
use super::{FileError, failed};
use crate::beneath;

/// So many things are kept.
const MOST: usize = 20;

/// The name of a deleted thing in its folder of the trash.
const ENTRY: &str = "entry";

/// The name of the file that tells where it was.
const ORIGIN: &str = "path";

/// See the module.
#[derive(Debug)]
pub struct Trash {
    folder: PathBuf,
    /// One thing at a time, so that numbers are given once.
    working: Mutex<()>,
}

impl Trash {
    /// The trash in a folder, which is made with the first thing that is deleted.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder, working: Mutex::new(()) }
    }

    /// Moves a file or folder of the workspace into the trash, and tells its number there.
    pub fn take(&self, workspace: &Path, path: &Path) -> Result<u64, ChangeError> {
        let _working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        let place = Place::of(workspace, path)?;
        if place.look().map_err(failed(path))?.is_none() {
            return Err(FileError::NotFound(path.to_owned()).into());
        }
        let io = |source| FileError::Io { path: path.to_owned(), source };
        let kept = self.kept().map_err(io)?;
        let number = kept.last().map_or(1, |last| last + 1);
        let own = self.folder.join(number.to_string());
        fs::create_dir_all(&own).map_err(io)?;
        let moved = fs::write(own.join(ORIGIN), path.as_os_str().as_bytes())
            .map_err(|error| failed_io(path, error))
            .and_then(|()| {
                let root = beneath::root(&own).map_err(failed(path))?;
                renameat_with(&place.folder, &place.name, &root, ENTRY, RenameFlags::NOREPLACE).map_err(failed(path))
            });
        if let Err(error) = moved {
            self.forget(number);
            return Err(error.into());
        }
        let surplus = (kept.len() + 1).saturating_sub(MOST);
        kept.iter().take(surplus).for_each(|number| self.forget(*number));
        Ok(number)
    }

    /// Puts a deleted thing back where it was, and tells where that is.
    pub fn restore(&self, workspace: &Path, number: u64) -> Result<PathBuf, ChangeError> {
        let _working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        let own = self.folder.join(number.to_string());
        let gone = || FileError::NotFound(Path::new("trash").join(number.to_string()));
        let path = match fs::read(own.join(ORIGIN)) {
            Ok(path) => PathBuf::from(OsString::from_vec(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(gone().into()),
            Err(error) => return Err(failed_io(&own, error).into()),
        };
        let place = new_place(workspace, &path)?;
        let root = beneath::root(&own).map_err(failed(&path))?;
        match renameat_with(&root, ENTRY, &place.folder, &place.name, RenameFlags::NOREPLACE) {
            Err(Errno::EXIST) => return Err(ChangeError::Exists(path)),
            restored => restored.map_err(failed(&path))?,
        }
        self.forget(number);
        Ok(path)
    }

    /// The numbers of what is kept, in order.
    fn kept(&self) -> io::Result<Vec<u64>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut kept = Vec::new();
        for entry in entries {
            kept.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
        }
        kept.sort_unstable();
        Ok(kept)
    }

    fn forget(&self, number: u64) {
        if let Err(error) = fs::remove_dir_all(self.folder.join(number.to_string())) {
            tracing::warn!(error = %error, "what was deleted can't be removed from the trash");
        }
    }
}

fn failed_io(path: &Path, source: io::Error) -> FileError {
    FileError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    fn workspace() -> (TempDir, PathBuf, Trash) {
        let folder = TempDir::new().unwrap();
        let workspace = folder.path().join("workspace");
        fs::create_dir_all(workspace.join("a/b")).unwrap();
        fs::write(workspace.join("a/b/file"), "text").unwrap();
        let trash = Trash::at(folder.path().join(".octobot/trash"));
        (folder, workspace, trash)
    }

    #[test]
    fn a_folder_goes_and_comes_back_whole() {
        let (folder, workspace, trash) = workspace();
        symlink("/etc", workspace.join("a/link")).unwrap();
        let number = trash.take(&workspace, Path::new("a")).unwrap();
        assert!(!workspace.join("a").exists());
        assert_eq!(trash.restore(&workspace, number).unwrap(), Path::new("a"));
        assert_eq!(fs::read_to_string(workspace.join("a/b/file")).unwrap(), "text");
        assert!(workspace.join("a/link").is_symlink());
        assert!(trash.restore(&workspace, number).is_err());
        assert_eq!(fs::read_dir(folder.path().join(".octobot/trash")).unwrap().count(), 0);
    }

    #[test]
    fn what_came_meanwhile_is_not_overwritten_and_nothing_is_lost() {
        let (_folder, workspace, trash) = workspace();
        let path = Path::new("a/b/file");
        let number = trash.take(&workspace, path).unwrap();
        fs::write(workspace.join(path), "new").unwrap();
        assert!(matches!(trash.restore(&workspace, number), Err(ChangeError::Exists(_))));
        fs::remove_dir_all(workspace.join("a")).unwrap();
        assert!(trash.restore(&workspace, number).is_err());
        fs::create_dir_all(workspace.join("a/b")).unwrap();
        trash.restore(&workspace, number).unwrap();
        assert_eq!(fs::read_to_string(workspace.join(path)).unwrap(), "text");
    }

    #[test]
    fn only_what_was_deleted_last_is_kept() {
        let (folder, workspace, trash) = workspace();
        for number in 1..=25 {
            fs::write(workspace.join("file"), number.to_string()).unwrap();
            assert_eq!(trash.take(&workspace, Path::new("file")).unwrap(), number);
        }
        assert_eq!(fs::read_dir(folder.path().join(".octobot/trash")).unwrap().count(), MOST);
        assert!(trash.restore(&workspace, 5).is_err());
        trash.restore(&workspace, 6).unwrap();
        assert_eq!(fs::read_to_string(workspace.join("file")).unwrap(), "6");
    }

    #[test]
    fn nothing_outside_and_nothing_of_gits_is_deleted() {
        let (folder, workspace, trash) = workspace();
        fs::create_dir(workspace.join(".git")).unwrap();
        fs::write(folder.path().join("secret"), "").unwrap();
        symlink(folder.path(), workspace.join("out")).unwrap();
        for path in ["../secret", "out/secret", ".git", "", ".", "..", "none", "/etc/hostname"] {
            assert!(trash.take(&workspace, Path::new(path)).is_err(), "{path}");
        }
        // A link goes itself.
        trash.take(&workspace, Path::new("out")).unwrap();
        assert!(folder.path().join("secret").exists());
    }
}
