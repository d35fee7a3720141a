//! The shell agent type: each prompt is a script that the sandbox's shell runs, and the shell's state is kept between.
//!
//! Here belongs what a script is run with: program, environment, state. How it is run and followed stands in `call`.

mod script;
mod state;

use std::io;
use std::path::{Path, PathBuf};

use octobot_wire::TurnId;

use crate::call::Call;
use crate::control::Mark;
use crate::environment::Environment;
use crate::process::Launch;
use crate::shell::script::{Files, Kind};

/// Tells a script in which folder the files are that go with its prompt.
const ATTACHMENTS_VARIABLE: &str = "OCTOBOT_ATTACHMENTS";

/// The sandbox's shell.
#[derive(Debug)]
pub struct Shell {
    kind: Kind,
    program: String,
    environment: Environment,
    files: Files,
    workspace: PathBuf,
}

/// Why there is no shell.
#[derive(Debug, thiserror::Error)]
pub enum ShellError {
    /// None of the known shells is in the search path.
    #[error("the sandbox has neither bash nor sh in {path}")]
    Missing {
        /// The search path.
        path: String,
    },
    /// Its files can't be written.
    #[error("the shell's files can't be written")]
    Files(#[source] io::Error),
}

impl Shell {
    /// Finds the shell and makes its folder. `environment` becomes that of every script.
    pub fn find(mut environment: Environment, folder: &str, workspace: PathBuf) -> Result<Self, ShellError> {
        let found = [Kind::Bash, Kind::Posix]
            .into_iter()
            .find_map(|kind| Some((kind, environment.find_program(kind.program())?)));
        let (kind, program) = found.ok_or_else(|| ShellError::Missing { path: environment.path().to_owned() })?;
        environment.set("SHELL", &program);
        let files = Files::in_folder(folder, kind);
        state::prepare(&files, kind, &environment).map_err(ShellError::Files)?;
        Ok(Self { kind, program, environment, files, workspace })
    }

    /// Where the shell's program is.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Starts a script as a tool call of a turn. `attachments` is the folder with the files that go with it.
    pub fn start(&self, turn_id: TurnId, script: &str, attachments: Option<&Path>) -> Result<Call, ShellError> {
        state::write_script(&self.files, script).map_err(ShellError::Files)?;
        let mut environment = self.environment.clone();
        if let Some(folder) = attachments.and_then(Path::to_str) {
            environment.set(ATTACHMENTS_VARIABLE, folder);
        }
        let launch = Launch {
            mark: Mark::of_turn(turn_id),
            command: self.kind.command(&self.program, &self.files),
            environment,
            folder: self.workspace.clone(),
        };
        let files = self.files.clone();
        Ok(Call::start(launch, move || {
            if let Err(error) = state::take_over(&files) {
                tracing::warn!(turn.id = %turn_id, error = %error, "the shell's state isn't kept");
            }
        }))
    }
}
