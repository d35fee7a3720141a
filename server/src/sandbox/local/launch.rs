//! The server's side of a supervisor: executing it, giving it an order, taking its report.

use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::SUPERVISOR_COMMAND;
use super::protocol::{Order, Report};
use crate::sandbox::SandboxError;

/// Executes a supervisor and waits for its report. It goes on by itself afterwards.
pub(super) async fn order(supervisor: &Path, order: &Order) -> Result<Report, SandboxError> {
    let report = async {
        let mut child = Command::new(supervisor)
            .arg(SUPERVISOR_COMMAND)
            // Nobody reads it but a person who looks at the list of processes.
            .arg(order.session().to_string())
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It goes to the sandbox's log as soon as the supervisor has that.
            .stderr(Stdio::inherit())
            .spawn()?;
        let mut stdin = child.stdin.take().expect("standard input is piped");
        let mut stdout = child.stdout.take().expect("standard output is piped");
        // Whoever reaps it doesn't matter, but somebody has to: this task while the server lives, then process 1.
        tokio::spawn(async move { child.wait().await });
        stdin.write_all(&serde_json::to_vec(order)?).await?;
        drop(stdin);
        let mut report = Vec::new();
        stdout.read_to_end(&mut report).await?;
        if report.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ended without a report"));
        }
        Ok(serde_json::from_slice(&report)?)
    };
    report.await.map_err(|source| SandboxError::Supervisor { path: supervisor.to_owned(), source })
}
