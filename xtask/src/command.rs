//! Running other programs: quiet while they do well, with all their output when they fail.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread;

use anyhow::{Context, Result};

use crate::progress::Step;
use crate::repository::Repository;

/// How the lines begin in which cargo says what it does.
const PROGRESS: [&str; 8] =
    ["Adding", "Blocking", "Checking", "Compiling", "Documenting", "Downloaded", "Locking", "Updating"];

/// A program ended with a failure.
#[derive(Debug)]
pub struct CommandFailed {
    command: String,
    status: ExitStatus,
    output: Vec<String>,
}

impl fmt::Display for CommandFailed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.output.iter().filter(|line| !is_progress(line)) {
            writeln!(formatter, "{line}")?;
        }
        write!(formatter, "`{}` failed: {}", self.command, self.status)
    }
}

impl std::error::Error for CommandFailed {}

/// What a program that has ended left behind.
#[derive(Debug)]
pub struct Ended {
    /// Whether it reported success.
    pub success: bool,
    /// The lines of its standard output and standard error, in the order of their arrival.
    pub output: Vec<String>,
}

/// Cargo at the repository's root.
///
/// What the cargo that started this program has set for it is taken away: build scripts that watch those variables
/// would otherwise run again whenever a build is started by hand after one from here.
pub fn cargo(repository: &Repository) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(repository.root());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text == "CARGO" || text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// Runs a program within a step. Its output is shown only if it fails.
pub fn run(command: &mut Command, step: &Step) -> Result<Vec<String>> {
    let (status, output) = follow(command, |line| step.show(line))?;
    if status.success() {
        return Ok(output);
    }
    Err(CommandFailed { command: describe(command), status, output }.into())
}

/// Runs a program whose failure is a finding and not an error; every line is also handed to `line`.
pub fn observe(command: &mut Command, line: impl FnMut(&str)) -> Result<Ended> {
    let (status, output) = follow(command, line)?;
    Ok(Ended { success: status.success(), output })
}

/// The first line that a program prints, or nothing where the program is missing or fails.
pub fn first_line(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok().filter(|output| output.status.success())?;
    String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned)
}

/// Whether a program can be started here.
pub fn exists(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn follow(command: &mut Command, mut line: impl FnMut(&str)) -> Result<(ExitStatus, Vec<String>)> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{}` couldn't be started", describe(command)))?;
    let (sender, lines) = mpsc::channel();
    forward(child.stdout.take().expect("standard output is piped"), sender.clone());
    forward(child.stderr.take().expect("standard error is piped"), sender);
    let mut output = Vec::new();
    // Ends when both pipes are closed, because the threads then drop their senders.
    for text in lines {
        line(&text);
        output.push(text);
    }
    let status = child.wait().with_context(|| format!("`{}` couldn't be waited for", describe(command)))?;
    Ok((status, output))
}

fn forward(pipe: impl Read + Send + 'static, sender: Sender<String>) {
    thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut bytes = Vec::new();
        while matches!(reader.read_until(b'\n', &mut bytes), Ok(1..)) {
            let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            if sender.send(line).is_err() {
                return;
            }
            bytes.clear();
        }
    });
}

/// Cargo names every crate that it compiles; a reader of a failure looks for the errors among them.
fn is_progress(line: &str) -> bool {
    let word = line.trim_start().split(' ').next().unwrap_or_default();
    line.starts_with("  ") && PROGRESS.contains(&word)
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_carries_the_output_and_the_command() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo err >&2; exit 3"]);
        let error = crate::progress::step("a failing command", |step| run(&mut command, step)).unwrap_err().to_string();
        assert!(error.contains("out\n") && error.contains("err\n"), "{error}");
        assert!(error.contains("exit status: 3"), "{error}");
    }

    #[test]
    fn what_cargo_compiled_is_left_out_of_a_failure() {
        assert!(is_progress("   Compiling syn v2.0.119"));
        assert!(!is_progress("error: Compiling is a word"));
    }

    #[test]
    fn output_that_is_not_utf_8_is_kept_readable() {
        let mut command = Command::new("printf");
        command.arg(r"a\377b\n");
        let ended = observe(&mut command, |_| {}).unwrap();
        assert_eq!(ended.output, ["a\u{fffd}b"]);
    }
}
