//! Why a call of the container engine failed, and what a person can do about it.

use std::path::{Path, PathBuf};

use bollard::errors::Error;
use octobot_wire::SessionId;

use crate::sandbox::SandboxError;

/// A failed call.
#[derive(Debug, thiserror::Error)]
pub(super) enum EngineError {
    /// Nobody answers: the engine is down, hangs, or isn't for this user.
    #[error("the container engine doesn't answer at {}", socket.display())]
    Gone {
        /// Where it was looked for.
        socket: PathBuf,
        /// What was met there.
        source: Error,
    },
    /// The engine understood and says no.
    #[error("the container engine refused to {action}: {message}")]
    Refused {
        /// What it was asked for.
        action: &'static str,
        /// The status it answered with.
        status: u16,
        /// Why.
        message: String,
    },
    /// What came back isn't what the API promises.
    #[error("the container engine's answer isn't understood when it is asked to {action} ({source})")]
    Answer {
        /// What it was asked for.
        action: &'static str,
        /// What is wrong with the answer.
        source: Error,
    },
}

impl EngineError {
    /// What a failure of the client means.
    pub fn of(action: &'static str, socket: &Path, error: Error) -> Self {
        match error {
            Error::DockerResponseServerError { status_code, message } => {
                Self::Refused { action, status: status_code, message: message.trim().to_owned() }
            }
            Error::DockerStreamError { error } => Self::Refused { action, status: 200, message: error },
            Error::SocketNotFoundError(_)
            | Error::HyperLegacyError { .. }
            | Error::HyperResponseError { .. }
            | Error::IOError { .. }
            | Error::RequestTimeoutError => Self::Gone { socket: socket.to_owned(), source: error },
            source => Self::Answer { action, source },
        }
    }

    /// The failure of a provider that this is.
    pub fn about(self, session: SessionId) -> SandboxError {
        match self {
            Self::Gone { socket, source } => SandboxError::EngineGone { socket, source: source.into() },
            Self::Refused { action, message, .. } => {
                let (reason, remedy) = diagnose(&message);
                let reason = format!("{reason} (the container engine refused to {action}: {message})");
                SandboxError::Setup { session, reason, remedy }
            }
            answer @ Self::Answer { .. } => SandboxError::Engine { source: answer.into() },
        }
    }

    /// The failure of a provider that this is, where no session is concerned.
    pub fn about_all(self) -> SandboxError {
        match self {
            Self::Gone { socket, source } => SandboxError::EngineGone { socket, source: source.into() },
            other => SandboxError::Engine { source: other.into() },
        }
    }
}

/// What an engine means by its refusal, and what mends it. Engines have no codes for it, but their words are stable.
fn diagnose(message: &str) -> (&'static str, String) {
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["no space left"]) {
        return ("the disk is full", "Free some space, with `docker system prune` for instance".to_owned());
    }
    if says(&["octobot-agent"]) && says(&["exec", "permission denied", "no such file", "not a directory"]) {
        let remedy = "Check that octobot-agent is the static build for the engine's kind of processor, that its mode is \
                      755, and that the engine sees the server's folders at their paths";
        return ("the agent can't be executed inside", remedy.to_owned());
    }
    if says(&["bind source path does not exist", "no such file or directory", "not a directory"]) {
        let remedy = "The engine has to run on this machine and see the server's folders at their paths";
        return ("the engine doesn't find a folder of the server", remedy.to_owned());
    }
    if says(&["cgroup", "NanoCPUs", "cpus", "memory limit", "Minimum memory"]) {
        let remedy = "Lower the limits: see --sandbox-pids, --sandbox-memory-mib and --sandbox-cpu-millis";
        return ("the engine can't set the limits", remedy.to_owned());
    }
    ("the engine can't do it", "See the engine's own log, with `journalctl -u docker` for instance".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status_code: u16, message: &str) -> EngineError {
        let error = Error::DockerResponseServerError { status_code, message: message.to_owned() };
        EngineError::of("start a container", Path::new("/run/engine.sock"), error)
    }

    #[test]
    fn each_known_refusal_has_its_own_remedy() {
        let remedy = |message: &str| refused(500, message).about(SessionId::new(uuid::Uuid::nil())).to_string();
        assert!(remedy("write /var/lib/docker/x: no space left on device").contains("docker system prune"));
        assert!(remedy("exec: \"/.octobot/octobot-agent\": permission denied").contains("static build"));
        assert!(remedy("invalid mount config: bind source path does not exist: /x").contains("on this machine"));
        assert!(
            remedy("Range of CPUs is from 0.01 to 2.00, as there are only 2 cpus").contains("--sandbox-cpu-millis")
        );
        assert!(remedy("something new").contains("something new"), "what the engine says isn't kept back");
    }

    #[test]
    fn an_engine_that_doesnt_answer_is_told_from_one_that_refuses() {
        let gone = Error::SocketNotFoundError("/run/engine.sock".to_owned());
        let gone = EngineError::of("start a container", Path::new("/run/engine.sock"), gone).about_all();
        assert!(matches!(&gone, SandboxError::EngineGone { .. }), "{gone}");
        assert!(gone.to_string().contains("/run/engine.sock") && gone.to_string().contains("systemctl start docker"));
        assert!(matches!(refused(500, "x").about_all(), SandboxError::Engine { .. }));
    }
}
