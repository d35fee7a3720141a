//! Looking for a text in the files of the workspace, as ripgrep does: without what git ignores, without what isn't text, and
//! through no link.

use std::fs::File;
use std::io;
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use grep_matcher::Matcher as _;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder, Sink, SinkMatch};
use ignore::WalkBuilder;
use octobot_wire::code::{MOST_HITS, SearchEnd, SearchHit, SearchLine, SearchQuery};
use octobot_wire::daemon::MAX_CONTENT;
use octobot_wire::path::to_text;
use rustix::fs::OFlags;

use crate::beneath::{self, Links};

/// So many characters are told of what stands before a hit, of a hit, and of what stands behind it.
const TOLD: (usize, usize, usize) = (60, 200, 140);

/// A regular expression may take so many bytes once it is understood.
const MOST_PATTERN: usize = 4 * 1024 * 1024;

/// So many threads look into files at most.
const MOST_READERS: usize = 8;

/// So many files are looked into by one of them in a turn.
const TOGETHER: usize = 32;

/// So many turns of a thread wait to be begun, and as many to be told.
const WAITING: usize = 2;

/// A text that can't be looked for.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    /// It is empty.
    #[error("there is nothing to look for")]
    Empty,
    /// It is no regular expression that is understood.
    #[error("the regular expression isn't understood: {0}")]
    Regex(#[from] grep_regex::Error),
}

/// What is looked for, understood.
#[derive(Debug)]
pub struct Pattern(RegexMatcher);

impl Pattern {
    /// Reads what is looked for.
    pub fn of(query: &SearchQuery) -> Result<Self, PatternError> {
        if query.q.is_empty() {
            return Err(PatternError::Empty);
        }
        let mut builder = RegexMatcherBuilder::new();
        builder.fixed_strings(!query.regex).case_insensitive(!query.case).line_terminator(Some(b'\n'));
        Ok(Self(builder.size_limit(MOST_PATTERN).dfa_size_limit(MOST_PATTERN).build(&query.q)?))
    }
}

/// Looks through the workspace. `tell` is given each line of the answer, in the order of the files' names, and says whether
/// somebody still listens; `is_wanted` says so where nothing is found.
///
/// One thread walks; the others look into files, some at a time in turns, and what they find is taken in the same turns. Nobody
/// gets far ahead of `tell`, because all channels are short; whoever finds a channel closed stops.
pub fn search(
    workspace: &Path,
    pattern: &Pattern,
    is_wanted: &(dyn Fn() -> bool + Sync),
    tell: &mut dyn FnMut(SearchLine) -> bool,
) -> io::Result<()> {
    let root = beneath::root(workspace)?;
    let readers = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_READERS);
    let mut count = 0;
    let mut is_cut = false;
    thread::scope(|scope| {
        let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
        for _ in 0..readers {
            let (input, paths) = sync_channel::<Vec<PathBuf>>(WAITING);
            let (found, output) = sync_channel(WAITING);
            inputs.push(input);
            outputs.push(output);
            let root = &root;
            scope.spawn(move || {
                let mut reader = Reader::new(root, pattern);
                while let Ok(paths) = paths.recv() {
                    if found.send(reader.look_into(&paths)).is_err() {
                        break;
                    }
                }
            });
        }
        scope.spawn(move || walk(workspace, is_wanted, &inputs));
        // The first turn in which a reader has nothing any more is the end for all.
        for hit in outputs.iter().cycle().map_while(|output| output.recv().ok()).flatten() {
            count += 1;
            is_cut = !tell(SearchLine { hit: Some(hit), ..SearchLine::default() }) || count >= MOST_HITS;
            if is_cut {
                break;
            }
        }
        drop(outputs);
    });
    tell(SearchLine { end: Some(SearchEnd { hits: count, is_cut }), ..SearchLine::default() });
    Ok(())
}

/// Gives the readers the files of the workspace, in turns.
fn walk(workspace: &Path, is_wanted: &(dyn Fn() -> bool + Sync), readers: &[SyncSender<Vec<PathBuf>>]) {
    let mut walk = WalkBuilder::new(workspace);
    // What the sandbox's user ignores everywhere isn't looked at: git is asked about the workspace alone.
    walk.hidden(false).follow_links(false).git_global(false).parents(false).require_git(false);
    walk.filter_entry(|entry| entry.file_name() != ".git").sort_by_file_name(std::cmp::Ord::cmp);
    // What can't be read isn't there for whoever looks.
    let entries = walk.build().filter_map(Result::ok);
    let mut paths = entries
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .filter_map(|entry| Some(entry.path().strip_prefix(workspace).ok()?.to_owned()));
    for reader in readers.iter().cycle() {
        let some: Vec<_> = paths.by_ref().take(TOGETHER).collect();
        if some.is_empty() || !is_wanted() || reader.send(some).is_err() {
            break;
        }
    }
}

/// Looks into files.
struct Reader<'a> {
    root: &'a OwnedFd,
    pattern: &'a Pattern,
    searcher: Searcher,
}

impl<'a> Reader<'a> {
    fn new(root: &'a OwnedFd, pattern: &'a Pattern) -> Self {
        let searcher = SearcherBuilder::new().binary_detection(BinaryDetection::quit(0)).line_number(true).build();
        Self { root, pattern, searcher }
    }

    fn look_into(&mut self, paths: &[PathBuf]) -> Vec<SearchHit> {
        let mut hits = Hits { pattern: self.pattern, path: Path::new(""), found: Vec::new() };
        for path in paths {
            let Some(file) = open(self.root, path) else { continue };
            hits.path = path;
            if let Err(error) = self.searcher.search_file(&self.pattern.0, &file, &mut hits) {
                tracing::debug!(error = %error, "a file isn't searched");
            }
            if hits.is_full() {
                break;
            }
        }
        hits.found
    }
}

/// Opens a file that isn't too large, whatever stands there by now.
fn open(root: &OwnedFd, path: &Path) -> Option<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(beneath::open(root, path, flags, Links::None).ok()?);
    file.metadata().is_ok_and(|facts| facts.is_file() && facts.len() <= MAX_CONTENT).then_some(file)
}

/// The hits of some files.
struct Hits<'a> {
    pattern: &'a Pattern,
    path: &'a Path,
    found: Vec<SearchHit>,
}

impl Hits<'_> {
    fn is_full(&self) -> bool {
        self.found.len() >= MOST_HITS as usize
    }
}

impl Sink for Hits<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> Result<bool, io::Error> {
        let line = found.bytes().strip_suffix(b"\n").unwrap_or(found.bytes());
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let place = self.pattern.0.find(line).ok().flatten();
        let (start, end) = place.map_or((0, 0), |place| (place.start(), place.end()));
        let (before, middle, after) = TOLD;
        self.found.push(SearchHit {
            path: to_text(self.path.as_os_str().as_bytes()),
            line: found.line_number().unwrap_or_default(),
            before: last(&line[..start], before),
            found: first(&line[start..end], middle),
            after: first(&line[end..], after),
        });
        Ok(!self.is_full())
    }
}

/// The first characters of a part of a line.
fn first(bytes: &[u8], most: usize) -> String {
    let some = &bytes[..bytes.len().min(most * 4)];
    let text = String::from_utf8_lossy(some);
    let told: String = text.chars().take(most).collect();
    if told.len() < text.len() || some.len() < bytes.len() { told + "…" } else { told }
}

/// The last characters of a part of a line.
fn last(bytes: &[u8], most: usize) -> String {
    let mut start = bytes.len().saturating_sub(most * 4);
    // Not in the middle of a character.
    while start > 0 && start < bytes.len() && bytes[start] & 0xc0 == 0x80 {
        start += 1;
    }
    let text = String::from_utf8_lossy(&bytes[start..]);
    let surplus = text.chars().count().saturating_sub(most);
    let told: String = text.chars().skip(surplus).collect();
    if surplus > 0 || start > 0 { format!("…{told}") } else { told }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use rustix::fs::Mode;
    use tempfile::TempDir;

    use super::*;

    fn workspace() -> (TempDir, PathBuf) {
        let folder = TempDir::new().unwrap();
        let workspace = folder.path().join("workspace");
        for name in [".git", "src", "target"] {
            fs::create_dir_all(workspace.join(name)).unwrap();
        }
        fs::write(folder.path().join("secret"), "needle").unwrap();
        fs::write(workspace.join(".git/config"), "needle").unwrap();
        fs::write(workspace.join(".gitignore"), "target\n*.log\n").unwrap();
        fs::write(workspace.join(".hidden"), "one\r\na needle, Needle\r\n").unwrap();
        fs::write(workspace.join("src/main.rs"), "fn needle() {}\nfn other() {}\n").unwrap();
        fs::write(workspace.join("target/built"), "needle").unwrap();
        fs::write(workspace.join("a.log"), "needle").unwrap();
        fs::write(workspace.join("binary"), b"\0needle").unwrap();
        (folder, workspace)
    }

    fn found(workspace: &Path, q: &str, regex: bool, case: bool) -> (Vec<SearchHit>, SearchEnd) {
        let pattern = Pattern::of(&SearchQuery { q: q.to_owned(), regex, case }).unwrap();
        let mut lines = Vec::new();
        search(workspace, &pattern, &|| true, &mut |line| {
            lines.push(line);
            true
        })
        .unwrap();
        let end = lines.pop().unwrap().end.unwrap();
        (lines.into_iter().map(|line| line.hit.unwrap()).collect(), end)
    }

    fn places(workspace: &Path, q: &str, regex: bool, case: bool) -> Vec<(String, u64)> {
        found(workspace, q, regex, case).0.into_iter().map(|hit| (hit.path, hit.line)).collect()
    }

    #[test]
    fn text_is_found_where_git_does_not_ignore_it() {
        let (folder, workspace) = workspace();
        symlink(folder.path(), workspace.join("out")).unwrap();
        symlink("../secret", workspace.join("link")).unwrap();
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, workspace.join("pipe"), fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        let expected = [(".hidden".to_owned(), 2), ("src/main.rs".to_owned(), 1)];
        assert_eq!(places(&workspace, "needle", false, false), expected);
        assert_eq!(places(&workspace, "Needle", false, true), expected[..1]);
        assert_eq!(
            places(&workspace, r"fn \w+\(", true, false),
            [("src/main.rs".to_owned(), 1), ("src/main.rs".to_owned(), 2)]
        );
        assert_eq!(places(&workspace, r"fn \w+\(", false, false), []);
        let (hits, end) = found(&workspace, "needle", false, false);
        assert_eq!(
            (hits[0].before.as_str(), hits[0].found.as_str(), hits[0].after.as_str()),
            ("a ", "needle", ", Needle")
        );
        assert_eq!(end, SearchEnd { hits: 2, is_cut: false });
    }

    #[test]
    fn a_long_line_is_cut_around_what_was_found() {
        let (_folder, workspace) = workspace();
        let line = format!("{}x{}", "ü".repeat(100_000), "ö".repeat(100_000));
        fs::write(workspace.join("long"), line).unwrap();
        let (hits, _) = found(&workspace, "x", false, true);
        assert_eq!(hits[0].before, format!("…{}", "ü".repeat(60)));
        assert_eq!(hits[0].after, format!("{}…", "ö".repeat(140)));
    }

    #[test]
    fn many_hits_and_a_listener_who_goes_end_the_search() {
        let (_folder, workspace) = workspace();
        fs::write(workspace.join("many"), "x\n".repeat(5_000)).unwrap();
        let (hits, end) = found(&workspace, "x", false, false);
        assert_eq!((hits.len(), end), (2_000, SearchEnd { hits: 2_000, is_cut: true }));
        let pattern = Pattern::of(&SearchQuery { q: "x".to_owned(), ..SearchQuery::default() }).unwrap();
        let mut told = 0;
        search(&workspace, &pattern, &|| true, &mut |_| {
            told += 1;
            false
        })
        .unwrap();
        assert_eq!(told, 2);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for (q, regex) in [("", false), ("", true), ("(", true), ("a\\nb", true), ("(a{1000}){1000}{1000}", true)] {
            assert!(Pattern::of(&SearchQuery { q: q.to_owned(), regex, case: false }).is_err(), "{q}");
        }
        assert!(Pattern::of(&SearchQuery { q: "(".to_owned(), regex: false, case: false }).is_ok());
    }
}
