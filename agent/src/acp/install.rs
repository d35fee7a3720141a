//! Installing an agent's program from its npm package, into a folder that the sandboxes of a project may share.

use std::io;
use std::path::{Path, PathBuf};

use crate::acp::Surroundings;
use crate::call::Call;
use crate::control::Mark;
use crate::process::Launch;

/// An installation that runs.
#[derive(Debug)]
pub struct Installation {
    /// The command, and what it prints.
    pub call: Call,
    /// The command as a person would write it.
    pub command: String,
    made: PathBuf,
    folder: PathBuf,
}

/// The folder in which a package's programs are once it is installed.
pub fn programs(cache: &Path, package: &str) -> PathBuf {
    folder(cache, package).join("node_modules/.bin")
}

/// One folder for each version: an agent that runs isn't changed under its feet.
fn folder(cache: &Path, package: &str) -> PathBuf {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '@' | '.' | '-' | '_');
    cache.join(package.chars().map(|c| if is_plain(c) { c } else { '+' }).collect::<String>())
}

impl Installation {
    /// Begins, beside where the package will be, so that nobody sees half of it.
    pub fn start(surroundings: &Surroundings, npm: &str, package: &str, mark: Mark) -> io::Result<Self> {
        let folder = folder(&surroundings.cache, package);
        let made = folder.with_added_extension(mark.as_str());
        std::fs::create_dir_all(&made)?;
        let prefix = made.to_string_lossy().into_owned();
        let options = ["install", "--no-audit", "--no-fund", "--no-progress", "--loglevel=http", "--prefix"];
        let mut command: Vec<_> = [npm].iter().chain(&options).map(|&word| word.to_owned()).collect();
        command.extend([prefix, "--".to_owned(), package.to_owned()]);
        let launch = Launch { mark, command, environment: surroundings.environment.clone(), folder: made.clone() };
        Ok(Self { call: Call::start(launch, || {}), command: format!("npm install {package}"), made, folder })
    }

    /// Puts what was installed where it is looked for. Another sandbox of the project may have been quicker.
    pub fn finish(self) -> io::Result<()> {
        match std::fs::rename(&self.made, &self.folder) {
            Err(_) if self.folder.is_dir() => self.discard(),
            result => result,
        }
    }

    /// Removes what was installed in part.
    pub fn discard(self) -> io::Result<()> {
        std::fs::remove_dir_all(&self.made)
    }
}
