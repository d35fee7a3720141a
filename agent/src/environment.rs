//! The environment of scripts and agents: a clean one, so that nothing of the daemon's own reaches them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// The search path where the daemon was given none.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What programs are told so that they print colours though they don't write to a terminal, and don't wait for keys.
const COMFORT: [(&str, &str); 8] = [
    ("LANG", "C.UTF-8"),
    ("TERM", "xterm-256color"),
    ("COLORTERM", "truecolor"),
    ("CLICOLOR_FORCE", "1"),
    ("FORCE_COLOR", "1"),
    ("PAGER", "cat"),
    ("GIT_PAGER", "cat"),
    ("GIT_TERMINAL_PROMPT", "0"),
];

/// Names and values.
#[derive(Debug, Clone)]
pub struct Environment {
    variables: Vec<(String, String)>,
}

impl Environment {
    /// The environment of a user. `path` is the search path that the daemon was given.
    pub fn of_user(user: &str, home: &str, path: Option<String>) -> Self {
        let path = path.unwrap_or_else(|| DEFAULT_PATH.to_owned());
        let person = [("HOME", home), ("USER", user), ("LOGNAME", user), ("PATH", &path)];
        let variables = person.into_iter().chain(COMFORT);
        Self { variables: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect() }
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.variables.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => value.clone_into(known),
            None => self.variables.push((name.to_owned(), value.to_owned())),
        }
    }

    /// The same for somebody who sits at a terminal: programs see by themselves that there are colours, may show pages, and
    /// may ask.
    pub fn at_terminal(mut self) -> Self {
        let away = ["CLICOLOR_FORCE", "FORCE_COLOR", "PAGER", "GIT_PAGER", "GIT_TERMINAL_PROMPT"];
        self.variables.retain(|(name, _)| !away.contains(&name.as_str()));
        self
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables().find(|&(known, _)| known == name).map(|(_, value)| value)
    }

    /// The variables.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The search path.
    pub fn path(&self) -> &str {
        self.get("PATH").unwrap_or(DEFAULT_PATH)
    }

    /// Where a program stands, by the search path.
    pub fn find_program(&self, name: &str) -> Option<String> {
        let is_program = |path: &String| {
            Path::new(path).metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
        };
        let folders = self.path().split(':').filter(|folder| folder.starts_with('/'));
        folders.map(|folder| format!("{folder}/{name}")).find(is_program)
    }
}
