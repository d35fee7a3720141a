//! `cargo xtask test`: every check and every test, to the end even if some fail, and a last line that counts them.

use std::process::{Command, ExitCode};

use crate::assets::Flavour;
use crate::build::{self, Profile};
use crate::dist::Dist;
use crate::image;
use crate::npm::Packages;
use crate::repository::Repository;
use crate::tools;

mod checks;
mod engine;
mod machine;
mod postgres;
mod report;
mod suites;
mod tally;

use engine::Engine;
use machine::Tool;
use postgres::Postgres;
use report::Report;

/// Tests read it: what they can't do here must then fail instead of being skipped.
const STRICT: &str = "OCTOBOT_TEST_STRICT";

/// Runs everything. With `strict`, what is skipped counts as failed.
pub fn run(repository: &Repository, strict: bool) -> ExitCode {
    let mut report = Report::new(strict);
    report.check("Install what the tests need", machine::install);
    // The lints and the documentation of the page are for another target than this machine.
    if let Err(error) = tools::add_targets() {
        report.failed("Add targets", &error);
    }
    checks::run(repository, &mut report);
    match build::everything(repository, Profile::Debug, Flavour::Optimised) {
        Ok(dist) => {
            report.passed();
            tests(repository, &dist, &mut report);
        }
        Err(error) => report.failed("Build", &error),
    }
    if report.finish() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tests(repository: &Repository, dist: &Dist, report: &mut Report) {
    let strict = report.is_strict();
    let postgres = postgres(report);
    let _engine = engine(repository, report);
    let environment = move |command: &mut Command| {
        command.env("OCTOBOT_DIST", dist.folder());
        command.env("OCTOBOT_AGENT", dist.folder().join("octobot-agent"));
        // Tests that start a server say so where they want another provider.
        command.env("SANDBOX_PROVIDER", "local");
        if strict {
            command.env(STRICT, "1");
        }
        if let Some(postgres) = &postgres {
            command.env("OCTOBOT_TEST_POSTGRES_URL", postgres.url());
        }
    };
    suites::unit_and_contract(repository, report, &environment);
    suites::documentation(repository, report, &environment);
    match Packages::Tests.install(repository) {
        Ok(()) => report.passed(),
        Err(error) => report.failed("Install npm packages for the tests", &error),
    }
    if Tool::Chromium.is_here() && Tool::Chromedriver.is_here() {
        suites::browser(repository, report, &environment);
    } else {
        report.skip("browser tests", "Chromium isn't installed (apt-get install chromium chromium-driver)");
    }
}

/// The tests that need an engine say themselves that they are skipped without it or its images.
fn engine(repository: &Repository, report: &mut Report) -> Option<Engine> {
    if !Tool::Docker.is_here() {
        return None;
    }
    let engine = report.check("Start a container engine", |_| Engine::get(repository))?;
    if let Err(error) = image::for_tests(repository) {
        report.failed("Build the images for tests", &error);
    }
    // The tests with real agents in containers are about this image itself.
    if let Err(error) = image::product_once(repository) {
        report.failed("Build the sandbox image", &error);
    }
    Some(engine)
}

/// The tests that need Postgres say themselves that they are skipped without it.
fn postgres(report: &mut Report) -> Option<Postgres> {
    Tool::Postgres.is_here().then(|| report.check("Start Postgres", |_| Postgres::start())).flatten()
}
