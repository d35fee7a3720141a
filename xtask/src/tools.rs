//! What has to be on the machine before anything can be built, and how to get it there.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::command;
use crate::progress;
use crate::repository::{self, WASM_TARGET};

/// Older versions of Node don't run the pinned npm packages.
const NODE_MAJOR: u32 = 18;

/// Something the build needs and this machine lacks.
#[derive(Debug, PartialEq, Eq)]
struct Missing {
    what: String,
    why: &'static str,
    remedy: &'static str,
}

/// Checks the machine, and names everything that is missing at once.
pub fn check() -> Result<()> {
    progress::step("Check tools", |_| {
        let missing: Vec<_> = [node(), npm(), linker()].into_iter().flatten().collect();
        if missing.is_empty() { Ok(()) } else { bail!(explain(&missing)) }
    })
}

/// Adds the compilation targets that aren't installed yet.
pub fn add_targets() -> Result<()> {
    for target in [WASM_TARGET.to_owned(), repository::agent_target()] {
        if target_is_installed(&target) {
            continue;
        }
        if !command::exists("rustup") {
            bail!(explain(&[Missing {
                what: format!("the Rust target {target}"),
                why: "the page is compiled to WASM and the agent to a static program",
                remedy: "install rustup from https://rustup.rs, or the target's standard library with your compiler",
            }]));
        }
        progress::step(&format!("Add target {target}"), |step| {
            command::run(Command::new("rustup").args(["target", "add", &target]), step)
        })?;
    }
    Ok(())
}

fn target_is_installed(target: &str) -> bool {
    command::first_line(Command::new("rustc").args(["--print", "target-libdir", "--target", target]))
        .is_some_and(|folder| Path::new(&folder).exists())
}

fn node() -> Option<Missing> {
    let why = "wasm-opt, which shrinks the page's WASM, comes as an npm package";
    let remedy = "apt-get install nodejs npm  (or an installer from https://nodejs.org)";
    match command::first_line(Command::new("node").arg("--version")) {
        None => Some(Missing { what: "node".to_owned(), why, remedy }),
        Some(version) if node_major(&version).is_none_or(|major| major < NODE_MAJOR) => {
            Some(Missing { what: format!("Node {NODE_MAJOR} or newer (this is {version})"), why, remedy })
        }
        Some(_) => None,
    }
}

fn node_major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn npm() -> Option<Missing> {
    (!command::exists("npm")).then(|| Missing {
        what: "npm".to_owned(),
        why: "it installs the pinned packages that the build needs",
        remedy: "apt-get install npm",
    })
}

fn linker() -> Option<Missing> {
    (!command::exists("cc")).then(|| Missing {
        what: "cc".to_owned(),
        why: "Rust links with it, and SQLite is compiled by it",
        remedy: "apt-get install build-essential  (macOS: xcode-select --install)",
    })
}

fn explain(missing: &[Missing]) -> String {
    missing.iter().fold(
        String::from("something is missing on this machine"),
        |mut text, Missing { what, why, remedy }| {
            write!(text, "\n\n  missing: {what}\n  why:     {why}\n  mend:    {remedy}")
                .expect("a string can be written to");
            text
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_of_node_is_read() {
        assert_eq!(node_major("v20.20.2"), Some(20));
        assert_eq!(node_major("20.20.2"), None);
    }

    #[test]
    fn everything_missing_is_explained_with_its_remedy() {
        let missing = Missing { what: "cc".to_owned(), why: "for linking", remedy: "apt-get install gcc" };
        let text = explain(&[missing]);
        assert!(text.ends_with("missing: cc\n  why:     for linking\n  mend:    apt-get install gcc"), "{text}");
    }
}
