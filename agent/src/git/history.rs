//! The commits that HEAD has: those of the session first, then those that it started from.

use octobot_wire::Timestamp;
use octobot_wire::code::repository::{CommitPage, LoggedCommit, MOST_COMMITS};
use octobot_wire::daemon::BUNDLE_BASE_REF;

use crate::git::CodeError;
use crate::git::command::Git;
use crate::git::records::NotUnderstood;

/// Settings without which git would have signatures checked by whatever program the repository names.
const SETTINGS: [&str; 1] = ["log.showSignature=false"];

/// What is asked of each commit; what [`read_log`] reads.
const FORMAT: &str = "--format=tformat:%H%x00%an%x00%ct%x00%s%x00%b";

/// How many fields that is.
const FIELDS: usize = 5;

/// So many characters of a message are told.
const MOST_CHARACTERS: usize = 4_000;

/// So many commits from a place on.
pub async fn page(git: &Git, from: u32, count: u32) -> Result<CommitPage, CodeError> {
    let Some(head) = git.find("HEAD^{commit}").await? else { return Ok(CommitPage::default()) };
    let base = git.find(&format!("{BUNDLE_BASE_REF}^{{commit}}")).await?;
    let count = count.min(MOST_COMMITS) as usize;
    // One more tells whether there are more.
    let wanted = count + 1;
    let mut new = vec![head.clone()];
    new.extend(base.map(|base| format!("^{base}")));
    // What was fetched, others have made. A branch `octobot/…` is where a session is pushed to.
    new.extend(["--not", "--exclude=*/octobot/*", "--remotes"].map(str::to_owned));
    let mut commits = list(git, &new, &[], from, wanted, true).await?;
    if commits.len() < wanted {
        let Older { first, newer } = older(git, &head, &new).await?;
        if !first.is_empty() {
            let from = from.saturating_sub(newer);
            commits.extend(list(git, &[], &first, from, wanted - commits.len(), false).await?);
        }
    }
    let has_more = commits.len() > count;
    commits.truncate(count);
    Ok(CommitPage { commits, has_more })
}

/// The commit that HEAD is at.
pub async fn latest(git: &Git) -> Result<Option<LoggedCommit>, CodeError> {
    Ok(list(git, &["HEAD".to_owned()], &[], 0, 1, true).await?.pop())
}

/// Commits that weren't made in the session.
struct Older {
    /// Those from which all others are reached.
    first: Vec<String>,
    /// How many were made in it.
    newer: u32,
}

async fn older(git: &Git, head: &str, new: &[String]) -> Result<Older, CodeError> {
    let arguments = ["rev-list", "--boundary"].into_iter().chain(new.iter().map(String::as_str));
    let printed = git.ask().bytes(&arguments.collect::<Vec<_>>()).await?;
    let printed = String::from_utf8_lossy(&printed);
    let mut first: Vec<String> = printed.lines().filter_map(|line| line.strip_prefix('-')).map(str::to_owned).collect();
    let newer = u32::try_from(printed.lines().count() - first.len()).unwrap_or(u32::MAX);
    if newer == 0 {
        first = vec![head.to_owned()];
    }
    Ok(Older { first, newer })
}

/// Commits that are reached from what is named. Of `many`, there may be more than fit on a line.
async fn list(
    git: &Git,
    revisions: &[String],
    many: &[String],
    from: u32,
    count: usize,
    is_new: bool,
) -> Result<Vec<LoggedCommit>, CodeError> {
    let (skip, most) = (format!("--skip={from}"), format!("--max-count={count}"));
    let fixed = ["log", "-z", "--no-color", "--no-patch", "--encoding=UTF-8", FORMAT, &skip, &most];
    let input: Vec<u8> = many.iter().flat_map(|commit| format!("{commit}\n").into_bytes()).collect();
    let given = (!many.is_empty()).then_some("--stdin");
    let arguments = fixed.into_iter().chain(given).chain(revisions.iter().map(String::as_str)).chain(["--"]);
    let printed = git.ask().settings(&SETTINGS).input(input).bytes(&arguments.collect::<Vec<_>>()).await?;
    Ok(read_log(&printed, is_new)?)
}

/// Reads commits of [`FORMAT`], each with a NUL behind it.
fn read_log(printed: &[u8], is_new: bool) -> Result<Vec<LoggedCommit>, NotUnderstood> {
    let Some(printed) = printed.strip_suffix(b"\0") else {
        return if printed.is_empty() { Ok(Vec::new()) } else { Err(NotUnderstood) };
    };
    let fields: Vec<_> = printed.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
    let (commits, rest) = fields.as_chunks::<FIELDS>();
    if !rest.is_empty() {
        return Err(NotUnderstood);
    }
    let read = |[id, author, at, subject, body]: &[std::borrow::Cow<'_, str>; FIELDS]| {
        let seconds: i64 = at.parse().map_err(|_| NotUnderstood)?;
        Ok(LoggedCommit {
            id: id.to_string(),
            author: begin(author),
            at: Timestamp(seconds.saturating_mul(1000)),
            subject: begin(subject),
            body: begin(body.trim_end()),
            is_new,
        })
    };
    commits.iter().map(read).collect()
}

fn begin(text: &str) -> String {
    text.chars().take(MOST_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_read_field_by_field_and_nothing_else_is() {
        let read = |printed: &[u8]| read_log(printed, true);
        let commits = read(b"aa\0A\xff\x0012\0one\0\0bb\0B\0-1\0two\0more\n\nof it\n\0").unwrap();
        assert_eq!(
            (commits[0].author.as_str(), commits[0].at, commits[0].body.as_str()),
            ("A\u{fffd}", Timestamp(12_000), "")
        );
        assert_eq!((commits[1].subject.as_str(), commits[1].body.as_str()), ("two", "more\n\nof it"));
        assert_eq!(read(b""), Ok(vec![]));
        for printed in [&b"aa\0A\x0012\0one\0"[..], b"aa", b"aa\0A\0x\0one\0\0"] {
            assert_eq!(read(printed), Err(NotUnderstood), "{printed:?}");
        }
    }
}
