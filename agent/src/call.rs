//! Following a tool call: its output as it comes, its end, and the order to stop. Each call is a task of its own.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep_until, timeout_at};

use crate::control::Report;
use crate::output::Output;
use crate::process::{Launch, Process};
use crate::turn::CallEnd;

/// So much is read at once.
const CHUNK: usize = 32 * 1024;

/// So many events wait for the driver before the call is no longer read.
const QUEUE: usize = 8;

/// After the command has exited, this long is waited for those who still hold the pipe.
const DRAIN: Duration = Duration::from_millis(200);

/// What a tool call tells.
#[derive(Debug)]
pub enum CallEvent {
    /// It printed something.
    Output(String),
    /// It ended. Its last event.
    Ended {
        /// How.
        end: CallEnd,
        /// How long it ran.
        duration_ms: u64,
    },
}

/// A tool call that runs.
#[derive(Debug)]
pub struct Call {
    events: mpsc::Receiver<CallEvent>,
    stop: watch::Sender<Option<Duration>>,
}

impl Call {
    /// Starts it. `ended` is called when nothing of it runs any more, before the end is told.
    pub fn start(launch: Launch, ended: impl FnOnce() + Send + 'static) -> Self {
        let (sender, events) = mpsc::channel(QUEUE);
        let (stop, stops) = watch::channel(None);
        tokio::spawn(async move {
            let began = Instant::now();
            let end = follow(&launch, stops, &sender).await;
            let end = end.unwrap_or_else(|error| CallEnd::Broken(format!("The script couldn't be run: {error}.")));
            ended();
            let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            // The driver lets go of a call only when it has ended, or when the daemon ends.
            let _driver_gone = sender.send(CallEvent::Ended { end, duration_ms }).await;
        });
        Self { events, stop }
    }

    /// The next event. A call that has told its end tells nothing more.
    pub async fn next(&mut self) -> CallEvent {
        self.events.recv().await.unwrap_or_else(|| CallEvent::Ended {
            end: CallEnd::Broken("The daemon lost the script.".to_owned()),
            duration_ms: 0,
        })
    }

    /// Stops it. A later call may shorten the grace.
    pub fn stop(&self, grace: Duration) {
        self.stop.send_replace(Some(grace));
    }
}

async fn follow(
    launch: &Launch,
    mut stops: watch::Receiver<Option<Duration>>,
    events: &mpsc::Sender<CallEvent>,
) -> io::Result<CallEnd> {
    let (mut process, mut pipe) = Process::start(launch)?;
    let mut printed = Printed { output: Output::printed(), open: true, events };
    let mut chunk = vec![0; CHUNK];
    let report = loop {
        tokio::select! {
            Ok(()) = stops.changed() => {
                let grace = stops.borrow_and_update().expect("only a stop changes it");
                process.stop(grace).await;
            }
            report = process.report() => break report,
            read = pipe.read(&mut chunk), if printed.open => printed.take(&chunk[..read?]).await,
            () = sleep_until(printed.due()), if printed.output.due().is_some() => printed.flush().await,
        }
    };
    process.reap().await?;
    printed.drain(pipe, chunk).await?;
    Ok(end_of(report))
}

fn end_of(report: Option<Report>) -> CallEnd {
    match report {
        Some(Report::Exited { code }) => CallEnd::Exited(code),
        Some(Report::Killed { signal }) => CallEnd::Killed(signal),
        Some(Report::Stopped { left }) => CallEnd::Stopped { left },
        Some(Report::NotStarted { reason }) => CallEnd::Broken(format!("The shell couldn't be started: {reason}.")),
        None => CallEnd::Broken("The root process of the script was killed.".to_owned()),
    }
}

/// What a call prints, on its way to the driver.
struct Printed<'a> {
    output: Output,
    /// Whether anybody still holds the other end of the pipe.
    open: bool,
    events: &'a mpsc::Sender<CallEvent>,
}

impl Printed<'_> {
    async fn take(&mut self, bytes: &[u8]) {
        self.open = !bytes.is_empty();
        let texts = self.output.push(bytes, Instant::now());
        self.send(texts).await;
    }

    fn due(&self) -> tokio::time::Instant {
        self.output.due().unwrap_or_else(Instant::now).into()
    }

    async fn flush(&mut self) {
        let texts = self.output.flush(Instant::now());
        self.send(texts).await;
    }

    /// Takes what is still in the pipe. If somebody holds it open they go on, and what they print goes nowhere.
    async fn drain(mut self, mut pipe: pipe::Receiver, mut chunk: Vec<u8>) -> io::Result<()> {
        let until = tokio::time::Instant::now() + DRAIN;
        while self.open
            && let Ok(read) = timeout_at(until, pipe.read(&mut chunk)).await
        {
            self.take(&chunk[..read?]).await;
        }
        if self.open {
            // Closing the pipe would end a server in the background at its next line.
            tokio::spawn(async move { tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await });
        }
        let texts = std::mem::replace(&mut self.output, Output::printed()).finish(Instant::now());
        self.send(texts).await;
        Ok(())
    }

    async fn send(&self, texts: Vec<String>) {
        for text in texts {
            // See above: if the driver is gone, so is the daemon.
            let _driver_gone = self.events.send(CallEvent::Output(text)).await;
        }
    }
}
