//! Which commit each line of a file is from, as git tells it of the file's own bytes.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use octobot_wire::Timestamp;
use octobot_wire::code::{Blame, BlamedCommit, BlamedRun};

use crate::files::{Content, FileError};
use crate::git::CodeError;
use crate::git::command::Git;
use crate::git::lines::has_lines;
use crate::git::records::NotUnderstood;

/// Settings without which git would read a list of names wherever the repository says.
const SETTINGS: [&str; 2] = ["mailmap.file=/dev/null", "mailmap.blob="];

/// How it is asked. The bytes are given, so that git opens no file, and neither a list of commits to leave out nor a filter that the
/// repository names has a say.
const ARGUMENTS: [&str; 6] = ["blame", "--incremental", "--no-ignore-revs-file", "--no-textconv", "--contents", "-"];

/// So many characters of a name or a subject are told.
const MOST_CHARACTERS: usize = 500;

/// Where some lines are from, the first of which is counted from 0.
pub async fn read(git: &Git, path: &Path, content: Content, from: u32, count: u32) -> Result<Blame, CodeError> {
    if !has_lines(&content) {
        return Err(FileError::NotRegular(path.to_owned()).into());
    }
    let total = content.bytes.split_inclusive(|byte| *byte == b'\n').count();
    let total = u32::try_from(total).unwrap_or(u32::MAX);
    let count = count.min(total.saturating_sub(from));
    if count == 0 {
        return Ok(Blame { total, ..Blame::default() });
    }
    if !is_committed(git, path).await? {
        let run = BlamedRun { first: from + 1, count, commit: None };
        return Ok(Blame { commits: Vec::new(), runs: vec![run], total });
    }
    let range = format!("-L{},+{count}", from + 1);
    let mut arguments: Vec<OsString> = ARGUMENTS.map(Into::into).to_vec();
    arguments.extend([range.into(), "--".into(), path.into()]);
    let printed = git.ask().settings(&SETTINGS).input(content.bytes).bytes(&arguments).await?;
    let (commits, runs) = read_blame(&printed)?;
    Ok(Blame { commits, runs, total })
}

/// Whether the commit that HEAD is at has a file by this path.
async fn is_committed(git: &Git, path: &Path) -> Result<bool, CodeError> {
    let Some(head) = git.find("HEAD^{commit}").await? else { return Ok(false) };
    let arguments = ["ls-tree", "-z", "--full-tree", &head, "--"].map(OsStr::new);
    let arguments: Vec<&OsStr> = arguments.into_iter().chain([path.as_os_str()]).collect();
    Ok(!git.ask().bytes(&arguments).await?.is_empty())
}

/// Reads what `--incremental` prints: groups of lines in any order, each with a commit, what is told of that the first time, and a
/// name at its end.
fn read_blame(printed: &[u8]) -> Result<(Vec<BlamedCommit>, Vec<BlamedRun>), NotUnderstood> {
    let mut commits: Vec<BlamedCommit> = Vec::new();
    let mut places: HashMap<String, u32> = HashMap::new();
    let mut runs: Vec<BlamedRun> = Vec::new();
    let mut lines = printed.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    while let Some(head) = lines.next() {
        let head = std::str::from_utf8(head).map_err(|_| NotUnderstood)?;
        let [id, _before, first, count] = head.split(' ').collect::<Vec<_>>()[..] else { return Err(NotUnderstood) };
        let number = |text: &str| text.parse::<u32>().map_err(|_| NotUnderstood);
        let (first, count) = (number(first)?, number(count)?);
        let mut told =
            BlamedCommit { id: id.to_owned(), author: String::new(), at: Timestamp(0), subject: String::new() };
        loop {
            let line = lines.next().ok_or(NotUnderstood)?;
            let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
            let value = String::from_utf8_lossy(&line[(end + 1).min(line.len())..]);
            match &line[..end] {
                b"author" => told.author = begin(&value),
                b"committer-time" => {
                    let seconds: i64 = value.parse().map_err(|_| NotUnderstood)?;
                    told.at = Timestamp(seconds.saturating_mul(1000));
                }
                b"summary" => told.subject = begin(&value),
                b"filename" => break,
                _ => {}
            }
        }
        let is_uncommitted = id.bytes().all(|digit| digit == b'0');
        let commit = (!is_uncommitted).then(|| {
            *places.entry(id.to_owned()).or_insert_with(|| {
                commits.push(told);
                u32::try_from(commits.len() - 1).unwrap_or(u32::MAX)
            })
        });
        runs.push(BlamedRun { first, count, commit });
    }
    runs.sort_unstable_by_key(|run| run.first);
    runs.dedup_by(|run, last| {
        let is_one = last.commit == run.commit && last.first + last.count == run.first;
        if is_one {
            last.count += run.count;
        }
        is_one
    });
    Ok((commits, runs))
}

fn begin(text: &str) -> String {
    text.chars().take(MOST_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_become_runs_in_the_order_of_the_file() {
        let printed = b"bb 1 4 1\nauthor B\xff\nauthor-mail <b>\ncommitter-time 12\nsummary the second\nprevious aa f\nfilename f\n\
                        aa 1 1 1\nauthor A\ncommitter-time -1\nsummary \nboundary\nfilename \"a\\n\"\n\
                        aa 2 2 1\nfilename f\n00 3 3 1\nauthor Not\ncommitter-time 5\nsummary x\nfilename f\n";
        let (commits, runs) = read_blame(printed).unwrap();
        let told: Vec<_> =
            commits.iter().map(|c| (c.id.as_str(), c.author.as_str(), c.at.0, c.subject.as_str())).collect();
        assert_eq!(told, [("bb", "B\u{fffd}", 12_000, "the second"), ("aa", "A", -1_000, "")]);
        let told: Vec<_> = runs.iter().map(|run| (run.first, run.count, run.commit)).collect();
        assert_eq!(told, [(1, 2, Some(1)), (3, 1, None), (4, 1, Some(0))]);
        assert_eq!(read_blame(b""), Ok((vec![], vec![])));
    }

    #[test]
    fn what_git_never_prints_is_no_answer() {
        for printed in
            [&b"aa 1 1\nfilename f\n"[..], b"aa 1 1 1\nauthor A\n", b"aa 1 x 1\nfilename f\n", b"\xff 1 1 1\n"]
        {
            assert_eq!(read_blame(printed), Err(NotUnderstood), "{printed:?}");
        }
    }
}
