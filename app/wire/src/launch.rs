//! How an agent is launched: everything that differs between agent types, as data that travels with each turn.
//!
//! The server knows agent types by name and makes these from them; the agent daemon knows none.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::setting::ChangeSetting;

/// What runs a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Launch {
    /// The sandbox's shell; the prompt is a script.
    Shell,
    /// A program that speaks the Agent Client Protocol. It is kept running between the turns of a session.
    Acp(Box<AcpLaunch>),
}

/// A program that speaks the Agent Client Protocol on its standard input and output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AcpLaunch {
    /// What it is called in messages to the user, for instance `Claude Code`.
    pub name: String,
    /// The program: a path, or a name that is looked for in the search path and among what was installed.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables beside those that every process of the sandbox has. A change restarts the program before the turn.
    pub variables: Vec<Variable>,
    /// How long it may take to answer the first request.
    pub start_timeout_ms: u64,
    /// Where the program comes from when the sandbox doesn't have it.
    pub install: Install,
    /// What the user has to set up when the program asks for authentication, for instance `ANTHROPIC_API_KEY`.
    pub credential: Option<String>,
    /// The authentication method to ask for before a thread is opened; none when the variables are enough.
    pub auth_method: Option<String>,
    /// Whether the program is offered to read and write files of the workspace through the daemon. It can do so itself;
    /// Gemini CLI takes the daemon's word that a file isn't there for a failure.
    pub offers_files: bool,
    /// Whether the program is asked to load the thread that it had when it last ran. Where it isn't, or can't, a new thread
    /// is given the transcript.
    pub loads_threads: bool,
    /// What the agent is told before anything else; empty for nothing.
    pub system_prompt: String,
    /// How it is told.
    pub system_prompt_way: SystemPromptWay,
    /// What the user chose for this session: mode, model and whatever else the agent offers. Applied before the prompt.
    pub settings: Vec<ChangeSetting>,
    /// What was said so far, as Markdown, for an agent whose thread can't be loaded again; empty in a first turn.
    pub transcript: String,
    /// Which of the session's conversations the turn belongs to: rewinding begins another one, and undoing that goes back. Each has a
    /// thread of its own.
    #[serde(default)]
    pub conversation: u32,
    /// The MCP servers that it is told of. A change restarts the program before the turn.
    #[serde(default)]
    pub mcp_servers: Vec<McpServer>,
}

/// An MCP server that an agent's program may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct McpServer {
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub transport: McpTransport,
}

/// How an MCP server is reached, with the values that it is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum McpTransport {
    /// A program that the agent runs.
    Stdio {
        /// The program and its arguments.
        command: Vec<String>,
        /// Variables of its environment.
        variables: Vec<Variable>,
    },
    /// A server that is reached over HTTP.
    Http {
        /// Its address.
        url: String,
        /// Headers of every request.
        headers: Vec<Variable>,
    },
}

/// A variable of a program's environment, or a header. Its value may be a secret, so it isn't printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl AcpLaunch {
    /// Whether a program that was launched so can go on for a turn that is launched as `other`. Settings and the
    /// transcript are told to a running program.
    pub fn fits(&self, other: &Self) -> bool {
        let Self {
            program,
            arguments,
            variables,
            auth_method,
            system_prompt,
            system_prompt_way,
            conversation,
            mcp_servers,
            ..
        } = self;
        program == &other.program
            && arguments == &other.arguments
            && variables == &other.variables
            && auth_method == &other.auth_method
            && system_prompt == &other.system_prompt
            && system_prompt_way == &other.system_prompt_way
            && conversation == &other.conversation
            && mcp_servers == &other.mcp_servers
    }
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=…", self.name)
    }
}

/// Where a program comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Install {
    /// The npm package with its exact version, for instance `@google/gemini-cli@1.2.3`. It is installed into the
    /// project's cache when the sandbox has npm.
    pub npm_package: Option<String>,
    /// A sentence that says how a person installs it, for when the daemon can't.
    pub hint: String,
}

/// How an agent is given its system prompt.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "way", rename_all = "camelCase")]
pub enum SystemPromptWay {
    /// By the protocol where the agent says that it can; else in front of the first prompt of a thread.
    #[default]
    Protocol,
    /// By a file that a variable names.
    File {
        /// The variable.
        variable: String,
    },
}
