//! Taking in what comes from a sandbox: the objects of a bundle get into a scratch repository, and are checked and measured there before
//! anything is done with them.
//!
//! A bundle of a few kilobytes can stand for more than any disk or memory holds: zeros are packed to a thousandth, and a tree can hold
//! another one many times over. So git gets a bounded memory and a bounded time to unpack, and then it is worked out how large each object is and how
//! many files each tree comes to, without making any of them. Git checks what it unpacks by itself only since 2.46, so that is asked for here.

mod trees;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _};
use std::path::Path;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::GitError;
use super::scratch::Scratch;

/// How much a sandbox may give.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Bytes of a bundle.
    pub(super) bundle: u64,
    /// Objects in it.
    pub(super) objects: u64,
    /// Bytes of an object, unpacked.
    pub(super) object: u64,
    /// Bytes of all trees that have to be read, unpacked.
    pub(super) trees: u64,
    /// Files of one tree, in all of its folders.
    pub(super) files: u64,
    /// Bytes of those.
    pub(super) bytes: u64,
    /// Bytes of memory that git gets.
    pub(super) memory: u64,
    /// How long it may take.
    pub(super) patience: Duration,
}

impl Limits {
    /// What nobody makes in a session by intent.
    pub(super) const DEFAULT: Self = Self {
        bundle: MOST_BUNDLED,
        objects: 2_000_000,
        object: 1 << 30,
        trees: 1 << 30,
        files: 2_000_000,
        bytes: 16 << 30,
        memory: 2 << 30,
        patience: Duration::from_mins(10),
    };
}

/// A bundle has at most so many bytes.
pub const MOST_BUNDLED: u64 = 2 << 30;

/// Why what a sandbox gives isn't taken.
#[derive(Debug, thiserror::Error)]
pub enum Untaken {
    /// The bundle isn't one.
    #[error("What the sandbox gave is no bundle of git's: {0}.")]
    NoBundle(&'static str),
    /// The bundle is too large.
    #[error("The session has made over {} GiB, which is more than is taken over at once. Leave large files out of its commits, or take over what it made in a terminal.", .most >> 30)]
    Bundle {
        /// So many bytes a bundle may have.
        most: u64,
    },
    /// There are too many objects.
    #[error(
        "The session has made more than {most} files, folders and commits, which is more than is taken over at once. Let git ignore what isn't needed."
    )]
    Objects {
        /// So many there may be.
        most: u64,
    },
    /// A file is too large.
    #[error("A file of over {} MiB is in what the session has made. Take it out of its commits, or let git ignore it.", .most >> 20)]
    Object {
        /// So many bytes there may be.
        most: u64,
    },
    /// A tree is too large.
    #[error("What the session has made comes to over {files} files, to over {} GiB, or to folders too deep to make. Take what isn't needed out of its commits.", .bytes >> 30)]
    Files {
        /// So many files there may be.
        files: u64,
        /// So many bytes they may have.
        bytes: u64,
    },
    /// It took too long.
    #[error("Unpacking what the session has made took too long. Leave large files out of its commits.")]
    Slow,
}

/// Takes the objects of a bundle into a scratch repository, and lets these refs point to where they do in the bundle.
pub(super) async fn take_in(scratch: &Scratch, bundle: &Path, refs: &[&str], limits: Limits) -> Result<(), GitError> {
    let given = timeout(limits.patience, take(scratch, bundle, refs, limits)).await;
    given.unwrap_or_else(|_| Err(Untaken::Slow.into()))
}

async fn take(scratch: &Scratch, bundle: &Path, refs: &[&str], limits: Limits) -> Result<(), GitError> {
    let file = fs::File::open(bundle).map_err(GitError::files(bundle))?;
    if file.metadata().map_err(GitError::files(bundle))?.len() > limits.bundle {
        return Err(Untaken::Bundle { most: limits.bundle }.into());
    }
    let (header, pack) = {
        let read = spawn_blocking(move || read_header(file));
        read.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }
    .map_err(GitError::files(bundle))??;
    let wanted: Vec<(&str, &String)> = refs.iter().filter_map(|name| Some((*name, header.refs.get(*name)?))).collect();
    if wanted.len() < refs.len() {
        return Err(Untaken::NoBundle("it lacks a ref").into());
    }
    let kinds = kinds_of(scratch, &header.needed).await?;
    if kinds.iter().any(|(kind, _)| *kind != Kind::Commit) {
        return Err(Untaken::NoBundle("it builds upon commits that aren't here").into());
    }
    let mut git = scratch.git("unpacking what a session made");
    git.setting("core.bigFileThreshold=64m").setting("pack.threads=1").reading(pack).within(limits.memory);
    let most = format!("--max-input-size={}", limits.bundle);
    let printed = git.args(["index-pack", "--stdin", "--fix-thin", "--strict", &most]).output().await?;
    let name = String::from_utf8_lossy(printed.trim_ascii()).split_whitespace().last().unwrap_or_default().to_owned();
    measure(scratch, &name, limits).await?;
    let tips: Vec<String> = wanted.iter().map(|(_, id)| (*id).clone()).collect();
    if kinds_of(scratch, &tips).await?.iter().any(|(kind, _)| !matches!(kind, Kind::Commit | Kind::Tree)) {
        return Err(Untaken::NoBundle("a ref of it is no commit").into());
    }
    wanted.iter().try_for_each(|(name, id)| scratch.set_ref(name, id))
}

/// What a bundle begins with.
#[derive(Debug, Default, PartialEq, Eq)]
struct Header {
    /// Commits that it builds upon.
    needed: Vec<String>,
    /// The refs that it has.
    refs: BTreeMap<String, String>,
}

/// So long its lines may be, and so many there may be.
const LONGEST_LINE: u64 = 8 * 1024;
const MOST_LINES: usize = 10_000;

/// Reads what a bundle begins with, and leaves the file where its pack begins.
fn read_header(file: fs::File) -> io::Result<Result<(Header, fs::File), Untaken>> {
    let mut reader = BufReader::new(file);
    let mut header = Header::default();
    let mut at = 0;
    for number in 0..MOST_LINES {
        let mut line = Vec::new();
        at += reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? as u64;
        let Some(line) = line.strip_suffix(b"\n") else { return Ok(Err(Untaken::NoBundle("it ends early"))) };
        match (number, line) {
            (0, b"# v2 git bundle" | b"# v3 git bundle") | (_, b"@object-format=sha1") => {}
            (0, _) => return Ok(Err(Untaken::NoBundle("it begins with something else"))),
            (_, []) => {
                let mut file = reader.into_inner();
                file.seek(io::SeekFrom::Start(at))?;
                return Ok(Ok((header, file)));
            }
            (_, [b'-', rest @ ..]) => match id_and_rest(rest) {
                Some((id, _)) => header.needed.push(id),
                None => return Ok(Err(Untaken::NoBundle("it builds upon what is no commit"))),
            },
            (_, line) => match id_and_rest(line) {
                Some((id, name)) => drop(header.refs.insert(name, id)),
                None => return Ok(Err(Untaken::NoBundle("it says what isn't understood"))),
            },
        }
    }
    Ok(Err(Untaken::NoBundle("it has too many refs")))
}

/// An object's id, and what stands behind it.
fn id_and_rest(line: &[u8]) -> Option<(String, String)> {
    let line = std::str::from_utf8(line).ok()?;
    let (id, rest) = line.split_once(' ').unwrap_or((line, ""));
    (id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| (id.to_owned(), rest.to_owned()))
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Commit,
    Tree,
    Blob,
    Other,
}

/// What objects are, and how large; in the order of their ids.
async fn kinds_of(scratch: &Scratch, ids: &[String]) -> Result<Vec<(Kind, u64)>, GitError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let git = scratch.git("measuring what a session made");
    let input = ids.iter().flat_map(|id| id.bytes().chain([b'\n'])).collect();
    let output = git.args(["cat-file", "--batch-check=%(objecttype) %(objectsize)"]).output_for(input).await?;
    let kind = |line: &str| match line.split_once(' ') {
        Some((kind, size)) => {
            let kind = match kind {
                "commit" => Kind::Commit,
                "tree" => Kind::Tree,
                "blob" => Kind::Blob,
                _ => Kind::Other,
            };
            (kind, size.parse().unwrap_or_default())
        }
        None => (Kind::Other, 0),
    };
    Ok(String::from_utf8_lossy(&output).lines().map(kind).collect())
}

/// Makes sure that what a pack brings is no more than is taken.
async fn measure(scratch: &Scratch, name: &str, limits: Limits) -> Result<(), GitError> {
    let index = scratch.path().join(format!("objects/pack/pack-{name}.idx"));
    let bytes = tokio::fs::read(&index).await.map_err(GitError::files(&index))?;
    let ids = ids_of(&bytes).ok_or(Untaken::NoBundle("its objects can't be listed"))?;
    if ids.len() as u64 > limits.objects {
        return Err(Untaken::Objects { most: limits.objects }.into());
    }
    let kinds = kinds_of(scratch, &ids).await?;
    if kinds.iter().any(|(_, size)| *size > limits.object) {
        return Err(Untaken::Object { most: limits.object }.into());
    }
    let trees = ids.iter().zip(&kinds).filter(|(_, (kind, _))| *kind == Kind::Tree).map(|(id, _)| id.clone()).collect();
    trees::measure(scratch, trees, limits).await
}

/// The objects that the index of a pack lists, as git's second version of it does.
fn ids_of(index: &[u8]) -> Option<Vec<String>> {
    const HEAD: usize = 8 + 256 * 4;
    const ID: usize = 20;
    let head = index.get(..HEAD).filter(|head| head.starts_with(b"\xfftOc\0\0\0\x02"))?;
    let count = usize::try_from(u32::from_be_bytes(head[HEAD - 4..].try_into().ok()?)).ok()?;
    let ids = index.get(HEAD..HEAD.checked_add(count.checked_mul(ID)?)?)?;
    Some(ids.chunks_exact(ID).map(trees::hex).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &[u8]) -> Result<(Header, Vec<u8>), String> {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, text).unwrap();
        file.rewind().unwrap();
        let (header, mut file) = read_header(file).unwrap().map_err(|error| error.to_string())?;
        let mut rest = Vec::new();
        file.read_to_end(&mut rest).unwrap();
        Ok((header, rest))
    }

    #[test]
    fn what_a_bundle_begins_with_is_read_and_nothing_else_is() {
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let text = format!("# v3 git bundle\n@object-format=sha1\n-{a} one\n{b} refs/x y\n\nPACK\n\n");
        let (read, rest) = header(text.as_bytes()).unwrap();
        assert_eq!((read.needed, rest.as_slice()), (vec![a.clone()], &b"PACK\n\n"[..]));
        assert_eq!(read.refs, BTreeMap::from([("refs/x y".to_owned(), b)]));
        let bad = [
            "",
            "# v2 git bundle",
            "# v4 git bundle\n\n",
            "# v2 git bundle\n-x\n\n",
            "# v3 git bundle\n@filter=blob:none\n\n",
        ];
        for text in bad.map(str::to_owned).into_iter().chain([format!("# v2 git bundle\n{}", "x".repeat(9_000))]) {
            assert!(header(text.as_bytes()).is_err(), "{text:.40}");
        }
    }

    #[test]
    fn an_index_that_isnt_whole_lists_nothing() {
        assert_eq!(ids_of(b""), None);
        let mut index = b"\xfftOc\0\0\0\x02".to_vec();
        index.extend([0; 255 * 4]);
        index.extend([0, 0, 0, 1]);
        assert_eq!(ids_of(&index), None);
        index.extend([0xab; 20]);
        assert_eq!(ids_of(&index), Some(vec!["ab".repeat(20)]));
    }
}
