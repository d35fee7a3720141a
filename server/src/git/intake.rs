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

use gix::ObjectId;
use gix::hash::Kind as Format;
use tokio::time::timeout;

use super::scratch::Scratch;
use super::{GitError, blocking};

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
    /// Objects that those trees name, each counted once.
    pub(super) named: u64,
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
        named: 8_000_000,
        files: 2_000_000,
        bytes: 16 << 30,
        memory: MOST_MEMORY,
        patience: PATIENCE,
    };
}

/// So many bytes of memory git gets for work on what comes from a sandbox, and so long it may take.
pub(super) const MOST_MEMORY: u64 = 2 << 30;
pub(super) const PATIENCE: Duration = Duration::from_mins(10);

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
    /// The names of its files are too long to be compared.
    #[error("The names of the files that the session has changed come to over {} MiB. Take what isn't needed out of its commits.", .most >> 20)]
    Paths {
        /// So many bytes there may be.
        most: usize,
    },
    /// It took too long.
    #[error("Unpacking or comparing what the session has made took too long. Leave large files out of its commits.")]
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
        let (failed, format) = (GitError::files(bundle.to_owned()), scratch.format());
        blocking(move || Ok(read_header(file, format).map_err(failed)??)).await?
    };
    if u64::from(header.objects) > limits.objects {
        return Err(Untaken::Objects { most: limits.objects }.into());
    }
    let wanted: Vec<(&str, ObjectId)> =
        refs.iter().filter_map(|name| Some((*name, *header.refs.get(*name)?))).collect();
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
    let tips: Vec<ObjectId> = wanted.iter().map(|(_, id)| *id).collect();
    if kinds_of(scratch, &tips).await?.iter().any(|(kind, _)| !matches!(kind, Kind::Commit | Kind::Tree)) {
        return Err(Untaken::NoBundle("a ref of it is no commit").into());
    }
    wanted.iter().try_for_each(|(name, id)| scratch.set_ref(name, &id.to_string()))
}

/// What a bundle begins with.
#[derive(Debug, Default, PartialEq, Eq)]
struct Header {
    /// Commits that it builds upon.
    needed: Vec<ObjectId>,
    /// The refs that it has.
    refs: BTreeMap<String, ObjectId>,
    /// How many objects its pack says that it has.
    objects: u32,
}

/// So long its lines may be, and so many there may be.
const LONGEST_LINE: u64 = 8 * 1024;
const MOST_LINES: usize = 10_000;

/// Reads what a bundle begins with, whose ids have to be of this format, and leaves the file where its pack begins.
fn read_header(file: fs::File, format: Format) -> io::Result<Result<(Header, fs::File), Untaken>> {
    let mut reader = BufReader::new(file);
    let mut header = Header::default();
    let mut said = Format::Sha1;
    let mut at = 0;
    for number in 0..MOST_LINES {
        let mut line = Vec::new();
        at += reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? as u64;
        let Some(line) = line.strip_suffix(b"\n") else { return Ok(Err(Untaken::NoBundle("it ends early"))) };
        match (number, line) {
            (0, b"# v2 git bundle" | b"# v3 git bundle") => {}
            (_, b"@object-format=sha1") => said = Format::Sha1,
            (_, b"@object-format=sha256") => said = Format::Sha256,
            (0, _) => return Ok(Err(Untaken::NoBundle("it begins with something else"))),
            _ if said != format && !line.starts_with(b"@") => {
                return Ok(Err(Untaken::NoBundle("its ids aren't of the kind that the workspace's repository has")));
            }
            (_, []) => {
                let mut pack = Vec::new();
                reader.by_ref().take(PACK_HEAD as u64).read_to_end(&mut pack)?;
                let Some(objects) = objects_of(&pack) else { return Ok(Err(Untaken::NoBundle("it has no pack"))) };
                header.objects = objects;
                let mut file = reader.into_inner();
                file.seek(io::SeekFrom::Start(at))?;
                return Ok(Ok((header, file)));
            }
            (_, [b'-', rest @ ..]) => match id_and_rest(rest, format) {
                Some((id, _)) => header.needed.push(id),
                None => return Ok(Err(Untaken::NoBundle("it builds upon what is no commit"))),
            },
            (_, line) => match id_and_rest(line, format) {
                Some((id, name)) => drop(header.refs.insert(name, id)),
                None => return Ok(Err(Untaken::NoBundle("it says what isn't understood"))),
            },
        }
    }
    Ok(Err(Untaken::NoBundle("it has too many refs")))
}

/// An object's id, and what stands behind it.
fn id_and_rest(line: &[u8], format: Format) -> Option<(ObjectId, String)> {
    let line = std::str::from_utf8(line).ok()?;
    let (id, rest) = line.split_once(' ').unwrap_or((line, ""));
    let id = ObjectId::from_hex(id.as_bytes()).ok().filter(|id| id.kind() == format)?;
    Some((id, rest.to_owned()))
}

/// So many bytes stand before the objects of a pack: its name, its version, and how many there are.
const PACK_HEAD: usize = 12;

fn objects_of(pack: &[u8]) -> Option<u32> {
    let count = pack.strip_prefix(b"PACK")?.get(4..8)?;
    Some(u32::from_be_bytes(count.try_into().ok()?))
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Commit,
    Tree,
    Blob,
    Other,
}

/// So many objects git is asked about at once.
const AT_ONCE: usize = 50_000;

/// What objects are, and how large; in the order of their ids.
async fn kinds_of(scratch: &Scratch, ids: &[ObjectId]) -> Result<Vec<(Kind, u64)>, GitError> {
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
    let mut kinds = Vec::with_capacity(ids.len());
    for ids in ids.chunks(AT_ONCE) {
        let git = scratch.git("measuring what a session made");
        let check = ["cat-file", "--batch-check=%(objecttype) %(objectsize)"];
        let output = git.args(check).output_for(lines_of(ids)).await?;
        kinds.extend(String::from_utf8_lossy(&output).lines().map(kind));
    }
    Ok(kinds)
}

/// Ids as git reads them, one a line.
fn lines_of(ids: &[ObjectId]) -> Vec<u8> {
    ids.iter().flat_map(|id| format!("{id}\n").into_bytes()).collect()
}

/// Makes sure that what a pack brings is no more than is taken.
async fn measure(scratch: &Scratch, name: &str, limits: Limits) -> Result<(), GitError> {
    let index = scratch.path().join(format!("objects/pack/pack-{name}.idx"));
    let format = scratch.format();
    let ids = blocking(move || {
        let read = fs::File::open(&index).and_then(|file| ids_of(BufReader::new(file), format, limits.objects));
        read.map_err(GitError::files(index))
    });
    let ids = ids.await?.ok_or(Untaken::Objects { most: limits.objects })?;
    let mut trees = Vec::new();
    for (id, (kind, size)) in ids.iter().zip(kinds_of(scratch, &ids).await?) {
        if size > limits.object {
            return Err(Untaken::Object { most: limits.object }.into());
        }
        if kind == Kind::Tree {
            trees.push(*id);
        }
    }
    drop(ids);
    trees::measure(scratch, trees, limits).await
}

/// The objects that the index of a pack lists, as git's second version of it does; none where there are more than `most`, and as many
/// again of those that git adds to a pack because others are told as differences from them.
fn ids_of(mut index: impl io::Read, format: Format, most: u64) -> io::Result<Option<Vec<ObjectId>>> {
    let mut head = [0; 8 + 256 * 4];
    index.read_exact(&mut head)?;
    let Some([counts @ .., a, b, c, d]) = head.strip_prefix(b"\xfftOc\0\0\0\x02") else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no index of a pack"));
    };
    debug_assert_eq!(counts.len(), 255 * 4);
    let count = u32::from_be_bytes([*a, *b, *c, *d]);
    if u64::from(count) > 2 * most {
        return Ok(None);
    }
    let mut ids = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let mut id = format.null();
        index.read_exact(id.as_mut_slice())?;
        ids.push(id);
    }
    Ok(Some(ids))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands before no objects.
    const PACK: &[u8] = b"PACK\0\0\0\x02\0\0\0\0";

    fn header(text: &[u8], format: Format) -> Result<(Header, Vec<u8>), String> {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, text).unwrap();
        file.rewind().unwrap();
        let (header, mut file) = read_header(file, format).unwrap().map_err(|error| error.to_string())?;
        let mut rest = Vec::new();
        file.read_to_end(&mut rest).unwrap();
        Ok((header, rest))
    }

    #[test]
    fn what_a_bundle_begins_with_is_read_and_nothing_else_is() {
        for (format, name, length) in [(Format::Sha1, "sha1", 40), (Format::Sha256, "sha256", 64)] {
            let (a, b) = ("a".repeat(length), "b".repeat(length));
            let text = format!("# v3 git bundle\n@object-format={name}\n-{a} one\n{b} refs/x y\n\n");
            let (read, rest) = header(&[text.as_bytes(), b"PACK\0\0\0\x02\0\0\x01\x02x"].concat(), format).unwrap();
            let id = |text: &str| ObjectId::from_hex(text.as_bytes()).unwrap();
            assert_eq!((read.needed, rest.as_slice()), (vec![id(&a)], &b"PACK\0\0\0\x02\0\0\x01\x02x"[..]));
            assert_eq!((read.refs, read.objects), (BTreeMap::from([("refs/x y".to_owned(), id(&b))]), 258));
        }
        let (short, long) = ("a".repeat(40), "a".repeat(64));
        let bad = [
            String::new(),
            "# v2 git bundle".to_owned(),
            "# v4 git bundle\n\n".to_owned(),
            "# v2 git bundle\n-x\n\n".to_owned(),
            "# v3 git bundle\n@filter=blob:none\n\n".to_owned(),
            "# v3 git bundle\n@object-format=sha256\n\n".to_owned(),
            format!("# v3 git bundle\n{long} refs/x\n\n"),
            format!("# v3 git bundle\n{short} refs/x\n@object-format=sha256\n\n"),
            format!("# v2 git bundle\n{}", "x".repeat(9_000)),
        ];
        for text in bad {
            assert!(header(&[text.as_bytes(), PACK].concat(), Format::Sha1).is_err(), "{text:.60}");
        }
        assert!(header(b"# v2 git bundle\n\nPAC", Format::Sha1).is_err());
        assert!(header(&[&b"# v2 git bundle\n\n"[..], PACK].concat(), Format::Sha256).is_err());
    }

    #[test]
    fn an_index_that_isnt_whole_lists_nothing() {
        let read = |index: &[u8]| ids_of(index, Format::Sha1, 1);
        assert!(read(b"").is_err());
        let mut index = b"\xfftOc\0\0\0\x02".to_vec();
        index.extend([0; 255 * 4]);
        index.extend([0, 0, 0, 1]);
        assert!(read(&index).is_err());
        index.extend([0xab; 20]);
        assert_eq!(read(&index).unwrap(), Some(vec![ObjectId::Sha1([0xab; 20])]));
        // More than there may be aren't read at all.
        index[8 + 255 * 4 + 3] = 3;
        assert_eq!(read(&index).unwrap(), None);
    }
}
