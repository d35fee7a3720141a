//! Putting a file into another state, or away, whichever state it is in.

use std::path::Path;

use rustix::fs::{AtFlags, Mode, chmodat, unlinkat};

use super::changing::{ChangeError, Over, current, make_folder, write};
use super::place::Place;
use super::{Content, FileError, failed};
use octobot_wire::code::FileKind;

/// Puts a file from one state into another; none is that there is no file. One that is there keeps its permissions. Folders that
/// are missing on the way to a new one are made.
pub fn put(workspace: &Path, path: &Path, from: Option<&str>, to: Option<&Content>) -> Result<(), ChangeError> {
    match (from, to) {
        (Some(state), Some(content)) => {
            write(workspace, path, &Over::State(state.to_owned()), &content.bytes).map(drop)
        }
        (Some(state), None) => remove(workspace, path, state),
        (None, Some(content)) => create(workspace, path, content),
        (None, None) => Ok(()),
    }
}

fn create(workspace: &Path, path: &Path, content: &Content) -> Result<(), ChangeError> {
    let mut folders: Vec<_> = path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()).collect();
    folders.reverse();
    for folder in folders {
        match make_folder(workspace, folder) {
            // What isn't a folder is found out by the next step.
            Ok(()) | Err(ChangeError::Exists(_)) => {}
            Err(error) => return Err(error),
        }
    }
    write(workspace, path, &Over::Nothing, &content.bytes)?;
    if content.kind == FileKind::Executable {
        let place = Place::of(workspace, path)?;
        let mode = place.look().map_err(failed(path))?.map_or(0o666, |stat| stat.st_mode & 0o777);
        // Who may read it may execute it.
        let mode = Mode::from_raw_mode(mode | (mode & 0o444) >> 2);
        chmodat(&place.folder, &place.name, mode, AtFlags::empty()).map_err(failed(path))?;
    }
    Ok(())
}

fn remove(workspace: &Path, path: &Path, state: &str) -> Result<(), ChangeError> {
    let another = |state| ChangeError::Another { path: path.to_owned(), state };
    let place = match Place::of(workspace, path) {
        Err(FileError::NotFound(_)) => return Err(another(None)),
        place => place?,
    };
    match current(&place, path)? {
        Some(now) if now.state == state => {
            Ok(unlinkat(&place.folder, &place.name, AtFlags::empty()).map_err(failed(path))?)
        }
        now => Err(another(now.map(|now| now.state))),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use tempfile::TempDir;

    use super::*;
    use crate::files::state_of;

    fn content(text: &str, kind: FileKind) -> Content {
        Content { kind, bytes: text.as_bytes().to_vec() }
    }

    #[test]
    fn a_file_comes_goes_and_becomes_another_only_from_the_state_that_was_named() {
        let folder = TempDir::new().unwrap();
        let (path, one, two) =
            (Path::new("a/b/file"), content("one", FileKind::Executable), content("two", FileKind::File));
        let put = |from: Option<&Content>, to: Option<&Content>| {
            put(folder.path(), path, from.map(|from| state_of(&from.bytes)).as_deref(), to)
        };
        let text = || fs::read_to_string(folder.path().join(path)).ok();
        put(None, Some(&one)).unwrap();
        let mode = || fs::metadata(folder.path().join(path)).unwrap().permissions().mode();
        assert_eq!((text().as_deref(), mode() & 0o100), (Some("one"), 0o100));
        assert!(matches!(put(None, Some(&two)), Err(ChangeError::Another { state: Some(_), .. })));
        assert!(matches!(put(Some(&two), None), Err(ChangeError::Another { state: Some(_), .. })));
        put(Some(&one), Some(&two)).unwrap();
        assert_eq!((text().as_deref(), mode() & 0o100), (Some("two"), 0o100));
        put(Some(&two), None).unwrap();
        assert_eq!(text(), None);
        assert!(matches!(put(Some(&two), None), Err(ChangeError::Another { state: None, .. })));
    }

    #[test]
    fn nothing_is_put_outside_or_into_gits_own_folder() {
        let folder = TempDir::new().unwrap();
        let workspace = folder.path().join("workspace");
        fs::create_dir_all(workspace.join(".git")).unwrap();
        fs::write(folder.path().join("secret"), "secret").unwrap();
        symlink(folder.path(), workspace.join("out")).unwrap();
        for path in ["out/new", "../new", ".git/new", "out/a/new", "a/../../new"] {
            assert!(put(&workspace, Path::new(path), None, Some(&content("x", FileKind::File))).is_err(), "{path}");
        }
        for path in ["out/secret", "../secret"] {
            assert!(put(&workspace, Path::new(path), Some(&state_of(b"secret")), None).is_err(), "{path}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        assert_eq!(fs::read_dir(workspace.join(".git")).unwrap().count(), 0);
    }
}
