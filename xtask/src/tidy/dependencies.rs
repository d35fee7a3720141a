//! The rules about what depends on what.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::Finding;
use crate::command;
use crate::folder;
use crate::repository::Repository;

/// What the programs of a sandbox, and the types that they share with the server, are built without.
const FORBIDDEN: [&str; 3] = ["leptos", "reactive_graph", "sqlx"];

/// The crates that are held to that.
const SMALL: [&str; 3] = ["agent", "app/wire", "proxy"];

/// Every place where a rule about dependencies is broken.
pub fn check(repository: &Repository) -> Result<Vec<Finding>> {
    let mut findings = lock_file(repository)?;
    for crate_folder in SMALL {
        let tree = tree(repository, crate_folder)?;
        let manifest = PathBuf::from(crate_folder).join("Cargo.toml");
        for name in FORBIDDEN.iter().filter(|name| tree.iter().any(|dependency| dependency == *name)) {
            findings.push(Finding { path: manifest.clone(), line: 1, rule: format!("{crate_folder} links {name}") });
        }
    }
    Ok(findings)
}

/// The names of everything that a crate links, with all its features.
fn tree(repository: &Repository, crate_folder: &str) -> Result<Vec<String>> {
    let mut cargo = command::cargo(repository);
    cargo.args(["tree", "--locked", "--all-features", "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
    cargo.arg("--manifest-path").arg(repository.path(crate_folder).join("Cargo.toml"));
    let tree = command::observe(&mut cargo, |_| {})?;
    ensure!(tree.success, "{}", tree.output.join("\n"));
    Ok(tree.output.iter().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
}

/// An address in the lock file would bind every clone to one registry.
fn lock_file(repository: &Repository) -> Result<Vec<Finding>> {
    let path = PathBuf::from("xtask/npm/package-lock.json");
    let text = String::from_utf8(folder::read(&repository.path(&path))?).context("package-lock.json isn't UTF-8")?;
    let addresses = text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("\"resolved\""));
    let finding = |(number, _)| Finding {
        path: path.clone(),
        line: number + 1,
        rule: "the lock file names a registry; .npmrc says how to leave that out".to_owned(),
    };
    Ok(addresses.map(finding).collect())
}
