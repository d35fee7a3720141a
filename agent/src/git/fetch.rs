//! Fetching the branches of `origin`, over HTTP alone: whatever the repository says of how, no program of its own runs, and nobody is
//! asked for a password. What the session may reach, and as whom, is the business of what stands between the sandbox and the network.

use std::collections::BTreeSet;
use std::time::Duration;

use octobot_wire::code::branches::{FetchEnd, FetchOutcome, REMOTE_REFS};

use crate::git::CodeError;
use crate::git::command::Git;
use crate::git::kept::text;

/// It may take so long.
const PATIENCE: Duration = Duration::from_mins(5);

/// Which branches are fetched, and what they are called here.
pub const BRANCHES: &str = "+refs/heads/*:refs/remotes/origin/*";

/// Settings with which git speaks nothing but HTTP, runs no program for credentials, and doesn't wait for who says nothing.
const SETTINGS: [&str; 6] = [
    "core.alternateRefsCommand=true",
    "credential.helper=",
    "core.askPass=",
    "fetch.recurseSubmodules=false",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=30",
];

/// It outdoes whatever the repository says of protocols.
const PROTOCOLS: [(&str, &str); 1] = [("GIT_ALLOW_PROTOCOL", "http:https")];

/// So many characters of what git says are told.
const MOST_CHARACTERS: usize = 400;

/// The address of `origin`, if there is one.
pub async fn origin(git: &Git) -> Result<Option<String>, CodeError> {
    let printed = git.ask().maybe(&["config", "--get", "remote.origin.url"]).await?;
    Ok(printed.map(|printed| text(&printed)).filter(|address| !address.is_empty()))
}

/// Fetches. That it isn't possible is an outcome, too.
pub async fn fetch(git: &Git) -> Result<FetchOutcome, CodeError> {
    let none = |end| FetchOutcome { end, changed: 0, detail: String::new() };
    let Some(origin) = origin(git).await? else { return Ok(none(FetchEnd::NoOrigin)) };
    if !is_http(&origin) {
        return Ok(FetchOutcome { detail: without_secrets(&origin), ..none(FetchEnd::OtherAddress) });
    }
    let before = known(git).await?;
    let options = ["fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"];
    let further = ["--no-recurse-submodules", "--end-of-options", &origin, BRANCHES];
    let arguments: Vec<&str> = options.into_iter().chain(further).collect();
    match git.ask().settings(&SETTINGS).variables(&PROTOCOLS).online().patience(PATIENCE).bytes(&arguments).await {
        Ok(_) => {
            let after = known(git).await?;
            let names = |one: &BTreeSet<(String, String)>, other: &BTreeSet<(String, String)>| -> Vec<String> {
                one.difference(other).map(|(name, _)| name.clone()).collect()
            };
            let changed: BTreeSet<String> = names(&before, &after).into_iter().chain(names(&after, &before)).collect();
            let changed = u32::try_from(changed.len()).unwrap_or(u32::MAX);
            tracing::info!(git.branches = changed, "origin was fetched");
            Ok(FetchOutcome { changed, ..none(FetchEnd::Fetched) })
        }
        Err(CodeError::Slow { .. }) => Ok(none(FetchEnd::Slow)),
        Err(CodeError::Git { output, .. }) => {
            let detail = told(&output.replace(&origin, &without_secrets(&origin)));
            Ok(FetchOutcome { detail, ..none(end_of(&output)) })
        }
        Err(error) => Err(error),
    }
}

/// An address without the name and password that may be in it.
pub fn without_secrets(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..host_end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => address.to_owned(),
    }
}

/// Whether an address is one of HTTP.
pub fn is_http(address: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| address.starts_with(scheme))
}

/// The branches of `origin` that are known, each with its commit.
async fn known(git: &Git) -> Result<BTreeSet<(String, String)>, CodeError> {
    let under = format!("{REMOTE_REFS}origin/");
    let printed = git.ask().bytes(&["for-each-ref", "--format=%(refname) %(objectname)", &under]).await?;
    let printed = String::from_utf8_lossy(&printed);
    let pair = |line: &str| line.split_once(' ').map(|(name, id)| (name.to_owned(), id.to_owned()));
    Ok(printed.lines().filter_map(pair).collect())
}

/// What stands in the way, by what git and curl say of it in English.
fn end_of(output: &str) -> FetchEnd {
    let says = |words: &[&str]| words.iter().any(|words| output.contains(words));
    if says(&["Authentication failed", "could not read Username", "could not read Password", "error: 401"]) {
        FetchEnd::Unauthenticated
    } else if says(&["error: 403", "response 403", "code 403", "error: 407", "response 407"]) {
        FetchEnd::Refused
    } else if says(&[
        "Could not resolve",
        "Failed to connect",
        "Couldn't connect",
        "Could not connect",
        "Connection refused",
        "Connection reset",
        "Recv failure",
        "Empty reply",
        "timed out",
        "Operation too slow",
        "error: 502",
        "error: 503",
        "error: 504",
        "response 502",
        "response 503",
        "response 504",
    ]) {
        FetchEnd::Unreachable
    } else {
        FetchEnd::Failed
    }
}

/// The end of what git says, and what the other side has said, on one line.
fn told(output: &str) -> String {
    let line = output.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    let line = line.strip_prefix("fatal: ").unwrap_or(line);
    let remote: Vec<_> = output.lines().filter_map(|line| line.strip_prefix("remote: ")).map(str::trim).collect();
    let remote = if remote.is_empty() { String::new() } else { format!(" ({})", remote.join(" ")) };
    format!("{line}{remote}").chars().take(MOST_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_way_is_known_by_its_words() {
        let cases = [
            ("fatal: could not read Username for 'https://host': terminal prompts disabled", FetchEnd::Unauthenticated),
            ("remote: x\nfatal: Authentication failed for 'https://host/'", FetchEnd::Unauthenticated),
            ("fatal: unable to access 'https://host/': CONNECT tunnel failed, response 403", FetchEnd::Refused),
            ("fatal: unable to access 'http://host/': The requested URL returned error: 403", FetchEnd::Refused),
            ("fatal: unable to access 'https://host/': Could not resolve host: host", FetchEnd::Unreachable),
            ("fatal: repository 'https://host/' not found", FetchEnd::Failed),
        ];
        for (output, end) in cases {
            assert_eq!(end_of(output), end, "{output}");
        }
        assert_eq!(told("remote: x\nremote: z \nfatal: y\n\n"), "y (x z)");
        assert_eq!(told("fatal: y"), "y");
    }

    #[test]
    fn no_password_of_an_address_is_told() {
        assert_eq!(without_secrets("https://a:b@host/c@d"), "https://host/c@d");
        assert_eq!(without_secrets("https://host/c@d"), "https://host/c@d");
        assert_eq!(without_secrets("git@host:a/b"), "git@host:a/b");
        assert_eq!(without_secrets("https://a:b@c@host"), "https://host");
    }
}
