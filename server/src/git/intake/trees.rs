//! How many files trees come to, and how large those are in all: worked out from what each tree holds itself, so that a tree that holds
//! another one a thousand times is read once.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use super::{Kind, Limits, Untaken, kinds_of};
use crate::git::GitError;
use crate::git::scratch::Scratch;

/// An object's id.
type Id = [u8; 20];

/// Folders deeper than this can't be made anyway.
const DEEPEST: u32 = 2_000;

/// What a tree holds itself.
#[derive(Debug, Default, PartialEq, Eq)]
struct Held {
    /// Links, submodules and files.
    files: Vec<Id>,
    /// How many of them are submodules, whose ids are of other repositories.
    submodules: u64,
    folders: Vec<Id>,
}

/// What a tree comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    files: u64,
    bytes: u64,
    depth: u32,
}

/// Makes sure that no tree comes to more than is taken.
pub(super) async fn measure(scratch: &Scratch, trees: Vec<String>, limits: Limits) -> Result<(), GitError> {
    let too_much = || GitError::from(Untaken::Files { files: limits.files, bytes: limits.bytes });
    let mut known: HashMap<Id, Held> = HashMap::new();
    let mut wanted = trees;
    let mut read = 0;
    while !wanted.is_empty() {
        let kinds = kinds_of(scratch, &wanted).await?;
        read += kinds.iter().map(|(_, size)| *size).sum::<u64>();
        if read > limits.trees {
            return Err(too_much());
        }
        if kinds.iter().any(|(kind, _)| *kind != Kind::Tree) {
            return Err(Untaken::NoBundle("a folder of it isn't one").into());
        }
        let found = read_trees(scratch, &wanted).await?;
        let mut next: Vec<Id> = found.values().flat_map(|held| held.folders.iter().copied()).collect();
        known.extend(found);
        next.sort_unstable();
        next.dedup();
        wanted = next.iter().filter(|id| !known.contains_key(*id)).map(|id| hex(id)).collect();
    }
    let mut files: Vec<Id> = known.values().flat_map(|held| held.files.iter().copied()).collect();
    files.sort_unstable();
    files.dedup();
    let names: Vec<String> = files.iter().map(|id| hex(id)).collect();
    let sizes = kinds_of(scratch, &names).await?;
    let sizes: HashMap<Id, u64> = files.into_iter().zip(sizes.into_iter().map(|(_, size)| size)).collect();
    let sums = sums(&known, &sizes);
    let fits = |sum: &Sum| sum.files <= limits.files && sum.bytes <= limits.bytes && sum.depth <= DEEPEST;
    if sums.values().all(fits) { Ok(()) } else { Err(too_much()) }
}

/// What each tree comes to. Folders first, without going into them in turn: they may be as deep as there are trees.
fn sums(known: &HashMap<Id, Held>, sizes: &HashMap<Id, u64>) -> HashMap<Id, Sum> {
    let mut sums: HashMap<Id, Sum> = HashMap::with_capacity(known.len());
    let mut open: Vec<(&Id, bool)> = known.keys().map(|id| (id, false)).collect();
    while let Some((id, is_ready)) = open.pop() {
        if sums.contains_key(id) {
            continue;
        }
        let Some(held) = known.get(id) else { continue };
        if !is_ready {
            open.push((id, true));
            open.extend(held.folders.iter().map(|folder| (folder, false)));
            continue;
        }
        let mut sum = Sum {
            files: held.files.len() as u64 + held.submodules,
            bytes: held.files.iter().filter_map(|file| sizes.get(file)).fold(0, |sum, size| sum.saturating_add(*size)),
            depth: 1,
        };
        for folder in held.folders.iter().filter_map(|folder| sums.get(folder)) {
            // One without files takes a place as well.
            sum.files = sum.files.saturating_add(folder.files.max(1));
            sum.bytes = sum.bytes.saturating_add(folder.bytes);
            sum.depth = sum.depth.max(folder.depth.saturating_add(1));
        }
        sums.insert(*id, sum);
    }
    sums
}

async fn read_trees(scratch: &Scratch, ids: &[String]) -> Result<HashMap<Id, Held>, GitError> {
    let git = scratch.git("reading what a session made");
    let input = ids.iter().flat_map(|id| id.bytes().chain([b'\n'])).collect();
    let mut reading = Reading::default();
    let mut is_understood = true;
    let take = |bytes: &[u8]| {
        is_understood = reading.push(bytes).is_some();
        if is_understood { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    git.args(["cat-file", "--batch"]).stream_for(input, take).await?;
    if is_understood { Ok(reading.trees) } else { Err(Untaken::NoBundle("a folder of it can't be read").into()) }
}

/// What `git cat-file --batch` prints of trees, as far as it has come.
#[derive(Debug, Default)]
struct Reading {
    rest: Vec<u8>,
    trees: HashMap<Id, Held>,
}

impl Reading {
    /// Takes more of it; nothing where it isn't understood.
    fn push(&mut self, bytes: &[u8]) -> Option<()> {
        self.rest.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(end) = self.rest[at..].iter().position(|byte| *byte == b'\n') {
            let line = std::str::from_utf8(&self.rest[at..at + end]).ok()?;
            let mut words = line.split(' ');
            let (id, kind, size) = (words.next()?, words.next()?, words.next()?.parse::<usize>().ok()?);
            if kind != "tree" {
                return None;
            }
            let begin = at + end + 1;
            let Some(tree) = self.rest.get(begin..begin.checked_add(size)?) else { break };
            if self.rest.len() == begin + size {
                // The end of its line is still to come.
                break;
            }
            self.trees.insert(bytes_of(id)?, held(tree)?);
            at = begin + size + 1;
        }
        self.rest.drain(..at);
        Some(())
    }
}

/// Reads a tree: `mode name NUL id`, again and again.
fn held(mut tree: &[u8]) -> Option<Held> {
    let mut held = Held::default();
    while !tree.is_empty() {
        let space = tree.iter().position(|byte| *byte == b' ')?;
        let end = space + tree[space..].iter().position(|byte| *byte == 0)?;
        let id: Id = tree.get(end + 1..end + 21)?.try_into().ok()?;
        match &tree[..space] {
            b"40000" | b"040000" => held.folders.push(id),
            b"160000" => held.submodules += 1,
            _ => held.files.push(id),
        }
        tree = &tree[end + 21..];
    }
    Some(held)
}

/// An id as text.
pub(super) fn hex(id: &[u8]) -> String {
    id.iter().fold(String::with_capacity(40), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes_of(text: &str) -> Option<Id> {
    let mut id = [0; 20];
    if text.len() != 40 || !text.is_ascii() {
        return None;
    }
    for (place, byte) in id.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> Id {
        let mut id = [0; 20];
        id[..4].copy_from_slice(&number.to_be_bytes());
        id
    }

    #[test]
    fn a_tree_that_holds_another_one_many_times_is_summed_without_counting() {
        let mut known = HashMap::from([(id(0), Held { files: vec![id(900); 3], ..Held::default() })]);
        known.extend((1..=100).map(|n| (id(n), Held { folders: vec![id(n - 1); 10], ..Held::default() })));
        let sums = sums(&known, &HashMap::from([(id(900), 7)]));
        assert_eq!(sums[&id(2)], Sum { files: 300, bytes: 2_100, depth: 3 });
        assert_eq!(sums[&id(100)], Sum { files: u64::MAX, bytes: u64::MAX, depth: 101 });
        // As deep as nobody goes.
        let deep = (1..200_000).map(|n| (id(n), Held { folders: vec![id(n - 1)], ..Held::default() }));
        let deep: HashMap<_, _> = deep.chain([(id(0), Held::default())]).collect();
        assert_eq!(super::sums(&deep, &HashMap::new())[&id(199_999)], Sum { files: 1, bytes: 0, depth: 200_000 });
    }

    #[test]
    fn trees_are_read_as_they_come() {
        let tree = [b"100644 a\nb\0".as_slice(), &id(1), b"40000 c\0", &id(2), b"160000 d\0", &id(3)].concat();
        let name = hex(&id(9));
        let printed = [format!("{name} tree {}\n", tree.len()).as_bytes(), &tree, b"\n"].concat().repeat(2);
        for size in [1, 7, 1_000] {
            let mut reading = Reading::default();
            assert!(printed.chunks(size).all(|piece| reading.push(piece).is_some()));
            let expected = Held { files: vec![id(1)], submodules: 1, folders: vec![id(2)] };
            assert_eq!((reading.rest.len(), reading.trees), (0, HashMap::from([(id(9), expected)])));
        }
        for bad in ["x missing\n".to_owned(), format!("{name} blob 1\nx\n"), format!("{name} tree 3\nabc\n")] {
            assert_eq!(Reading::default().push(bad.as_bytes()), None, "{bad}");
        }
    }
}
