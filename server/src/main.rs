//! The server's program: reads the options, sets up logging, serves.

use std::io::{IsTerminal as _, stderr};
use std::process::ExitCode;

use clap::Parser as _;
use octobot_server::config::{Config, LogFormat, Options};
use octobot_server::{sandbox, serve};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    // A sandbox's supervisor is this same program. It must not have threads, so this comes first.
    sandbox::local::supervise_if_asked();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("octobot: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let config = Options::parse().into_config(|name| std::env::var_os(name))?;
    start_logging(&config);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve::serve(config))
}

fn start_logging(config: &Config) {
    let filter = EnvFilter::try_from_env("OCTOBOT_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    match config.log_format {
        LogFormat::Text => lines.with_ansi(stderr().is_terminal()).with_target(false).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}
