//! A login for one remote host, for the length of one command: git asks for it over a pipe, only for that host, wherever redirects lead.

use std::fmt;

use super::command::Git;

/// What git runs to be told the login. Both stand in the environment of that one command, which only its user can look into, and not
/// among its arguments; nothing is written to a disk.
const HELPER: &str = r#"!f() { if test "$1" = get; then printf 'username=%s\npassword=%s\n' "$OCTOBOT_GIT_USER" "$OCTOBOT_GIT_PASSWORD"; fi; }; f"#;

/// A name and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    origin: String,
    user: String,
    password: String,
}

impl Login {
    /// For the host at `origin`, as in `https://host:8443`, which [`crate::domain::forge::web_origin`] tells.
    pub fn new(origin: String, user: impl Into<String>, password: String) -> Self {
        Self { origin, user: user.into(), password }
    }

    /// Has `git` log in with it. What the operator has configured for logins isn't asked then, and so keeps nothing of it either.
    pub(super) fn lend(&self, git: &mut Git) {
        git.setting("credential.helper=")
            .setting(format!("credential.{}.helper=", self.origin))
            .setting(format!("credential.{}.helper={HELPER}", self.origin))
            .env("OCTOBOT_GIT_USER", &self.user)
            .env("OCTOBOT_GIT_PASSWORD", &self.password);
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Login").field("origin", &self.origin).finish_non_exhaustive()
    }
}
