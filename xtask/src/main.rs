//! Every chore of this repository, as `cargo xtask …`.
//!
//! Here belong the command line and nothing else; each chore has a module of its own. Chores may use `anyhow`: their
//! errors are read by the person who typed the command.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

mod assets;
mod bench;
mod build;
mod command;
mod dev;
mod dist;
mod folder;
mod fuzz;
mod image;
mod npm;
mod progress;
mod repository;
mod selection;
mod stamp;
mod test;
mod tidy;
mod tools;
mod up;

use build::Profile;
use repository::Repository;

/// The chores of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Prepares this machine, builds everything and starts the server.
    Up(Up),
    /// Builds one folder with everything that a server needs.
    Build(Build),
    /// Checks and tests everything; ends with `N passed, N failed, N skipped`.
    Test(Test),
    /// Builds the image that sandboxes of the provider `docker` are made of.
    Image(Image),
    /// Checks the rules of this repository that no other tool knows.
    Tidy,
    /// Measures the built server, the proxy or work with the code; each figure is a ratio, or has a limit.
    Bench(Bench),
    /// Fuzzes the proxy's readers of what comes from outside.
    Fuzz(Fuzz),
}

#[derive(Debug, Args)]
struct Up {
    /// Watch the sources, rebuild what changed, restart the server and reload the browser.
    #[arg(long, conflicts_with = "release")]
    dev: bool,
    /// Build the server with optimisations.
    #[arg(long)]
    release: bool,
    /// Options for the server.
    #[arg(last = true)]
    server: Vec<std::ffi::OsString>,
}

#[derive(Debug, Args)]
struct Build {
    /// Build with optimisations, as for a real server.
    #[arg(long)]
    release: bool,
}

#[derive(Debug, Args)]
struct Image {
    /// Build the small images that tests use instead.
    #[arg(long)]
    test: bool,
}

#[derive(Debug, Args)]
struct Bench {
    /// What to measure.
    #[arg(default_value = "server")]
    what: bench::What,
}

#[derive(Debug, Args)]
struct Fuzz {
    /// For how many seconds each target runs.
    #[arg(default_value_t = fuzz::USUAL.as_secs())]
    seconds: u64,
}

#[derive(Debug, Args)]
struct Test {
    /// Treat everything that is skipped as a failure.
    #[arg(long)]
    strict: bool,
}

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        // Whoever typed the command is helped by what went wrong, not by where in this program it was noticed.
        eprintln!("{error:#}");
        ExitCode::FAILURE
    })
}

fn run() -> Result<ExitCode> {
    let repository = Repository::find()?;
    match Cli::parse().chore {
        Chore::Up(up) if up.dev => dev::run(&repository, &up.server)?,
        Chore::Up(up) => up::run(&repository, Profile::of(up.release), &up.server)?,
        Chore::Build(build) => build::run(&repository, Profile::of(build.release))?,
        // Its last line is the count, so its failure is told by the exit status alone.
        Chore::Test(test) => return Ok(test::run(&repository, test.strict)),
        Chore::Image(image) if image.test => image::for_tests(&repository)?,
        Chore::Image(_) => image::product(&repository)?,
        Chore::Tidy => tidy::run(&repository)?,
        Chore::Bench(bench) => bench::run(&repository, bench.what)?,
        Chore::Fuzz(fuzz) => fuzz::run(&repository, Duration::from_secs(fuzz.seconds))?,
    }
    Ok(ExitCode::SUCCESS)
}
