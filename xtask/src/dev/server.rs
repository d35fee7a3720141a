//! The server as a child, started again after each build.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use crate::dist::Dist;

/// How the line begins with which the server says that it is ready.
const READY: &str = "Octobot listens on ";

/// A server that runs, or has ended by itself.
#[derive(Debug)]
pub struct Server(Child);

impl Server {
    /// Starts the server, and waits until it listens or has ended.
    pub fn start(dist: &Dist, options: &[OsString], reload: &str) -> Result<Self> {
        let mut child = Command::new(dist.server())
            .args(options)
            .env("OCTOBOT_DEV_RELOAD", reload)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} couldn't be started", dist.server().display()))?;
        let output = child.stdout.take().expect("standard output is piped");
        let (ready, listens) = mpsc::channel();
        thread::spawn(move || pass_on(output, &ready));
        if listens.recv().is_err() {
            eprintln!("The server has ended; it is started again after the next change.");
        }
        Ok(Self(child))
    }

    /// Asks the server to end, and waits until it has.
    pub fn stop(&mut self) -> Result<()> {
        if self.0.try_wait()?.is_none() {
            kill_process(Pid::from_child(&self.0), Signal::TERM).context("the server couldn't be stopped")?;
            self.0.wait()?;
        }
        Ok(())
    }
}

/// Prints what the server prints, and drops `ready` at its end.
fn pass_on(output: ChildStdout, ready: &Sender<()>) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        println!("{line}");
        if line.starts_with(READY) {
            // Nobody waits any more for a second such line.
            let _ = ready.send(());
        }
    }
}
