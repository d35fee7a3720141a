//! The real agents, pinned in `npm/package.json`, and how they are launched against the simulated model API.

use std::path::{Path, PathBuf};

use octobot_wire::launch::{AcpLaunch, Install, SystemPromptWay, Variable};
use octobot_wire::setting::ChangeSetting;
use serde_json::json;

use crate::Place;
use crate::model::Model;

/// The folder with the agents' programs, once `npm ci` was run in `end2end/npm`.
pub fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("npm/node_modules/.bin")
}

/// The folder with all that the programs are made of.
pub fn modules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("npm/node_modules")
}

/// A tool folder for sandboxes, whose `bin` has the programs. The modules have to be granted as well.
pub fn tool_folder() -> std::io::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    std::os::unix::fs::symlink(programs(), folder.path().join("bin"))?;
    Ok(folder)
}

/// Where a server runs whose sandboxes have the programs of a tool folder.
pub fn place_with(tools: &Path) -> Place {
    let folders = [tools, &modules()].map(|folder| format!("--tool-dir={}", folder.display()));
    Place { options: folders.into(), ..Place::default() }
}

/// Where a server runs whose sandboxes have the programs of a tool folder, and Claude Code the simulated model API.
pub fn claude_code_place(model: &Model, tools: &Path) -> Place {
    let mut place = place_with(tools);
    place.options.push("--agent-env=ANTHROPIC_API_KEY,ANTHROPIC_BASE_URL".to_owned());
    place.variables =
        vec![("ANTHROPIC_API_KEY", "sk-ant-simulated".to_owned()), ("ANTHROPIC_BASE_URL", model.url().to_owned())];
    place
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

/// Gemini CLI. Its own choice of a model would take more requests.
pub fn gemini_cli(model: &str) -> AcpLaunch {
    let access = [("GOOGLE_GEMINI_BASE_URL", model), ("GEMINI_API_KEY", "simulated")];
    let quiet = [("GEMINI_TELEMETRY_ENABLED", "false"), ("GEMINI_CLI_TRUST_WORKSPACE", "true")];
    AcpLaunch {
        auth_method: Some("gemini-api-key".to_owned()),
        offers_files: false,
        loads_threads: false,
        settings: vec![ChangeSetting { setting: "model".to_owned(), value: "gemini-2.5-pro".to_owned() }],
        ..launch("Gemini CLI", "gemini", &["--acp"], &[access, quiet].concat())
    }
}

/// Codex, which asks before it runs what it doesn't know.
pub fn codex(model: &str) -> AcpLaunch {
    let provider = json!({
        "name": "Simulated", "base_url": format!("{model}/v1"), "wire_api": "responses", "env_key": "OPENAI_API_KEY",
    });
    let config = json!({
        "model": "gpt-5", "model_provider": "simulated", "model_providers": { "simulated": provider },
    });
    let config = config.to_string();
    let variables = [("OPENAI_API_KEY", "simulated"), ("NO_BROWSER", "1"), ("CODEX_CONFIG", config.as_str())];
    AcpLaunch {
        auth_method: Some("api-key".to_owned()),
        settings: vec![ChangeSetting { setting: "mode".to_owned(), value: "read-only".to_owned() }],
        ..launch("Codex", "codex-acp", &[], &variables)
    }
}

/// `OpenCode`, which asks before it changes anything.
pub fn open_code(model: &str) -> AcpLaunch {
    let options = json!({ "baseURL": format!("{model}/v1"), "apiKey": "simulated" });
    let provider = json!({
        "npm": "@ai-sdk/openai-compatible", "name": "Simulated", "options": options,
        "models": { "simulated": { "name": "Simulated", "tool_call": true } },
    });
    let config = json!({
        "model": "simulated/simulated", "autoupdate": false, "share": "disabled",
        "permission": { "edit": "ask", "bash": "ask" }, "provider": { "simulated": provider },
    });
    launch("OpenCode", "opencode", &["acp"], &[("OPENCODE_CONFIG_CONTENT", &config.to_string())])
}

/// GitHub Copilot CLI with a model that isn't GitHub's, for which it needs no account.
pub fn copilot_cli(model: &str) -> AcpLaunch {
    let base = format!("{model}/v1");
    let provider = [("COPILOT_PROVIDER_BASE_URL", base.as_str()), ("COPILOT_PROVIDER_API_KEY", "simulated")];
    let quiet = [("COPILOT_MODEL", "simulated"), ("COPILOT_AUTO_UPDATE", "false")];
    launch("GitHub Copilot CLI", "copilot", &["--acp"], &[provider, quiet].concat())
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
        offers_files: true,
        loads_threads: true,
        system_prompt: String::new(),
        system_prompt_way: SystemPromptWay::Protocol,
        settings: Vec::new(),
        transcript: String::new(),
        conversation: 0,
        mcp_servers: Vec::new(),
    }
}
