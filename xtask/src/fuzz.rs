//! `cargo xtask fuzz [seconds]`: gives the proxy's readers of foreign bytes whatever the fuzzer thinks of, each for a stated time.
//! What it finds worth keeping stands in `target/fuzz`; what is to be kept for good belongs into `proxy/fuzz/corpus`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::command;
use crate::progress;
use crate::repository::Repository;

/// How long each target runs unless said otherwise.
pub const USUAL: Duration = Duration::from_mins(1);

/// What makes the compiler count which parts of a program have run, as libFuzzer wants it; and arithmetic that goes wrong is found.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
                     -Cdebug-assertions=yes -Coverflow-checks=yes -Ccodegen-units=1";

/// The longest input in bytes.
const LONGEST: usize = 4096;

/// Builds the targets and runs each; fails if one finds something.
pub fn run(repository: &Repository, time: Duration) -> Result<()> {
    let fuzzer = build(repository)?;
    let corpus = repository.path("proxy/fuzz/corpus");
    let mut targets: Vec<_> =
        fs::read_dir(&corpus)?.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<_, _>>()?;
    targets.sort();
    for target in targets {
        let name = target.to_string_lossy();
        progress::step(&format!("Fuzz {name}"), |step| {
            let found = repository.target(format!("fuzz/found/{name}"));
            fs::create_dir_all(&found)?;
            let mut fuzz = Command::new(&fuzzer);
            fuzz.env("OCTOBOT_FUZZ_TARGET", &target).arg(format!("-max_total_time={}", time.as_secs()));
            fuzz.args([format!("-max_len={LONGEST}"), "-timeout=10".to_owned(), "-print_final_stats=1".to_owned()]);
            fuzz.arg(format!("-artifact_prefix={}/failure-", repository.target("fuzz").display()));
            let output = command::run(fuzz.arg(found).arg(corpus.join(&target)), step)?;
            let runs = output.iter().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
            step.note(format!("{} inputs", runs.unwrap_or_default().trim()));
            Ok(())
        })?;
    }
    Ok(())
}

fn build(repository: &Repository) -> Result<std::path::PathBuf> {
    let target = repository.target("fuzz");
    let host = host()?;
    let folder = repository.path("proxy/fuzz");
    // The same versions as everywhere; what only the fuzzer needs, cargo adds.
    fs::copy(repository.path("Cargo.lock"), folder.join("Cargo.lock"))?;
    progress::step("Build the fuzzer", |step| {
        let mut cargo = command::cargo(repository);
        cargo.current_dir(&folder).env("RUSTFLAGS", FLAGS).env("CARGO_TARGET_DIR", &target);
        // With a target, build scripts are built without the flags.
        command::run(cargo.args(["build", "--release", "--target", &host]), step)
    })?;
    let fuzzer = Path::new(&host).join("release/fuzz");
    Ok(target.join(fuzzer))
}

/// This machine, as the compiler calls it.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("rustc couldn't be started")?;
    ensure!(output.status.success(), "rustc doesn't say what it is");
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc doesn't say where it runs")?.to_owned())
}
