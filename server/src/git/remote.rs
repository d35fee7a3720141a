//! Talking to a remote: which transports are open, with whose configuration, and what its failures mean.

use std::fmt::Write as _;
use std::io::Write as _;

use tempfile::NamedTempFile;

use super::command::Git;
use super::{GitError, Login};

/// What kind of failure a remote caused, and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RemoteFault {
    /// There is no repository, or it is hidden from who may not read it.
    #[error("There is no repository at this address, or it may not be read without credentials.")]
    NotFound,
    /// It wants credentials that git doesn't find or that it doesn't take.
    #[error(
        "The server asks for credentials. Add a GitHub or GitLab credential with its address to the project, or set up a git \
             credential helper or an ssh key for the user that runs Octobot."
    )]
    Unauthorised,
    /// It doesn't take the credential that it was given.
    #[error(
        "The server doesn't take the project's credential: its token has expired, or may not do that with this repository. \
             Replace it on the credentials page."
    )]
    LoginRefused,
    /// The host's key isn't known.
    #[error("The host isn't known to ssh. Connect to it once as the user that runs Octobot, and accept its key.")]
    UnknownHost,
    /// It doesn't take a branch.
    #[error("The server doesn't take the branch. A rule there may protect it, or refuse what is in it.")]
    Refused,
    /// Nothing answers.
    #[error("The server can't be reached. Check the address and the network, and try again.")]
    Unreachable,
    /// Something else.
    #[error("Check the address, and try again.")]
    Other,
}

/// What git or ssh says, in the C locale, and what it means. The first that fits counts.
const MEANINGS: [(&str, RemoteFault); 19] = [
    ("[remote rejected]", RemoteFault::Refused),
    ("host key verification failed", RemoteFault::UnknownHost),
    ("could not resolve host", RemoteFault::Unreachable),
    ("connection refused", RemoteFault::Unreachable),
    ("connection timed out", RemoteFault::Unreachable),
    ("operation timed out", RemoteFault::Unreachable),
    ("failed to connect", RemoteFault::Unreachable),
    ("couldn't connect", RemoteFault::Unreachable),
    ("could not connect", RemoteFault::Unreachable),
    ("network is unreachable", RemoteFault::Unreachable),
    ("no route to host", RemoteFault::Unreachable),
    ("authentication failed", RemoteFault::Unauthorised),
    ("could not read username", RemoteFault::Unauthorised),
    ("could not read password", RemoteFault::Unauthorised),
    ("permission denied (", RemoteFault::Unauthorised),
    ("returned error: 403", RemoteFault::Unauthorised),
    ("not found", RemoteFault::NotFound),
    ("does not exist", RemoteFault::NotFound),
    ("does not appear to be a git repository", RemoteFault::NotFound),
];

/// A remote repository.
pub(super) struct Remote<'u> {
    url: &'u str,
    /// How to log in there; without it, as the operator does.
    login: Option<&'u Login>,
    /// For `file://`: a configuration that says that the folder may belong to someone else.
    configuration: Option<NamedTempFile>,
}

// === impl Remote ===

impl<'u> Remote<'u> {
    pub(super) fn new(url: &'u str, login: Option<&'u Login>) -> Result<Self, GitError> {
        let configuration = match url.get(..7) {
            Some(scheme) if scheme.eq_ignore_ascii_case("file://") => Some(trust_folder(&url[7..])?),
            _ => None,
        };
        Ok(Self { url, login, configuration })
    }

    /// A git command that may reach this remote, and by nothing but the transports that its URL stands for.
    ///
    /// Other repositories are reached with the operator's configuration, which may turn https into ssh. A folder
    /// needs none of it, and is the only place where the file transport is open.
    pub(super) fn git(&self, purpose: &'static str) -> Git {
        let Some(configuration) = &self.configuration else {
            let mut git = Git::as_operator(purpose);
            git.env("GIT_ALLOW_PROTOCOL", if self.is_plain_http() { "http:https:ssh" } else { "https:ssh" })
                .setting("http.lowSpeedLimit=1")
                .setting("http.lowSpeedTime=60");
            if let Some(login) = self.login {
                login.lend(&mut git);
            }
            return git;
        };
        let mut git = Git::confined(purpose, std::path::Path::new("/nonexistent"));
        git.env("GIT_CONFIG_GLOBAL", configuration.path()).env("GIT_ALLOW_PROTOCOL", "file");
        git
    }

    /// Its URL.
    pub(super) fn url(&self) -> &str {
        self.url
    }

    /// Whether it is a folder of this machine.
    pub(super) fn is_folder(&self) -> bool {
        self.configuration.is_some()
    }

    /// Says what a push that failed means.
    pub(super) fn explain_push(&self, error: GitError) -> GitError {
        match error {
            GitError::Command { said, .. } => {
                GitError::Push { url: self.url.to_owned(), fault: self.meaning(&said), said }
            }
            other => other,
        }
    }

    /// Says what a failed command means for whoever gave the URL.
    pub(super) fn explain(&self, error: GitError) -> GitError {
        match error {
            GitError::Command { said, .. } => {
                GitError::Remote { url: self.url.to_owned(), fault: self.meaning(&said), said }
            }
            other => other,
        }
    }

    fn meaning(&self, said: &str) -> RemoteFault {
        match meaning(said) {
            RemoteFault::Unauthorised if self.login.is_some() => RemoteFault::LoginRefused,
            fault => fault,
        }
    }

    fn is_plain_http(&self) -> bool {
        self.url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"))
    }
}

fn meaning(said: &str) -> RemoteFault {
    let said = said.to_ascii_lowercase();
    MEANINGS.iter().find(|(text, _)| said.contains(text)).map_or(RemoteFault::Other, |(_, fault)| *fault)
}

/// git refuses a repository of another user unless a configuration outside of it names the folder; who gave the URL
/// has named it. It has to be a file, since git keeps command-line settings from the process that reads the folder.
fn trust_folder(path: &str) -> Result<NamedTempFile, GitError> {
    let path = path.trim_end_matches('/');
    let quoted = path.replace('\\', "\\\\").replace('"', "\\\"");
    let mut text = "[safe]\n".to_owned();
    for folder in ["", "/.git", ".git", ".git/.git"] {
        writeln!(text, "\tdirectory = \"{quoted}{folder}\"").expect("writing to a string can't fail");
    }
    let parent = std::env::temp_dir();
    let write = || {
        let mut file = NamedTempFile::new_in(&parent)?;
        file.write_all(text.as_bytes())?;
        Ok(file)
    };
    write().map_err(GitError::files(&parent))
}
