//! The checks that run no tests: format, lints, documentation, licences, unused dependencies, house rules.

use std::process::Command;

use super::report::Report;
use crate::command;
use crate::repository::Repository;
use crate::selection;
use crate::tidy;

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
    for selection in selection::ALL {
        let mut cargo = command::cargo(repository);
        cargo.arg("clippy").args(selection.options);
        // Tests run on this machine only, so those of the page's crates are looked at with the server's.
        if selection.name != selection::PAGE.name {
            cargo.arg("--all-targets");
        }
        check(report, &format!("Lints: {}", selection.name), cargo.args(["--", "-D", "warnings"]));
    }
}

fn documentation(repository: &Repository, report: &mut Report) {
    for selection in selection::ALL {
        let mut cargo = command::cargo(repository);
        cargo.env("RUSTDOCFLAGS", "-D warnings").args(["doc", "--no-deps"]).args(selection.options);
        check(report, &format!("Documentation: {}", selection.name), &mut cargo);
    }
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
