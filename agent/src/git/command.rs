//! The git command, run so that nothing in the sandbox's configuration or in a repository can make it do more.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::process::Command;

use crate::environment::Environment;
use crate::git::CodeError;

/// Configuration that makes git run nothing but itself.
const CAUTION: [&str; 4] = ["core.hooksPath=/dev/null", "core.fsmonitor=false", "gc.auto=0", "safe.directory=*"];

/// Of what a failed command printed, the end is told, up to so many bytes.
const TOLD: usize = 2_000;

/// Runs git in a folder.
#[derive(Debug)]
pub struct Git {
    program: Option<String>,
    folder: PathBuf,
    path: String,
}

impl Git {
    /// Looks for git, and will run it in the folder.
    pub fn in_folder(folder: &Path, environment: &Environment) -> Self {
        Self {
            program: environment.find_program("git"),
            folder: folder.to_owned(),
            path: environment.path().to_owned(),
        }
    }

    /// Whether there is a git.
    pub fn exists(&self) -> bool {
        self.program.is_some()
    }

    /// Runs a command that must succeed.
    pub async fn run(&self, arguments: &[&str]) -> Result<(), CodeError> {
        let output = self.output(arguments).await?;
        if output.status.success() { Ok(()) } else { Err(failure(arguments, &output)) }
    }

    /// What a command prints that must succeed.
    pub async fn text(&self, arguments: &[&str]) -> Result<String, CodeError> {
        let output = self.output(arguments).await?;
        if !output.status.success() {
            return Err(failure(arguments, &output));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The object that a ref points to, if it is there.
    pub async fn find(&self, reference: &str) -> Result<Option<String>, CodeError> {
        let output = self.output(&["rev-parse", "--quiet", "--verify", reference]).await?;
        let found = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(output.status.success().then_some(found))
    }

    /// Notes in the index which files are as they stand there. Exits with 1 when some aren't, which is no failure.
    pub async fn refresh_index(&self) -> Result<(), CodeError> {
        let arguments = ["update-index", "-q", "--refresh"];
        let output = self.output(&arguments).await?;
        if matches!(output.status.code(), Some(0 | 1)) { Ok(()) } else { Err(failure(&arguments, &output)) }
    }

    async fn output(&self, arguments: &[&str]) -> Result<Output, CodeError> {
        let program = self.program.as_deref().ok_or(CodeError::NoGit)?;
        let mut command = Command::new(program);
        command
            .args(CAUTION.iter().flat_map(|setting| ["-c", setting]))
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .envs([("PATH", self.path.as_str()), ("HOME", "/nonexistent"), ("LC_ALL", "C")])
            .envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_TERMINAL_PROMPT", "0")])
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command.output().await.map_err(|source| CodeError::Files { action: "run git", source })
    }
}

fn failure(arguments: &[&str], output: &Output) -> CodeError {
    let printed = String::from_utf8_lossy(&output.stderr);
    let printed = printed.trim();
    let told = &printed[printed.ceil_char_boundary(printed.len().saturating_sub(TOLD))..];
    CodeError::Git { action: arguments.first().copied().unwrap_or_default().to_owned(), output: told.to_owned() }
}
