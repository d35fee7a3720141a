//! What a person types to name a workspace's code, read as a folder or a git URL. No I/O.

use std::path::{Path, PathBuf};

use octobot_wire::name::MAX_CHARS;
use octobot_wire::workspace::WorkspaceSource;

/// The longest source, in bytes: the system's limit for paths.
const MAX_BYTES: usize = 4096;

/// Why a source was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSource {
    /// Nothing but white space.
    #[error("Give the absolute path of a folder, or the URL of a git repository.")]
    Empty,
    /// More than 4,096 bytes.
    #[error("A source has at most 4096 bytes.")]
    TooLong,
    /// Control characters, or characters that reorder the text around them.
    #[error("A source can't hold control characters.")]
    Control,
    /// It could be taken for an option.
    #[error("A source, its host and its path can't begin with a hyphen.")]
    LeadingHyphen,
    /// A relative path, or nothing that is understood.
    #[error("Give an absolute path such as /home/me/project, or a git URL such as https://host/project.git.")]
    NotAbsolute,
    /// `~` where the home folder isn't known.
    #[error("The home folder of the user that runs Octobot isn't known; give an absolute path.")]
    NoHome,
    /// A transport that isn't taken: helpers can run any command, `git://` can be tampered with.
    #[error("Only https://, http://, ssh://, git@host:path and file:// URLs are taken.")]
    Transport,
    /// A user name or password in the URL.
    #[error(
        "The URL holds credentials. Leave them out, and set up a git credential helper for the user that runs Octobot."
    )]
    Credentials,
    /// The URL lacks its host or the repository's path.
    #[error("The URL names no repository.")]
    NoRepository,
}

/// Reads a source. A path must be absolute or begin with `~/`, the home folder of the user that runs the server.
pub fn parse_source(text: &str) -> Result<WorkspaceSource, InvalidSource> {
    parse_source_at(text, std::env::home_dir().as_deref())
}

/// The name of a workspace that was given none: the last part of its path or URL.
pub fn default_name(source: &WorkspaceSource) -> String {
    let text = match source {
        WorkspaceSource::Folder { path } => path,
        WorkspaceSource::Git { url } => url,
    };
    let trimmed = text.trim_end_matches('/');
    let last = trimmed.rsplit(['/', ':']).next().unwrap_or_default();
    let name = last.strip_suffix(".git").filter(|name| !name.is_empty()).unwrap_or(last);
    if name.is_empty() { text.clone() } else { name.chars().take(MAX_CHARS).collect() }
}

fn parse_source_at(text: &str, home: Option<&Path>) -> Result<WorkspaceSource, InvalidSource> {
    let text = text.trim();
    if text.is_empty() {
        return Err(InvalidSource::Empty);
    }
    if text.len() > MAX_BYTES {
        return Err(InvalidSource::TooLong);
    }
    if text.chars().any(is_unprintable) {
        return Err(InvalidSource::Control);
    }
    if text.starts_with('-') {
        return Err(InvalidSource::LeadingHyphen);
    }
    if text.starts_with('/') {
        return Ok(folder(Path::new(text)));
    }
    if text == "~" || text.starts_with("~/") {
        let home = home.ok_or(InvalidSource::NoHome)?;
        return Ok(folder(&home.join(text[1..].trim_start_matches('/'))));
    }
    match text.split_once("://") {
        Some((scheme, rest)) => check_url(&scheme.to_ascii_lowercase(), rest)?,
        None => check_scp_like(text)?,
    }
    Ok(WorkspaceSource::Git { url: text.to_owned() })
}

/// The folder without `.` parts and doubled or final slashes. `..` stays: what it means depends on links.
fn folder(path: &Path) -> WorkspaceSource {
    let path: PathBuf = path.components().collect();
    WorkspaceSource::Folder { path: path.to_string_lossy().into_owned() }
}

fn check_url(scheme: &str, rest: &str) -> Result<(), InvalidSource> {
    if scheme == "file" {
        return if rest.trim_end_matches('/').starts_with('/') { Ok(()) } else { Err(InvalidSource::NoRepository) };
    }
    if !matches!(scheme, "https" | "http" | "ssh") {
        return Err(InvalidSource::Transport);
    }
    let (authority, path) = rest.split_once('/').ok_or(InvalidSource::NoRepository)?;
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    // A token can stand in for the user name, but ssh has its keys elsewhere and needs the name.
    if user.is_some_and(|user| scheme != "ssh" || user.contains(':')) {
        return Err(InvalidSource::Credentials);
    }
    if user.is_some_and(|user| user.starts_with('-')) || host.starts_with('-') {
        return Err(InvalidSource::LeadingHyphen);
    }
    if host.is_empty() || path.trim_matches('/').is_empty() || rest.contains(char::is_whitespace) {
        return Err(InvalidSource::NoRepository);
    }
    Ok(())
}

/// Checks `git@host:path`, which ssh takes.
fn check_scp_like(text: &str) -> Result<(), InvalidSource> {
    let (login, path) = text.split_once(':').ok_or(InvalidSource::NotAbsolute)?;
    if path.starts_with(':') {
        return Err(InvalidSource::Transport);
    }
    if login.contains('/') {
        return Err(InvalidSource::NotAbsolute);
    }
    let host = login.rsplit_once('@').map_or(login, |(_, host)| host);
    if host.starts_with('-') || path.starts_with('-') {
        return Err(InvalidSource::LeadingHyphen);
    }
    if host.is_empty() || path.trim_matches('/').is_empty() || text.contains(char::is_whitespace) {
        return Err(InvalidSource::NoRepository);
    }
    // `user:password@host:path` splits at the first colon, so the rest still holds the host.
    if path.split('/').next().is_some_and(|first| first.contains('@')) {
        return Err(InvalidSource::Credentials);
    }
    Ok(())
}

fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<WorkspaceSource, InvalidSource> {
        parse_source_at(text, Some(Path::new("/home/me")))
    }

    #[test]
    fn absolute_paths_are_folders() {
        for (text, path) in [
            ("/srv/project", "/srv/project"),
            (" /srv//a b/./c/ ", "/srv/a b/c"),
            ("/", "/"),
            ("~", "/home/me"),
            ("~/x/", "/home/me/x"),
        ] {
            assert_eq!(parse(text), Ok(WorkspaceSource::Folder { path: path.to_owned() }), "{text}");
        }
        assert_eq!(parse_source_at("~/x", None), Err(InvalidSource::NoHome));
    }

    #[test]
    fn git_urls_are_repositories() {
        for url in [
            "https://host/group/project.git",
            "HTTPS://host/project",
            "http://127.0.0.1:8080/project",
            "ssh://git@host:22/project.git",
            "git@host:group/project.git",
            "alias:project",
            "file:///srv/a b.git",
        ] {
            assert_eq!(parse(url), Ok(WorkspaceSource::Git { url: url.to_owned() }), "{url}");
        }
    }

    #[test]
    fn what_could_run_a_command_or_be_an_option_is_refused() {
        for (text, why) in [
            ("--upload-pack=touch x", InvalidSource::LeadingHyphen),
            ("-c core.sshCommand=x", InvalidSource::LeadingHyphen),
            ("ext::sh -c touch% /tmp/x", InvalidSource::Transport),
            ("fd::17", InvalidSource::Transport),
            ("transport::address", InvalidSource::Transport),
            ("ext+ssh://host/x", InvalidSource::Transport),
            ("git://host/x", InvalidSource::Transport),
            ("ftp://host/x", InvalidSource::Transport),
            ("ssh://-oProxyCommand=x/y", InvalidSource::LeadingHyphen),
            ("ssh://-l@host/y", InvalidSource::LeadingHyphen),
            ("git@-oProxyCommand=x:y", InvalidSource::LeadingHyphen),
            ("git@host:-y", InvalidSource::LeadingHyphen),
            ("https://host/a\nb", InvalidSource::Control),
            ("/srv/\u{202e}x", InvalidSource::Control),
        ] {
            assert_eq!(parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn credentials_in_a_url_are_refused() {
        for url in ["https://me:pw@host/x", "https://token@host/x", "ssh://git:pw@host/x", "me:pw@host:x"] {
            assert_eq!(parse(url), Err(InvalidSource::Credentials), "{url}");
        }
    }

    #[test]
    fn what_names_no_repository_is_refused() {
        for (text, why) in [
            ("  ", InvalidSource::Empty),
            ("project", InvalidSource::NotAbsolute),
            ("./project", InvalidSource::NotAbsolute),
            ("../a:b", InvalidSource::NotAbsolute),
            ("~other/x", InvalidSource::NotAbsolute),
            ("https://host", InvalidSource::NoRepository),
            ("https://host/", InvalidSource::NoRepository),
            ("https:///x", InvalidSource::NoRepository),
            ("https://host/a b", InvalidSource::NoRepository),
            ("file://host/x", InvalidSource::NoRepository),
            ("file:///", InvalidSource::NoRepository),
            ("git@host:", InvalidSource::NoRepository),
        ] {
            assert_eq!(parse(text), Err(why), "{text}");
        }
        assert_eq!(parse(&format!("/{}", "x".repeat(MAX_BYTES))), Err(InvalidSource::TooLong));
    }

    #[test]
    fn the_last_part_of_a_source_is_its_name() {
        for (text, name) in [
            ("/srv/project", "project"),
            ("/", "/"),
            ("https://host/group/project.git/", "project"),
            ("git@host:project.git", "project"),
            ("/srv/.git", ".git"),
        ] {
            assert_eq!(default_name(&parse(text).unwrap()), name, "{text}");
        }
    }
}
