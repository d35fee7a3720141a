//! Installing an agent's program before its first prompt, as a tool call that is shown.

use std::time::Duration;

use octobot_wire::daemon::DaemonEventBody;
use octobot_wire::launch::AcpLaunch;
use octobot_wire::message::ToolCallStatus;
use octobot_wire::tool::ToolKind;

use crate::acp::AgentEvent;
use crate::acp::agent::{State, Task, failed};
use crate::acp::install::Installation;
use crate::call::CallEvent;
use crate::control::Mark;
use crate::turn::{CallEnd, Prompt, PromptEnd};

/// A program that is being installed for a prompt.
#[derive(Debug)]
pub(super) struct Installing {
    pub(super) installation: Installation,
    prompt: Prompt,
    is_stopped: bool,
}

impl Task {
    pub(super) async fn install(&mut self, npm: String, package: String, prompt: Prompt) {
        let mark = Mark::of_turn(prompt.turn_id);
        match Installation::start(&self.surroundings, &npm, &package, mark) {
            Ok(installation) => {
                self.tell(AgentEvent::Told(DaemonEventBody::ToolCallStarted {
                    turn_id: prompt.turn_id,
                    call: prompt.first_part,
                    title: format!("Install {}", prompt.launch.name),
                    input: installation.command.clone(),
                    kind: ToolKind::Execute,
                }))
                .await;
                self.state = State::Installing(Box::new(Installing { installation, prompt, is_stopped: false }));
            }
            Err(error) => {
                let reason = format!("{} couldn't be installed: {error}.", prompt.launch.name);
                self.fail(reason).await;
            }
        }
    }

    pub(super) async fn installing(&mut self, event: CallEvent) {
        let State::Installing(installing) = &mut self.state else { return };
        let (turn_id, call) = (installing.prompt.turn_id, installing.prompt.first_part);
        match event {
            CallEvent::Output(text) => {
                self.tell(AgentEvent::Told(DaemonEventBody::Output { turn_id, call, text })).await;
            }
            CallEvent::Ended { end, duration_ms } => {
                let State::Installing(installing) = std::mem::replace(&mut self.state, State::Idle) else { return };
                let status = installation_status(&end, installing.is_stopped, duration_ms);
                self.tell(AgentEvent::Told(DaemonEventBody::ToolCallEnded { turn_id, call, status })).await;
                self.installed(*installing, &end).await;
            }
        }
    }

    async fn installed(&mut self, installing: Installing, end: &CallEnd) {
        let Installing { installation, mut prompt, is_stopped } = installing;
        let AcpLaunch { name, install, .. } = prompt.launch.as_ref();
        let command = installation.command.clone();
        if is_stopped || *end != CallEnd::Exited(0) {
            if let Err(error) = installation.discard() {
                tracing::warn!(error = %error, "a part of an installation is left");
            }
            let reason = format!("{name} couldn't be installed: see what {command} printed. {}", install.hint);
            let end = if is_stopped { PromptEnd::Cancelled { left: 0 } } else { failed(reason.trim().to_owned()) };
            return self.end(end).await;
        }
        if let Err(error) = installation.finish() {
            return self.fail(format!("{name} was installed, but can't be put into its place: {error}.")).await;
        }
        prompt.first_part += 1;
        self.start(prompt, Some(&command)).await;
    }
}

impl Installing {
    /// Stops it. The prompt is cancelled then.
    pub(super) fn stop(&mut self, grace: Duration) {
        self.is_stopped = true;
        self.installation.call.stop(grace);
    }
}

fn installation_status(end: &CallEnd, is_stopped: bool, duration_ms: u64) -> ToolCallStatus {
    match end {
        _ if is_stopped => ToolCallStatus::Cancelled { duration_ms },
        CallEnd::Exited(exit_code) => ToolCallStatus::Exited { exit_code: *exit_code, duration_ms },
        CallEnd::Killed(signal) => ToolCallStatus::Killed { signal: *signal, duration_ms },
        CallEnd::Stopped { .. } | CallEnd::Broken(_) => ToolCallStatus::Interrupted,
    }
}
