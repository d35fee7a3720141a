//! `octobot-proxy`: the proxy as a program. Here belongs the command line and the order of things; what they do stands in the
//! library.

mod activation;
mod arguments;
mod run;
mod telling;

use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::Arguments;

/// The static binary's own allocator has one lock for all threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Before anything speaks TLS: with none chosen, rustls would have to guess.
    rustls::crypto::aws_lc_rs::default_provider().install_default().expect("nothing else has chosen a provider");
    let arguments = Arguments::parse();
    let telling = telling::begin(arguments.log_format);
    match run::run(arguments, telling) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "octobot-proxy ends: {error:#}");
            ExitCode::FAILURE
        }
    }
}
