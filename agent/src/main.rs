//! `octobot-agent`: process 1 of a sandbox, and the agent daemon that runs turns in it.
//!
//! One static binary with three commands. `init` is process 1 and only starts, watches and reaps; `daemon` serves the
//! API of [`octobot_wire::daemon`]; `run` is the root process of one tool call, of an agent or of a terminal's shell. Here belongs the command
//! line; what the commands do stands in the modules.

mod acp;
mod api;
mod arguments;
mod beneath;
mod call;
mod clock;
mod control;
mod daemon;
mod descendants;
mod driver;
mod enclosures;
mod environment;
mod files;
mod finding;
mod git;
mod init;
mod log;
mod output;
mod process;
mod run;
mod shell;
mod stragglers;
mod terminal;
mod turn;

use std::io::stderr;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::arguments::{Arguments, Command};

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(stderr).init();
    let outcome = match Arguments::parse().command {
        Command::Init(arguments) => init::run(&arguments).context("process 1 can't go on"),
        Command::Daemon(arguments) => daemon::run(arguments).map(|()| ExitCode::SUCCESS),
        Command::Run(arguments) => run::run(&arguments).context("the tool call can't be run"),
    };
    outcome.unwrap_or_else(|error| {
        tracing::error!(error = format!("{error:#}"), "octobot-agent ends");
        ExitCode::FAILURE
    })
}
