//! The tests: with nextest where it is installed, else with cargo's own runner. Test runners capture what tests print,
//! so they are asked to hand everything over: a test that was skipped says so there.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use super::report::Report;
use super::tally;
use crate::command;
use crate::progress::{self, Step};
use crate::repository::Repository;
use crate::selection::{CHORES, SERVER, Selection};

/// The package of the browser tests.
const BROWSER: &str = "octobot-end2end";

/// The folder of that package's tests.
const BROWSER_TESTS: &str = "end2end/tests";

/// Sets the environment of a test run.
type Environment<'a> = dyn Fn(&mut Command) + 'a;

/// Unit and contract tests.
pub fn unit_and_contract(repository: &Repository, report: &mut Report, environment: &Environment<'_>) {
    let filter = format!("not package({BROWSER})");
    let mut server = runner(repository, SERVER, &["--filterset", &filter], &["--tests", "--exclude", BROWSER], &[]);
    environment(&mut server);
    suite(report, "Unit and contract tests", &mut server);
    let mut chores = runner(repository, CHORES, &[], &["--tests"], &[]);
    environment(&mut chores);
    suite(report, "Tests of the chores", &mut chores);
}

/// Browser tests: one at a time, because each has a browser and a server of its own.
pub fn browser(repository: &Repository, report: &mut Report, environment: &Environment<'_>) {
    let filter = format!("package({BROWSER})");
    let nextest = ["--filterset", &filter, "--test-threads", "1"];
    let tests = match browser_tests(repository) {
        Ok(tests) => tests,
        Err(error) => return report.failed("Browser tests", &error),
    };
    let cargo: Vec<&str> = tests.iter().flat_map(|test| ["--test", test]).collect();
    let mut command = runner(repository, SERVER, &nextest, &cargo, &["--test-threads", "1"]);
    environment(&mut command);
    suite(report, "Browser tests", &mut command);
}

/// The names of the browser tests, by which cargo's own runner is told to run no others.
fn browser_tests(repository: &Repository) -> Result<Vec<String>> {
    let folder = repository.path(BROWSER_TESTS);
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("{} can't be read", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    Ok(names)
}

/// Examples in documentation, which nextest doesn't run.
pub fn documentation(repository: &Repository, report: &mut Report, environment: &Environment<'_>) {
    let mut command = command::cargo(repository);
    command.args(["test", "--doc", "--no-fail-fast"]).args(SERVER.options);
    environment(&mut command);
    suite(report, "Examples in documentation", &mut command);
}

/// Nextest where it is installed, else cargo's own runner, each with options of its own.
fn runner(
    repository: &Repository,
    selection: Selection,
    nextest: &[&str],
    cargo: &[&str],
    libtest: &[&str],
) -> Command {
    let mut command = command::cargo(repository);
    if command::exists("cargo-nextest") {
        command.args(["nextest", "run", "--no-fail-fast", "--no-tests", "pass"]).args(selection.options).args(nextest);
        command.args(["--success-output", "immediate", "--failure-output", "final"]);
        command.args(["--show-progress", "none", "--color", "never"]);
    } else {
        command.args(["test", "--no-fail-fast"]).args(selection.options).args(cargo);
        command.args(["--", "--show-output"]).args(libtest);
    }
    command
}

fn suite(report: &mut Report, title: &str, command: &mut Command) {
    match progress::step(title, |step| run(step, command)) {
        Ok((tally, skips)) => report.add(title, tally, &skips),
        Err(error) => report.failed(title, &error),
    }
}

fn run(step: &mut Step, command: &mut Command) -> Result<(tally::Tally, Vec<String>)> {
    let ended = command::observe(command, |line| step.show(line))?;
    let tally = tally::read(&ended.output);
    if !ended.success {
        eprintln!("\n{}", failures(&ended.output).join("\n"));
    }
    match tally {
        Some(tally) if ended.success || tally.failed > 0 => {
            step.note(tally.to_string());
            Ok((tally, tally::skips(&ended.output)))
        }
        None if ended.success => Ok((tally::Tally::default(), Vec::new())),
        _ => Err(anyhow!("the tests didn't run to their end")).context("see above"),
    }
}

/// What a reader needs of a failed run: nextest repeats the failures behind its summary; else everything.
fn failures(output: &[String]) -> &[String] {
    let summary = output.iter().position(|line| tally::is_nextest_summary(line));
    &output[summary.unwrap_or(0)..]
}
