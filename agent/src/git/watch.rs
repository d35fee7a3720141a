//! Watching the workspace's folders, so that nobody has to look at all files to know that none has changed.
//!
//! Folders that git ignores aren't watched: builds and packages are written there by the thousand. Which folders these are,
//! [`super::changes`] finds out. What is written through memory that is shared with a file isn't seen (inotify(7)).

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;

/// In a workspace with more folders nothing is watched: the kernel bounds how many a user may watch, for all sandboxes together.
const MOST_FOLDERS: usize = 16_384;

/// Everything by which files become others.
const CHANGES: WatchFlags = WatchFlags::MODIFY
    .union(WatchFlags::CLOSE_WRITE)
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::CREATE)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::ONLYDIR)
    .union(WatchFlags::DONT_FOLLOW)
    .union(WatchFlags::EXCL_UNLINK);

/// The watched folders of a workspace.
#[derive(Debug)]
pub struct Watch {
    workspace: PathBuf,
    queue: AsyncFd<OwnedFd>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Folders by what the kernel calls them.
    folders: HashMap<i32, PathBuf>,
    known: HashSet<PathBuf>,
    /// Folders that have appeared.
    fresh: Vec<PathBuf>,
    has_changed: bool,
    /// The kernel has lost events: what is known means nothing any more.
    is_lost: bool,
}

/// The workspace can't be watched: it has too many folders, or the kernel doesn't let it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the workspace can't be watched")]
pub struct Unwatchable;

impl Watch {
    /// Watches nothing yet. The workspace's folder is absolute.
    pub fn new(workspace: &Path) -> io::Result<Self> {
        let queue = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        #[expect(deprecated, reason = "it is sound for a descriptor that is owned, and its successor is unsafe code")]
        let queue = AsyncFd::new(queue)?;
        Ok(Self { workspace: workspace.to_owned(), queue, seen: Mutex::default() })
    }

    /// Waits until something has happened, and says whether it was a change.
    pub async fn changed(&self) -> io::Result<bool> {
        self.queue.readable().await?.clear_ready();
        Ok(self.has_changed())
    }

    /// Whether something has changed since [`Watch::begin`].
    pub fn has_changed(&self) -> bool {
        let mut seen = self.seen();
        self.drain(&mut seen);
        seen.has_changed
    }

    /// From now on changes count. Returns the folders that have appeared since the last time; none when it is all to be
    /// watched anew.
    pub fn begin(&self) -> Option<Vec<PathBuf>> {
        let mut seen = self.seen();
        self.drain(&mut seen);
        seen.has_changed = false;
        if std::mem::take(&mut seen.is_lost) || seen.known.is_empty() {
            self.forget_all(&mut seen);
            return None;
        }
        let fresh = std::mem::take(&mut seen.fresh);
        Some(fresh.into_iter().filter(|folder| !seen.known.contains(folder)).collect())
    }

    /// Watches a folder, by its path in the workspace. Says whether that is new.
    pub fn add(&self, folder: &Path) -> Result<bool, Unwatchable> {
        let mut seen = self.seen();
        if seen.known.contains(folder) {
            return Ok(false);
        }
        if seen.known.len() >= MOST_FOLDERS {
            self.forget_all(&mut seen);
            return Err(Unwatchable);
        }
        match inotify::add_watch(&self.queue, self.workspace.join(folder), CHANGES) {
            Ok(number) => {
                if let Some(moved) = seen.folders.insert(number, folder.to_owned()) {
                    seen.known.remove(&moved);
                }
                Ok(seen.known.insert(folder.to_owned()))
            }
            // It is gone again, or something else stands there.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS | Errno::LOOP) => Ok(false),
            Err(errno) => {
                tracing::info!(error = %errno, "the workspace isn't watched");
                self.forget_all(&mut seen);
                Err(Unwatchable)
            }
        }
    }

    /// Whether a folder is watched.
    pub fn knows(&self, folder: &Path) -> bool {
        self.seen().known.contains(folder)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // A set with a folder more or less is mended when that is looked at next.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drain(&self, seen: &mut Seen) {
        let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
        let mut events = Reader::new(self.queue.get_ref(), &mut buffer);
        loop {
            match events.next() {
                Ok(event) => {
                    let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
                    self.note(seen, event.wd(), event.events(), name);
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Err(errno) => {
                    tracing::warn!(error = %errno, "the workspace's changes can't be read");
                    (seen.is_lost, seen.has_changed) = (true, true);
                    return;
                }
            }
        }
    }

    fn note(&self, seen: &mut Seen, number: i32, events: ReadFlags, name: Option<&OsStr>) {
        if events.contains(ReadFlags::QUEUE_OVERFLOW) {
            (seen.is_lost, seen.has_changed) = (true, true);
            return;
        }
        if events.contains(ReadFlags::IGNORED) {
            if let Some(folder) = seen.folders.remove(&number) {
                seen.known.remove(&folder);
            }
            return;
        }
        let Some(folder) = seen.folders.get(&number).cloned() else { return };
        // Git's own folder changes with every command.
        if folder.as_os_str().is_empty() && name.is_some_and(|name| name == ".git") {
            return;
        }
        seen.has_changed = true;
        let Some(path) = name.filter(|_| events.contains(ReadFlags::ISDIR)).map(|name| folder.join(name)) else {
            return;
        };
        if events.contains(ReadFlags::MOVED_FROM) {
            self.forget(seen, &path);
        }
        if events.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) {
            if seen.fresh.len() < MOST_FOLDERS {
                seen.fresh.push(path);
            } else {
                seen.is_lost = true;
            }
        }
    }

    /// Doesn't watch what is beneath a folder any more, which has another name now.
    fn forget(&self, seen: &mut Seen, folder: &Path) {
        let Seen { folders, known, .. } = seen;
        folders.retain(|number, path| {
            let stays = !path.starts_with(folder);
            if !stays {
                known.remove(path);
                // It fails only for what the kernel has forgotten by itself.
                let _forgotten = inotify::remove_watch(&self.queue, *number);
            }
            stays
        });
    }

    fn forget_all(&self, seen: &mut Seen) {
        self.forget(seen, Path::new(""));
        seen.fresh.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn watched(folders: &[&str]) -> (TempDir, Watch) {
        let folder = TempDir::new().unwrap();
        let watch = Watch::new(folder.path()).unwrap();
        for name in folders {
            fs::create_dir_all(folder.path().join(name)).unwrap();
            assert_eq!(watch.add(Path::new(name)), Ok(true));
        }
        (folder, watch)
    }

    #[tokio::test]
    async fn what_is_written_in_a_watched_folder_is_a_change_and_reading_is_none() {
        let (folder, watch) = watched(&["", "a"]);
        fs::create_dir(folder.path().join(".git")).unwrap();
        assert_eq!(watch.begin(), Some(vec![]));
        fs::read_dir(folder.path().join("a")).unwrap().count();
        fs::write(folder.path().join(".git/index"), "").unwrap();
        assert!(!watch.has_changed());
        fs::write(folder.path().join("a/file"), "").unwrap();
        assert!(watch.changed().await.unwrap());
        assert_eq!(watch.begin(), Some(vec![]));
        assert!(!watch.has_changed());
        fs::rename(folder.path().join("a/file"), folder.path().join("a/other")).unwrap();
        assert!(watch.has_changed());
    }

    #[tokio::test]
    async fn folders_that_appear_are_told_and_those_that_move_are_forgotten() {
        let (folder, watch) = watched(&["", "a", "a/b"]);
        assert_eq!(watch.begin(), Some(vec![]));
        fs::create_dir(folder.path().join("a/b/c")).unwrap();
        fs::rename(folder.path().join("a"), folder.path().join("z")).unwrap();
        assert!(watch.has_changed());
        assert!(!watch.knows(Path::new("a/b")) && watch.knows(Path::new("")));
        assert_eq!(watch.begin(), Some(vec!["a/b/c".into(), "z".into()]));
        assert_eq!(watch.add(Path::new("a/b/c")), Ok(false));
        assert_eq!(watch.add(Path::new("z/b")), Ok(true));
    }

    #[tokio::test]
    async fn lost_events_make_it_all_be_watched_anew() {
        let (folder, watch) = watched(&["", "a"]);
        assert!(watch.begin().is_some());
        let most = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap().trim().parse().unwrap();
        for number in 0..=most {
            // Two different events after one another, or the kernel would count them as one.
            fs::write(folder.path().join(if number % 2 == 0 { "a/x" } else { "y" }), "").unwrap();
        }
        assert!(watch.has_changed());
        assert_eq!(watch.begin(), None);
        assert!(!watch.knows(Path::new("a")) && !watch.has_changed());
    }
}
