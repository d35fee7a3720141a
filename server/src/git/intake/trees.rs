//! How many files trees come to, and how large those are in all: worked out from what each tree holds itself, so that a tree that holds
//! another one a thousand times is read once.
//!
//! Objects are known by the order in which they were met, so that an entry of a tree takes four bytes here, and each id is kept once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::ControlFlow;

use gix::ObjectId;

use super::{Kind, Limits, Untaken, kinds_of};
use crate::git::scratch::Scratch;
use crate::git::{GitError, blocking};

/// Files can't be made whose paths have more bytes than this, which is Linux's limit.
const LONGEST_PATH: u64 = 4_096;

/// No entry of a tree that can be made is longer, in bytes.
const LONGEST_ENTRY: usize = 64 * 1024;

/// What an entry of a tree stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// A file or a link.
    File,
    /// A submodule, whose id is of another repository.
    Submodule,
    Folder,
}

/// An object that trees name.
#[derive(Debug, PartialEq, Eq)]
enum Object {
    /// A file or a link, of so many bytes.
    File(u64),
    /// A folder, once it has been read.
    Folder(Box<Held>),
}

/// What a tree holds itself, as places in [`Objects`].
#[derive(Debug, Default, PartialEq, Eq)]
struct Held {
    files: Vec<u32>,
    submodules: u64,
    folders: Vec<u32>,
    /// The bytes of its longest name.
    longest: u64,
}

/// The objects that were met.
#[derive(Debug, Default)]
struct Objects {
    places: HashMap<ObjectId, u32>,
    known: Vec<Object>,
}

/// What a tree comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    files: u64,
    bytes: u64,
    /// So many bytes its longest path has at most.
    path: u64,
}

/// Makes sure that no tree comes to more than is taken.
pub(super) async fn measure(scratch: &Scratch, trees: Vec<ObjectId>, limits: Limits) -> Result<(), GitError> {
    let too_much = || GitError::from(Untaken::Files { files: limits.files, bytes: limits.bytes });
    let mut objects = Objects::default();
    let mut wanted: Vec<ObjectId> = Vec::with_capacity(trees.len());
    for tree in trees {
        if let Met::New(_) = objects.meet(tree, What::Folder).ok_or(NO_FOLDER)? {
            wanted.push(tree);
        }
    }
    let mut read = 0;
    while !wanted.is_empty() {
        let kinds = kinds_of(scratch, &wanted).await?;
        read += kinds.iter().map(|(_, size)| *size).sum::<u64>();
        if read > limits.trees {
            return Err(too_much());
        }
        if kinds.iter().any(|(kind, _)| *kind != Kind::Tree) {
            return Err(NO_FOLDER.into());
        }
        wanted = read_trees(scratch, &wanted, &mut objects, limits).await?;
    }
    let files = objects.places.iter().filter(|(_, place)| matches!(objects.known[**place as usize], Object::File(_)));
    let (files, places): (Vec<ObjectId>, Vec<u32>) = files.unzip();
    for (place, (kind, size)) in places.into_iter().zip(kinds_of(scratch, &files).await?) {
        if kind != Kind::Blob {
            return Err(Untaken::NoBundle("a file of it isn't one").into());
        }
        objects.known[place as usize] = Object::File(size);
    }
    let known = objects.known;
    let sums = blocking(move || Ok(sums(&known))).await?;
    let fits = |sum: &Sum| sum.files <= limits.files && sum.bytes <= limits.bytes && sum.path <= LONGEST_PATH;
    if sums.iter().all(fits) { Ok(()) } else { Err(too_much()) }
}

const NO_FOLDER: Untaken = Untaken::NoBundle("a folder of it isn't one");

/// Whether an object was met before, and its place.
enum Met {
    New(u32),
    Again(u32),
}

// === impl Objects ===

impl Objects {
    /// Its place; none where it was something else before.
    fn meet(&mut self, id: ObjectId, what: What) -> Option<Met> {
        match self.places.entry(id) {
            Entry::Occupied(known) => {
                let place = *known.get();
                let is_folder = matches!(self.known[place as usize], Object::Folder(_));
                (is_folder == (what == What::Folder)).then_some(Met::Again(place))
            }
            Entry::Vacant(new) => {
                let place = u32::try_from(self.known.len()).ok()?;
                new.insert(place);
                self.known.push(if what == What::Folder { Object::Folder(Box::default()) } else { Object::File(0) });
                Some(Met::New(place))
            }
        }
    }
}

/// What each folder comes to, in the order in which they were met. Those within first, without going into them in turn: they may be as deep as there are trees.
fn sums(known: &[Object]) -> Vec<Sum> {
    let mut sums = vec![None; known.len()];
    for (first, object) in known.iter().enumerate() {
        let mut open: Vec<(usize, &Held, usize)> = match object {
            Object::Folder(held) if sums[first].is_none() => vec![(first, held, 0)],
            Object::Folder(_) | Object::File(_) => continue,
        };
        while let Some((place, held, next)) = open.pop() {
            let Some(folder) = held.folders.get(next).map(|folder| *folder as usize) else {
                sums[place] = Some(sum(held, known, &sums));
                continue;
            };
            open.push((place, held, next + 1));
            if let (None, Object::Folder(held)) = (&sums[folder], &known[folder]) {
                open.push((folder, held, 0));
            }
        }
    }
    sums.into_iter().flatten().collect()
}

/// What a tree comes to whose folders are summed.
fn sum(held: &Held, known: &[Object], sums: &[Option<Sum>]) -> Sum {
    let mut sum = Sum { files: held.files.len() as u64 + held.submodules, bytes: 0, path: held.longest };
    for file in &held.files {
        if let Object::File(size) = known[*file as usize] {
            sum.bytes = sum.bytes.saturating_add(size);
        }
    }
    for folder in held.folders.iter().filter_map(|folder| sums[*folder as usize]) {
        // One without files takes a place as well.
        sum.files = sum.files.saturating_add(folder.files.max(1));
        sum.bytes = sum.bytes.saturating_add(folder.bytes);
        sum.path = sum.path.max(held.longest + 1 + folder.path);
    }
    sum
}

/// Reads trees, and tells which others they hold that haven't been met before.
async fn read_trees(
    scratch: &Scratch,
    ids: &[ObjectId],
    objects: &mut Objects,
    limits: Limits,
) -> Result<Vec<ObjectId>, GitError> {
    let git = scratch.git("reading what a session made");
    let mut reading = Reading::new(objects, limits.named);
    let mut ended = Ok(());
    let take = |bytes: &[u8]| {
        ended = reading.push(bytes);
        if ended.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    git.args(["cat-file", "--batch"]).stream_for(super::lines_of(ids), take).await?;
    let met = reading.met;
    match ended {
        Ok(()) => Ok(met),
        Err(Unread::Strange) => Err(Untaken::NoBundle("a folder of it can't be read").into()),
        Err(Unread::Mode) => Err(Untaken::NoBundle("a file of it has a mode that git doesn't give").into()),
        Err(Unread::TooMany) => Err(Untaken::Objects { most: limits.named }.into()),
    }
}

/// Why trees aren't read.
#[derive(Debug, PartialEq, Eq)]
enum Unread {
    /// They aren't understood.
    Strange,
    /// An entry's mode is one that git understands in a way of its own.
    Mode,
    /// They name more than is taken.
    TooMany,
}

/// What `git cat-file --batch` prints of trees, as far as it has come. No tree has to be in memory as a whole.
struct Reading<'o> {
    objects: &'o mut Objects,
    /// So many objects may be met.
    most: u64,
    rest: Vec<u8>,
    /// The tree whose entries come, and how many bytes of them are still to come.
    tree: Option<(u32, usize)>,
    /// How long its ids are, in bytes.
    id_length: usize,
    held: Held,
    /// The folders that were met for the first time.
    met: Vec<ObjectId>,
}

// === impl Reading ===

impl<'o> Reading<'o> {
    fn new(objects: &'o mut Objects, most: u64) -> Self {
        let (rest, held, met) = (Vec::new(), Held::default(), Vec::new());
        Self { objects, most, rest, tree: None, id_length: 0, held, met }
    }

    /// Takes more of it.
    fn push(&mut self, bytes: &[u8]) -> Result<(), Unread> {
        let mut rest = std::mem::take(&mut self.rest);
        rest.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(length) = self.step(&rest[at..])? {
            at += length;
        }
        rest.drain(..at);
        self.rest = rest;
        if self.rest.len() > LONGEST_ENTRY { Err(Unread::Strange) } else { Ok(()) }
    }

    /// Takes a line or an entry from the beginning of what has come, and says how long it is; nothing where more has to come.
    fn step(&mut self, bytes: &[u8]) -> Result<Option<usize>, Unread> {
        match self.tree {
            None => self.head(bytes),
            Some((place, 0)) => {
                // The end of its line.
                match bytes.first() {
                    None => return Ok(None),
                    Some(b'\n') => {}
                    Some(_) => return Err(Unread::Strange),
                }
                self.held.files.shrink_to_fit();
                self.held.folders.shrink_to_fit();
                self.objects.known[place as usize] = Object::Folder(Box::new(std::mem::take(&mut self.held)));
                self.tree = None;
                Ok(Some(1))
            }
            Some((place, left)) => {
                let Some(length) = self.entry(&bytes[..bytes.len().min(left)])? else {
                    return if bytes.len() < left { Ok(None) } else { Err(Unread::Strange) };
                };
                self.tree = Some((place, left - length));
                Ok(Some(length))
            }
        }
    }

    /// What stands before a tree: its id, that it is one, and its size.
    fn head(&mut self, bytes: &[u8]) -> Result<Option<usize>, Unread> {
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
        let read = || {
            let words: Vec<_> = std::str::from_utf8(&bytes[..end]).ok()?.split(' ').collect();
            let &[id, "tree", size] = words.as_slice() else { return None };
            let id = ObjectId::from_hex(id.as_bytes()).ok()?;
            Some((id, *self.objects.places.get(&id)?, size.parse().ok()?))
        };
        let (id, place, size) = read().ok_or(Unread::Strange)?;
        (self.tree, self.id_length) = (Some((place, size)), id.kind().len_in_bytes());
        Ok(Some(end + 1))
    }

    /// An entry of a tree: `mode name NUL id`.
    fn entry(&mut self, bytes: &[u8]) -> Result<Option<usize>, Unread> {
        let read = || {
            let space = bytes.iter().position(|byte| *byte == b' ')?;
            let end = space + bytes[space..].iter().position(|byte| *byte == 0)? + 1;
            Some((&bytes[..space], end - space - 2, bytes.get(end..end + self.id_length)?, end + self.id_length))
        };
        let Some((mode, name, id, length)) = read() else { return Ok(None) };
        let what = what(mode).ok_or(Unread::Mode)?;
        self.held.longest = self.held.longest.max(name as u64);
        if what == What::Submodule {
            self.held.submodules += 1;
            return Ok(Some(length));
        }
        let id = ObjectId::try_from(id).map_err(|_| Unread::Strange)?;
        let place = match self.objects.meet(id, what).ok_or(Unread::Strange)? {
            Met::Again(place) => place,
            Met::New(place) => {
                if self.objects.known.len() as u64 > self.most {
                    return Err(Unread::TooMany);
                }
                if what == What::Folder {
                    self.met.push(id);
                }
                place
            }
        };
        if what == What::Folder {
            self.held.folders.push(place);
        } else {
            self.held.files.push(place);
        }
        Ok(Some(length))
    }
}

/// What an entry of this mode is. Git itself looks at a part of the mode only, and takes 40755 for a folder; such modes are no git's.
fn what(mode: &[u8]) -> Option<What> {
    let is_octal = !mode.is_empty() && mode.len() <= 8 && mode.iter().all(|digit| matches!(digit, b'0'..=b'7'));
    let mode = mode.iter().fold(0_u32, |mode, digit| mode << 3 | u32::from(digit & 7));
    match mode {
        _ if !is_octal => None,
        0o40_000 => Some(What::Folder),
        0o100_644 | 0o100_755 | 0o100_664 | 0o120_000 => Some(What::File),
        0o160_000 => Some(What::Submodule),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> ObjectId {
        ObjectId::Sha1([number; 20])
    }

    #[test]
    fn a_tree_that_holds_another_one_many_times_is_summed_without_counting() {
        let folder = |held| Object::Folder(Box::new(held));
        let mut known = vec![Object::File(7), folder(Held { files: vec![0; 3], longest: 2, ..Held::default() })];
        known.extend((1..=100).map(|n| folder(Held { folders: vec![n; 10], longest: 4, ..Held::default() })));
        let summed = sums(&known);
        assert_eq!(summed[2], Sum { files: 300, bytes: 2_100, path: 12 });
        assert_eq!(summed[100], Sum { files: u64::MAX, bytes: u64::MAX, path: 502 });
        // As deep as nobody goes, met from above and from below.
        let deep = |count: u32| (0..count).map(move |n| (n > 0).then(|| n - 1).into_iter().collect::<Vec<_>>());
        let from_below: Vec<_> = deep(200_000).map(|folders| folder(Held { folders, ..Held::default() })).collect();
        assert_eq!(sums(&from_below)[199_999], Sum { files: 1, bytes: 0, path: 199_999 });
        let from_above = (1..=200_000).map(|n| if n < 200_000 { vec![n] } else { Vec::new() });
        let from_above: Vec<_> = from_above.map(|folders| folder(Held { folders, ..Held::default() })).collect();
        assert_eq!(sums(&from_above)[0], Sum { files: 1, bytes: 0, path: 199_999 });
    }

    #[test]
    fn trees_are_read_as_they_come() {
        for longer in [false, true] {
            let id = |number: u8| if longer { ObjectId::Sha256([number; 32]) } else { id(number) };
            let bytes = |number| id(number).as_slice().to_vec();
            let tree = [b"100644 a\nb\0", &bytes(1)[..], b"40000 c\0", &bytes(2), b"160000 d\0", &bytes(3)].concat();
            let name = id(9);
            let printed = [format!("{name} tree {}\n", tree.len()).as_bytes(), &tree, b"\n"].concat().repeat(2);
            for size in [1, 7, 1_000] {
                let mut objects = Objects::default();
                objects.meet(name, What::Folder);
                let mut reading = Reading::new(&mut objects, 10);
                assert!(printed.chunks(size).all(|piece| reading.push(piece).is_ok()));
                assert_eq!((reading.rest.len(), &reading.tree, &reading.met), (0, &None, &vec![id(2)]));
                let held = Held { files: vec![1], submodules: 1, folders: vec![2], longest: 3 };
                assert_eq!(objects.known[0], Object::Folder(Box::new(held)));
            }
        }
    }

    #[test]
    fn what_isnt_understood_is_refused() {
        let (name, long) = (id(9), "x".repeat(LONGEST_ENTRY));
        let entry = |mode: &str| {
            let tree = [mode.as_bytes(), b" a\0", id(1).as_slice()].concat();
            [format!("{name} tree {}\n", tree.len()).as_bytes(), &tree, b"\n"].concat()
        };
        let read = |printed: &[u8], most| {
            let mut objects = Objects::default();
            objects.meet(name, What::Folder);
            Reading::new(&mut objects, most).push(printed)
        };
        for mode in ["100644", "100755", "100664", "120000", "160000", "40000", "040000"] {
            assert_eq!(read(&entry(mode), 2), Ok(()), "{mode}");
        }
        for mode in ["40755", "100600", "0", "140000", "160644", "10000000000040000", "+40000", ""] {
            assert_eq!(read(&entry(mode), 2), Err(Unread::Mode), "{mode}");
        }
        assert_eq!(read(&entry("100644"), 1), Err(Unread::TooMany));
        for bad in [
            "x missing\n".to_owned(),
            format!("{name} blob 1\nx\n"),
            format!("{} tree 0\n\n", id(8)),
            format!("{name} tree 3\nabc\n"),
            format!("{name} tree 0\nx"),
            format!("{name} tree 1000000\n100644 {long}"),
        ] {
            assert_eq!(read(bad.as_bytes(), 2), Err(Unread::Strange), "{bad:.60}");
        }
        // One object as both.
        let tree = [b"100644 a\0", id(1).as_slice(), b"40000 b\0", id(1).as_slice()].concat();
        let printed = [format!("{name} tree {}\n", tree.len()).as_bytes(), &tree, b"\n"].concat();
        assert_eq!(read(&printed, 9), Err(Unread::Strange));
    }
}
