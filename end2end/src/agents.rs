//! The real agents, pinned in `npm/package.json`, and how they are launched against the simulated model API.

use std::path::{Path, PathBuf};

use octobot_wire::launch::{AcpLaunch, Install, SystemPromptWay, Variable};
use octobot_wire::setting::ChangeSetting;

/// The folder with the agents' programs, once `npm ci` was run in `end2end/npm`.
pub fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("npm/node_modules/.bin")
}

/// What this machine lacks for a test with an agent.
pub fn missing(program: &str) -> Option<String> {
    if !crate::daemon::program().exists() {
        return Some(format!("{} isn't built", crate::daemon::program().display()));
    }
    let is_there = programs().join(program).exists();
    (!is_there).then(|| format!("{program} isn't installed (npm ci in end2end/npm)"))
}

/// Claude Code, which asks before it changes anything.
pub fn claude_code(model: &str) -> AcpLaunch {
    let quiet = [("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"), ("DISABLE_AUTOUPDATER", "1")];
    let access = [("ANTHROPIC_BASE_URL", model), ("ANTHROPIC_API_KEY", "sk-ant-simulated")];
    AcpLaunch {
        settings: vec![ChangeSetting { setting: "mode".to_owned(), value: "default".to_owned() }],
        ..launch("Claude Code", "claude-agent-acp", &[], &[quiet, access].concat())
    }
}

/// Gemini CLI.
pub fn gemini_cli(model: &str) -> AcpLaunch {
    let variables =
        [("GOOGLE_GEMINI_BASE_URL", model), ("GEMINI_API_KEY", "simulated"), ("GEMINI_CLI_TRUST_WORKSPACE", "true")];
    AcpLaunch {
        auth_method: Some("gemini-api-key".to_owned()),
        ..launch("Gemini CLI", "gemini", &["--acp"], &variables)
    }
}

/// What agents have in common.
fn launch(name: &str, program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> AcpLaunch {
    let variable = |&(name, value): &(&str, &str)| Variable { name: name.to_owned(), value: value.to_owned() };
    AcpLaunch {
        name: name.to_owned(),
        program: program.to_owned(),
        arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
        variables: variables.iter().map(variable).collect(),
        start_timeout_ms: 60_000,
        install: Install::default(),
        credential: None,
        auth_method: None,
        system_prompt: String::new(),
        system_prompt_way: SystemPromptWay::Protocol,
        settings: Vec::new(),
        transcript: String::new(),
    }
}
