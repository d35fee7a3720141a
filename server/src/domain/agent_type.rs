//! Agent types: how each agent's program is found, installed and launched. Data, one entry for each type; the agent
//! daemon knows none of them.

use octobot_wire::agent::{AgentType, AgentTypeId};
use octobot_wire::launch::{AcpLaunch, Install, Launch, McpServer, SystemPromptWay, Variable};
use octobot_wire::setting::ChangeSetting;

use super::Agent;

/// How long a program may take to answer its first request. Node has to read some hundred files for it, maybe from a
/// cold disk.
const START_TIMEOUT_MS: u64 = 60_000;

/// A type, and how its program is launched.
struct Recipe {
    id: AgentTypeId,
    name: &'static str,
    description: &'static str,
    /// The program with its arguments; none for the sandbox's shell and for what the user names.
    command: &'static [&'static str],
    /// Where the program comes from: an npm package with its exact version.
    npm_package: Option<&'static str>,
    /// Variables that it is always given.
    variables: &'static [(&'static str, &'static str)],
    /// The variable that it has to have a key in.
    credential: Option<&'static str>,
    /// How it authenticates where variables alone don't do: with the first method whose variable it is given.
    auth_methods: &'static [(&'static str, &'static str)],
    /// See [`AcpLaunch::offers_files`].
    offers_files: bool,
    /// See [`AcpLaunch::loads_threads`].
    loads_threads: bool,
}

/// All types, in the order in which they are offered.
const RECIPES: [Recipe; 8] = [
    Recipe {
        id: AgentTypeId::ClaudeCode,
        name: "Claude Code",
        description: "Anthropic's coding agent. It needs the key ANTHROPIC_API_KEY.",
        command: &["claude-agent-acp"],
        npm_package: Some("@agentclientprotocol/claude-agent-acp@0.101.0"),
        variables: &[("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"), ("DISABLE_AUTOUPDATER", "1")],
        credential: Some("ANTHROPIC_API_KEY"),
        auth_methods: &[],
        offers_files: true,
        loads_threads: true,
    },
    Recipe {
        id: AgentTypeId::GeminiCli,
        name: "Gemini CLI",
        description: "Google's coding agent. It needs the key GEMINI_API_KEY.",
        command: &["gemini", "--acp"],
        npm_package: Some("@google/gemini-cli@0.61.0"),
        // The sandbox is the boundary; the question whether to trust its only folder has no place to be asked.
        variables: &[("GEMINI_CLI_TRUST_WORKSPACE", "true")],
        credential: Some("GEMINI_API_KEY"),
        auth_methods: &[("GEMINI_API_KEY", "gemini-api-key")],
        offers_files: false,
        // It would say that it can. But it has lost a thread when it loads it within a minute of its beginning, and at every
        // second start; and it repeats what was said before only after it has answered, where it can't be told from news.
        loads_threads: false,
    },
    Recipe {
        id: AgentTypeId::Codex,
        name: "Codex",
        description: "OpenAI's coding agent. It needs the key OPENAI_API_KEY.",
        command: &["codex-acp"],
        npm_package: Some("@agentclientprotocol/codex-acp@2.6.0"),
        variables: &[("NO_BROWSER", "1")],
        credential: Some("OPENAI_API_KEY"),
        auth_methods: &[("CODEX_API_KEY", "api-key"), ("OPENAI_API_KEY", "api-key")],
        offers_files: true,
        loads_threads: true,
    },
    Recipe {
        id: AgentTypeId::OpenCode,
        name: "OpenCode",
        description: "An open coding agent for many models. It needs the key of the model's provider.",
        command: &["opencode", "acp"],
        npm_package: Some("opencode-ai@1.18.33"),
        variables: &[("OPENCODE_DISABLE_AUTOUPDATE", "true")],
        credential: None,
        auth_methods: &[],
        offers_files: true,
        loads_threads: true,
    },
    Recipe {
        id: AgentTypeId::CopilotCli,
        name: "GitHub Copilot CLI",
        description: "GitHub's coding agent. It needs a token with Copilot's rights in COPILOT_GITHUB_TOKEN.",
        command: &["copilot", "--acp"],
        npm_package: Some("@github/copilot@1.0.102"),
        variables: &[("COPILOT_AUTO_UPDATE", "false")],
        credential: Some("COPILOT_GITHUB_TOKEN"),
        auth_methods: &[],
        offers_files: true,
        loads_threads: true,
    },
    Recipe {
        id: AgentTypeId::Goose,
        name: "Goose",
        description: "An open coding agent for many models. It needs GOOSE_PROVIDER, GOOSE_MODEL and the provider's key.",
        command: &["goose", "acp"],
        npm_package: None,
        variables: &[("GOOSE_DISABLE_KEYRING", "1")],
        credential: None,
        auth_methods: &[],
        offers_files: true,
        loads_threads: true,
    },
    Recipe {
        id: AgentTypeId::Custom,
        name: "Custom",
        description: "A program of your own that speaks the Agent Client Protocol.",
        command: &[],
        npm_package: None,
        variables: &[],
        credential: None,
        auth_methods: &[],
        offers_files: true,
        loads_threads: true,
    },
    Recipe {
        id: AgentTypeId::Shell,
        name: "Shell",
        description: "Runs each prompt as a script by the sandbox's shell. It needs no key.",
        command: &[],
        npm_package: None,
        variables: &[],
        credential: None,
        auth_methods: &[],
        offers_files: true,
        loads_threads: true,
    },
];

/// The agent types that this server knows, in the order in which they are offered.
pub fn agent_types() -> Vec<AgentType> {
    let wire = |recipe: &Recipe| AgentType {
        id: recipe.id,
        name: recipe.name.to_owned(),
        description: recipe.description.to_owned(),
    };
    RECIPES.iter().map(wire).collect()
}

/// How an agent is launched for a turn. `given` are the variables that the operator lets agents have, `mcp_servers` those
/// of the agent, `settings` what was chosen in the session, and `transcript` what was said so far in this one of its conversations.
pub fn launch(
    agent: &Agent,
    given: &[Variable],
    mcp_servers: Vec<McpServer>,
    settings: Vec<ChangeSetting>,
    transcript: String,
    conversation: u32,
) -> Launch {
    let recipe = recipe(agent.agent_type);
    if recipe.id == AgentTypeId::Shell {
        return Launch::Shell;
    }
    let of_recipe = recipe.command.iter().map(|&word| word.to_owned());
    let mut command =
        if recipe.id == AgentTypeId::Custom { agent.options.command.clone() } else { of_recipe.collect() };
    let program = if command.is_empty() { String::new() } else { command.remove(0) };
    let own = recipe.variables.iter().map(|&(name, value)| Variable { name: name.to_owned(), value: value.to_owned() });
    let variables: Vec<_> = own.chain(given.iter().cloned()).collect();
    let auth_method = recipe.auth_methods.iter().find(|(name, _)| variables.iter().any(|given| given.name == *name));
    Launch::Acp(Box::new(AcpLaunch {
        name: recipe.name.to_owned(),
        install: Install {
            npm_package: recipe.npm_package.map(str::to_owned),
            hint: recipe.npm_package.map_or_else(
                || format!("Put {program} into the sandbox's search path, for instance by the agent's setup script."),
                |package| format!("Run npm install --global {package} where sandboxes get their programs from."),
            ),
        },
        program,
        arguments: command,
        start_timeout_ms: START_TIMEOUT_MS,
        credential: recipe.credential.map(str::to_owned),
        auth_method: auth_method.map(|&(_, method)| method.to_owned()),
        offers_files: recipe.offers_files,
        loads_threads: recipe.loads_threads,
        variables,
        system_prompt: agent.options.system_prompt.clone(),
        // None of them can be given a file in addition to what it tells itself, so all are told by the protocol.
        system_prompt_way: SystemPromptWay::Protocol,
        settings,
        transcript,
        conversation,
        mcp_servers,
    }))
}

fn recipe(id: AgentTypeId) -> &'static Recipe {
    RECIPES.iter().find(|recipe| recipe.id == id).expect("there is a recipe for every type, as a test says")
}

#[cfg(test)]
mod tests {
    use octobot_wire::agent::AgentOptions;
    use octobot_wire::{AgentId, ProjectId, Timestamp};

    use super::*;

    fn agent(agent_type: AgentTypeId, command: &[&str]) -> Agent {
        Agent {
            id: AgentId::new(uuid::Uuid::from_u128(1)),
            project_id: ProjectId::local(),
            name: "Agent".to_owned(),
            agent_type,
            is_default: false,
            setup_script: String::new(),
            options: AgentOptions {
                system_prompt: "Be brief.".to_owned(),
                command: command.iter().map(|&word| word.to_owned()).collect(),
                ..AgentOptions::default()
            },
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    fn acp(agent: &Agent, given: &[Variable]) -> AcpLaunch {
        match launch(agent, given, Vec::new(), Vec::new(), String::new(), 0) {
            Launch::Acp(launch) => *launch,
            Launch::Shell => panic!("a shell"),
        }
    }

    #[test]
    fn every_type_has_a_recipe() {
        use AgentTypeId::{ClaudeCode, Codex, CopilotCli, Custom, GeminiCli, Goose, OpenCode, Shell};
        for id in [Shell, ClaudeCode, GeminiCli, Codex, OpenCode, CopilotCli, Goose, Custom] {
            assert_eq!(recipe(id).id, id);
        }
    }

    /// The versions that a `package.json` pins, by the packages' names.
    fn pinned(package_json: &str) -> Vec<(String, String)> {
        let file: serde_json::Value = serde_json::from_str(package_json).unwrap();
        let lists = ["dependencies", "devDependencies", "optionalDependencies"].map(|list| file[list].as_object());
        let pinned = lists.into_iter().flatten().flatten();
        pinned.map(|(name, version)| (name.clone(), version.as_str().unwrap().to_owned())).collect()
    }

    #[test]
    fn an_agent_has_the_same_version_where_it_is_installed_in_the_sandboxs_image_and_in_the_tests() {
        let image = pinned(include_str!("../../sandbox/package.json"));
        let tested = pinned(include_str!("../../../end2end/npm/package.json"));
        for package in RECIPES.iter().filter_map(|recipe| recipe.npm_package) {
            let (name, version) = package.rsplit_once('@').unwrap();
            // The package for everybody only chooses among those that have the program for one kind of machine.
            let in_image = if name == "opencode-ai" { "opencode-linux-x64-baseline" } else { name };
            assert!(image.contains(&(in_image.to_owned(), version.to_owned())), "{package} isn't in the image");
            assert!(tested.contains(&(name.to_owned(), version.to_owned())), "{package} isn't tested");
        }
    }

    #[test]
    fn a_custom_agent_is_the_users_command() {
        let launch = acp(&agent(AgentTypeId::Custom, &["my-agent", "--acp", "a b"]), &[]);
        assert_eq!(
            (launch.program.as_str(), &launch.arguments[..]),
            ("my-agent", &["--acp".to_owned(), "a b".to_owned()][..])
        );
        assert_eq!(launch.install.npm_package, None);
    }

    #[test]
    fn the_way_to_authenticate_follows_from_the_variables_that_are_given() {
        let key = Variable { name: "OPENAI_API_KEY".to_owned(), value: "sk".to_owned() };
        let codex = agent(AgentTypeId::Codex, &[]);
        assert_eq!(acp(&codex, &[]).auth_method, None);
        let launch = acp(&codex, std::slice::from_ref(&key));
        assert_eq!(launch.auth_method.as_deref(), Some("api-key"));
        assert!(launch.variables.contains(&key));
        assert_eq!(launch.system_prompt, "Be brief.");
    }

    #[test]
    fn the_shell_is_launched_without_any_of_it() {
        assert_eq!(
            launch(&agent(AgentTypeId::Shell, &[]), &[], Vec::new(), Vec::new(), String::new(), 0),
            Launch::Shell
        );
    }
}
