//! `cargo xtask tidy`: the rules of this repository that no other tool knows, such as which module may use which
//! library. A rule looks at one file; what concerns the whole stands in `dependencies`.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::folder;
use crate::progress;
use crate::repository::Repository;

mod dependencies;
mod rules;

/// The folders that hold sources.
const SOURCES: [&str; 8] = ["agent", "app", "end2end", "frontend", "proxy", "server", "style", "xtask"];

/// A place where a rule is broken.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: PathBuf,
    line: usize,
    rule: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.path.display(), self.line, self.rule)
    }
}

/// A source file, by its path from the repository's root.
#[derive(Debug)]
struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

/// Checks the rules as a chore of its own.
pub fn run(repository: &Repository) -> Result<()> {
    progress::step("House rules", |_| check(repository))
}

/// Fails with every place where a rule is broken.
pub fn check(repository: &Repository) -> Result<()> {
    let mut findings = dependencies::check(repository)?;
    for folder in SOURCES {
        for file in folder::files(&repository.path(folder))? {
            let path = Path::new(folder).join(file);
            if path.components().any(|component| component.as_os_str() == "node_modules") {
                continue;
            }
            // Pictures and other data aren't sources.
            if let Ok(text) = String::from_utf8(folder::read(&repository.path(&path))?) {
                findings.extend(rules::check(&Source { path: &path, text: &text }));
            }
        }
    }
    if findings.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
    bail!("{}\n{} house rules are broken", lines.join("\n"), findings.len())
}
