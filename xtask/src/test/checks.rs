//! The checks that run no tests: format, lints, documentation, licences, unused dependencies, house rules.
//!
//! The page's crates are checked apart from the others, because one invocation of cargo for the whole workspace would
//! build the app for server and browser at once.

use std::process::Command;

use super::report::Report;
use crate::command;
use crate::repository::{Repository, WASM_TARGET};
use crate::tidy;

/// Everything that is compiled for this machine: with it the app for the server.
pub const HOST: [&str; 3] = ["--workspace", "--exclude", "octobot-frontend"];

/// Everything that is compiled for the browser.
const PAGE: [&str; 4] = ["--package", "octobot-frontend", "--package", "octobot-app"];
const PAGE_FEATURES: [&str; 4] = ["--features", "octobot-app/hydrate", "--target", WASM_TARGET];

/// Runs the checks.
pub fn run(repository: &Repository, report: &mut Report) {
    report.check("House rules", |_| tidy::check(repository));
    check(report, "Format", command::cargo(repository).args(["fmt", "--all", "--check"]));
    lints(repository, report);
    documentation(repository, report);
    let deny = ["check", "--hide-inclusion-graph", "licenses", "bans", "sources"];
    subcommand(repository, report, "Licences, bans and sources", "deny", &deny);
    subcommand(repository, report, "Unused dependencies", "machete", &[]);
}

fn lints(repository: &Repository, report: &mut Report) {
    let strict = ["--", "-D", "warnings"];
    let mut host = command::cargo(repository);
    check(report, "Lints", host.arg("clippy").args(HOST).arg("--all-targets").args(strict));
    let mut page = command::cargo(repository);
    check(report, "Lints of the page", page.arg("clippy").args(PAGE).args(PAGE_FEATURES).args(strict));
}

fn documentation(repository: &Repository, report: &mut Report) {
    let mut host = command::cargo(repository);
    host.env("RUSTDOCFLAGS", "-D warnings").args(["doc", "--no-deps"]).args(HOST);
    check(report, "Documentation", &mut host);
    let mut page = command::cargo(repository);
    page.env("RUSTDOCFLAGS", "-D warnings").args(["doc", "--no-deps"]).args(PAGE).args(PAGE_FEATURES);
    check(report, "Documentation of the page", &mut page);
}

fn check(report: &mut Report, title: &str, command: &mut Command) {
    report.check(title, |step| command::run(command, step));
}

/// A subcommand of cargo that a developer may do without.
fn subcommand(repository: &Repository, report: &mut Report, title: &str, name: &str, options: &[&str]) {
    if command::exists(&format!("cargo-{name}")) {
        check(report, title, command::cargo(repository).arg(name).args(options));
    } else {
        report.skip(title, &format!("cargo-{name} isn't installed (cargo install --locked cargo-{name})"));
    }
}
