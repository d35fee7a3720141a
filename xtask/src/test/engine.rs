//! A container engine for one run of the tests: the one that answers, or one that is started here and ends with the run.

use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::image;
use crate::repository::Repository;

/// How long an engine may take to answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often it is asked: it has no other way to say that it is ready.
const EVERY: Duration = Duration::from_millis(200);

/// An engine that answers.
#[derive(Debug)]
pub struct Engine {
    /// The one that was started here.
    started: Option<Child>,
}

impl Engine {
    /// Takes the engine that answers, or starts one.
    pub fn get(repository: &Repository) -> Result<Self> {
        if image::engine_answers() {
            return Ok(Self { started: None });
        }
        let log = repository.target("octobot/dockerd.log");
        let file = File::create(&log).with_context(|| format!("{} can't be written", log.display()))?;
        let mut dockerd = Command::new("dockerd")
            .stdin(Stdio::null())
            .stdout(file.try_clone().context("a file can't be opened twice")?)
            .stderr(file)
            .spawn()
            .context("dockerd couldn't be started")?;
        let deadline = Instant::now() + PATIENCE;
        while !image::engine_answers() {
            if let Some(status) = dockerd.try_wait().context("dockerd can't be waited for")? {
                bail!("dockerd ended with {status}: see {}", log.display());
            }
            if Instant::now() >= deadline {
                break;
            }
            thread::sleep(EVERY);
        }
        let engine = Self { started: Some(dockerd) };
        if image::engine_answers() { Ok(engine) } else { bail!("dockerd doesn't answer: see {}", log.display()) }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(dockerd) = &mut self.started {
            // If it can't be told or waited for, it has ended already.
            let _ = kill_process(Pid::from_child(dockerd), Signal::TERM);
            let _ = dockerd.wait();
        }
    }
}
