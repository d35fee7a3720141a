//! Who plays "create hello.txt and run the tests": the agents as a project configures them, how a model drives each, and where
//! their sandboxes are. The tests through the browser and those through the REST API play the same piece.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::engine::{Engine, PRODUCT};
use crate::model::{Block, Model, Scenario, Step};
use crate::server::Place;
use crate::{Stage, agents, api, play_at, play_in};

/// What every agent is asked to do.
pub const PROMPT: &str = "create hello.txt and run the tests";

/// An agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Claude Code, which asks before it changes anything.
    ClaudeCode,
    /// Gemini CLI. Its own choice of a model would take more requests.
    GeminiCli,
    /// Codex, which asks before it runs what it doesn't know.
    Codex,
    /// `OpenCode`, which asks before it changes anything.
    OpenCode,
}

/// How a model drives an agent.
#[derive(Debug)]
pub struct Part {
    /// The agent's configuration.
    pub agent: Value,
    /// What the server's environment has for it.
    variables: Vec<(&'static str, String)>,
    /// The tool that writes the file, with its input, and the one that runs the tests.
    tools: [(&'static str, Value); 2],
    /// Whether it tells what a command printed. Gemini CLI tells only the model.
    pub shows_output: bool,
    /// Whether it loads its thread when it is started again. Gemini CLI is given the transcript instead.
    pub keeps_its_thread: bool,
}

/// Where an agent's sandbox is.
#[derive(Debug)]
pub enum Scene {
    /// In a container of this machine's engine, of the image that has the agents.
    Container(Engine),
    /// On this machine, with the programs of a tool folder.
    Local(TempDir),
}

impl Role {
    /// The program that a sandbox has to have.
    fn program(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-agent-acp",
            Self::GeminiCli => "gemini",
            Self::Codex => "codex-acp",
            Self::OpenCode => "opencode",
        }
    }

    /// The part of this agent with a model at an address.
    pub fn part(self, model: &str) -> Part {
        match self {
            Self::ClaudeCode => claude_code(model),
            Self::GeminiCli => gemini_cli(model),
            Self::Codex => codex(model),
            Self::OpenCode => open_code(model),
        }
    }
}

impl Part {
    /// Has the model drive the agent through the piece.
    pub fn rehearsed(&self, model: &Model) {
        let step = |(tool, input): &(&str, Value)| Step::tool(tool, input.clone());
        let [write, test] = self.tools.each_ref().map(step);
        let end = Step::default().and(Block::Text("All tests **pass**:\n\n```\npassed\n```".to_owned()));
        model.play(Scenario::cued(PROMPT).step(write).step(test).step(end));
    }
}

fn claude_code(model: &str) -> Part {
    Part {
        agent: json!({ "name": "Claude", "agentType": "claudeCode", "options": { "mode": "default" } }),
        variables: variables([("ANTHROPIC_API_KEY", "sk-ant-simulated"), ("ANTHROPIC_BASE_URL", model)]),
        tools: [
            ("Write", json!({ "file_path": "/home/octobot/workspace/hello.txt", "content": "Hello\n" })),
            ("Bash", json!({ "command": "sh tests.sh", "description": "Run the tests" })),
        ],
        shows_output: true,
        keeps_its_thread: true,
    }
}

fn gemini_cli(model: &str) -> Part {
    Part {
        agent: json!({ "name": "Gemini", "agentType": "geminiCli", "options": { "model": "gemini-2.5-pro" } }),
        variables: variables([
            ("GEMINI_API_KEY", "simulated"),
            ("GOOGLE_GEMINI_BASE_URL", model),
            ("GEMINI_TELEMETRY_ENABLED", "false"),
        ]),
        tools: [
            ("write_file", json!({ "file_path": "/home/octobot/workspace/hello.txt", "content": "Hello\n" })),
            ("run_shell_command", json!({ "command": "sh tests.sh", "description": "Run the tests" })),
        ],
        shows_output: false,
        keeps_its_thread: false,
    }
}

fn codex(model: &str) -> Part {
    let run = |command: &str| {
        let why = "May I run this?";
        json!({ "cmd": command, "sandbox_permissions": "require_escalated", "justification": why })
    };
    let provider = json!({
        "name": "Simulated", "base_url": format!("{model}/v1"), "wire_api": "responses", "env_key": "OPENAI_API_KEY",
    });
    let config = json!({
        "model": "gpt-5", "model_provider": "simulated", "model_providers": { "simulated": provider },
    });
    Part {
        agent: json!({ "name": "Codex", "agentType": "codex", "options": { "mode": "read-only" } }),
        variables: variables([("OPENAI_API_KEY", "simulated"), ("CODEX_CONFIG", &config.to_string())]),
        tools: [("exec_command", run("printf 'Hello\\n' > hello.txt")), ("exec_command", run("sh tests.sh"))],
        shows_output: true,
        keeps_its_thread: true,
    }
}

fn open_code(model: &str) -> Part {
    let variables = agents::open_code(model).variables;
    Part {
        agent: json!({ "name": "OpenCode", "agentType": "openCode" }),
        variables: variables.into_iter().map(|variable| ("OPENCODE_CONFIG_CONTENT", variable.value)).collect(),
        tools: [
            ("write", json!({ "filePath": "/home/octobot/workspace/hello.txt", "content": "Hello\n" })),
            ("bash", json!({ "command": "sh tests.sh", "description": "Run the tests" })),
        ],
        shows_output: true,
        keeps_its_thread: true,
    }
}

fn variables<const N: usize>(variables: [(&'static str, &str); N]) -> Vec<(&'static str, String)> {
    variables.map(|(name, value)| (name, value.to_owned())).into()
}

/// Puts the workspace with its test into a folder: it passes when the file is there.
pub async fn set_up(folder: &Path) -> Result<()> {
    std::fs::write(folder.join("tests.sh"), "grep -q Hello hello.txt && echo passed\n")?;
    api::make_repository(folder).await
}

impl Scene {
    /// In containers of this machine's engine.
    pub fn container() -> Self {
        Self::Container(Engine::of_machine())
    }

    /// On this machine.
    pub fn local() -> Result<Self> {
        Ok(Self::Local(agents::tool_folder()?))
    }

    /// What this machine lacks for an agent to be here.
    pub fn lacks(&self, role: Role) -> Option<String> {
        match self {
            Self::Container(engine) => engine.lacks(PRODUCT),
            Self::Local(_) => agents::missing(role.program()),
        }
    }

    /// Plays a part before a browser, and leaves nothing of its sandboxes.
    pub async fn stage(&self, part: &Part, name: &str, test: impl AsyncFnOnce(&mut Stage) -> Result<()>) {
        self.stage_at(self.place_of(part), name, test).await;
    }

    /// Does the same with a server in a place.
    pub async fn stage_at(&self, place: Place, name: &str, test: impl AsyncFnOnce(&mut Stage) -> Result<()>) {
        match self {
            Self::Container(engine) => play_in(engine, place, name, test).await,
            Self::Local(_) => play_at(place, name, test).await,
        }
    }

    /// The folder with a session's data, unless that is among the server's.
    pub fn data(&self, session: &str) -> Result<Option<PathBuf>> {
        match self {
            Self::Container(engine) => engine.data(session).map(Some),
            Self::Local(_) => Ok(None),
        }
    }

    /// Where a server runs whose sandboxes have the agents' programs.
    pub fn place(&self) -> Place {
        match self {
            Self::Container(engine) => engine.place(PRODUCT),
            Self::Local(tools) => agents::place_with(tools.path()),
        }
    }

    /// Where a server runs whose sandboxes have what a part needs.
    pub fn place_of(&self, part: &Part) -> Place {
        let mut place = self.place();
        let names: Vec<_> = part.variables.iter().map(|(name, _)| *name).collect();
        place.options.push(format!("--agent-env={}", names.join(",")));
        place.variables.extend(part.variables.iter().cloned());
        place
    }
}
