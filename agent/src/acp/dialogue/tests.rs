//! No I/O: messages in, actions out.

use octobot_wire::TurnId;
use octobot_wire::form::Filled;
use octobot_wire::launch::Install;
use octobot_wire::permission::AnswerPermission;
use serde_json::{Value, json};

use super::*;
use crate::enclosures::Enclosed;
use crate::turn::{Prompt, PromptEnd, Question};

const LONG: Duration = Duration::from_hours(1);

fn launch() -> AcpLaunch {
    AcpLaunch {
        name: "The agent".to_owned(),
        program: "agent".to_owned(),
        arguments: Vec::new(),
        variables: Vec::new(),
        start_timeout_ms: 60_000,
        install: Install::default(),
        credential: Some("KEY".to_owned()),
        auth_method: Some("key".to_owned()),
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

fn prompt(launch: AcpLaunch, text: &str) -> Prompt {
    let turn_id: TurnId = "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap();
    Prompt { turn_id, launch: Box::new(launch), text: text.to_owned(), enclosed: Enclosed::default(), first_part: 0 }
}

/// A dialogue, and the agent's side of it.
struct Scene {
    dialogue: Dialogue,
    now: Instant,
    actions: Vec<Action>,
}

impl Scene {
    fn start(launch: AcpLaunch, former: Option<&str>) -> Self {
        let now = Instant::now();
        let (dialogue, actions) = Dialogue::start(launch, PathBuf::from("/w"), former.map(str::to_owned), now);
        Self { dialogue, now, actions }
    }

    /// With a thread that is open, and a prompt that the agent has.
    fn prompted() -> Self {
        let mut scene = Self::start(launch(), None);
        scene.give(prompt(launch(), "hello"));
        scene.answer("initialize", &json!({"protocolVersion": 1}));
        scene.answer("session/new", &json!({"sessionId": "t"}));
        scene
    }

    fn give(&mut self, prompt: Prompt) {
        self.actions.extend(self.dialogue.prompt(prompt, self.now));
    }

    /// The last message that was sent.
    fn sent(&self) -> Value {
        let line = self.actions.iter().rev().find_map(|action| match action {
            Action::Send(line) => Some(line),
            _ => None,
        });
        serde_json::from_slice(line.expect("something was sent")).unwrap()
    }

    /// The agent sends a message.
    fn hear(&mut self, message: &Value) {
        let message = message::parse(message.to_string().as_bytes()).unwrap();
        self.actions = self.dialogue.incoming(message, self.now);
    }

    /// The agent answers the last request, which must be this one.
    fn answer(&mut self, method: &str, result: &Value) {
        let sent = self.sent();
        assert_eq!(sent["method"], method, "{sent}");
        self.hear(&json!({"id": sent["id"], "result": result}));
    }

    fn refuse(&mut self, method: &str, code: i32) {
        let sent = self.sent();
        assert_eq!(sent["method"], method, "{sent}");
        self.hear(&json!({"id": sent["id"], "error": {"code": code, "message": "no"}}));
    }

    fn update(&mut self, update: &Value) {
        self.hear(&json!({"method": "session/update", "params": {"sessionId": "t", "update": update}}));
    }

    fn told(&self) -> Vec<&DaemonEventBody> {
        let mut told = Vec::new();
        for action in &self.actions {
            if let Action::Tell(body) = action {
                told.push(body);
            }
        }
        told
    }

    fn ended(&self) -> Option<&PromptEnd> {
        self.actions.iter().find_map(|action| match action {
            Action::End(end) => Some(end),
            _ => None,
        })
    }

    fn abandoned(&self) -> &str {
        match &self.actions[..] {
            [Action::Abandon { reason, .. }] => reason,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_prompt_waits_for_the_thread_and_is_given_then() {
    let mut scene = Scene::start(launch(), None);
    scene.give(prompt(launch(), "hello"));
    scene.answer("initialize", &json!({"protocolVersion": 1, "authMethods": [{"id": "key", "name": "Key"}]}));
    scene.answer("authenticate", &json!({}));
    scene.answer("session/new", &json!({"sessionId": "t"}));
    assert!(matches!(scene.told()[0], DaemonEventBody::Thread { thread_id, .. } if thread_id == "t"));
    let sent = scene.sent();
    assert_eq!((&sent["method"], &sent["params"]["prompt"][0]["text"]), (&json!("session/prompt"), &json!("hello")));
    scene.answer("session/prompt", &json!({"stopReason": "end_turn"}));
    assert_eq!(scene.ended(), Some(&PromptEnd::Completed));
    scene.give(prompt(launch(), "again"));
    assert_eq!(scene.sent()["params"]["prompt"][0]["text"], "again");
}

#[test]
fn mcp_servers_are_told_of_as_far_as_the_agent_takes_them() {
    use octobot_wire::launch::{McpServer, McpTransport, Variable};
    let value = |name: &str| vec![Variable { name: name.to_owned(), value: "secret".to_owned() }];
    let command = vec!["/bin/files".to_owned(), "--all".to_owned()];
    let stdio = McpTransport::Stdio { command, variables: value("KEY") };
    let http = McpTransport::Http { url: "https://example.com/mcp".to_owned(), headers: value("x-key") };
    let server = |name: &str, transport| McpServer { name: name.to_owned(), transport };
    let launch = AcpLaunch { mcp_servers: vec![server("files", stdio), server("web", http)], ..launch() };
    let opened = |capabilities: Value, former: Option<&str>| {
        let mut scene = Scene::start(launch.clone(), former);
        scene.give(prompt(launch.clone(), "hello"));
        scene.answer("initialize", &json!({"protocolVersion": 1, "agentCapabilities": capabilities}));
        scene
    };
    let files = json!({
        "name": "files", "command": "/bin/files", "args": ["--all"], "env": [{"name": "KEY", "value": "secret"}],
    });
    let web = json!({
        "type": "http", "name": "web", "url": "https://example.com/mcp",
        "headers": [{"name": "x-key", "value": "secret"}],
    });
    let mut scene = opened(json!({}), None);
    assert_eq!(scene.sent()["params"]["mcpServers"], json!([files]));
    scene.answer("session/new", &json!({"sessionId": "t"}));
    let notice = scene.told().iter().any(|body| matches!(body, DaemonEventBody::Notice { text, .. } if text == "The MCP server web was left out: The agent takes no servers over HTTP."));
    assert!(notice, "{:?}", scene.actions);
    let all = json!({"loadSession": true, "mcpCapabilities": {"http": true}});
    let mut scene = opened(all, Some("t"));
    let load = scene.sent();
    assert_eq!((&load["method"], &load["params"]["mcpServers"]), (&json!("session/load"), &json!([files, web])));
    scene.answer("session/load", &json!({}));
    assert!(!scene.told().iter().any(|body| matches!(body, DaemonEventBody::Notice { .. })), "{:?}", scene.actions);
}

#[test]
fn an_agent_that_neither_answers_nor_opens_a_thread_is_abandoned() {
    let mut scene = Scene::start(launch(), None);
    scene.actions = scene.dialogue.tick(scene.now + LONG);
    assert_eq!(scene.abandoned(), "The agent was started, but didn't answer within 60 s.");
    let mut scene = Scene::start(launch(), None);
    scene.answer("initialize", &json!({"protocolVersion": 1}));
    scene.actions = scene.dialogue.tick(scene.now + LONG);
    assert_eq!(scene.abandoned(), "The agent didn't open a thread within 120 s.");
}

#[test]
fn a_newer_protocol_and_nonsense_are_refused() {
    let mut scene = Scene::start(launch(), None);
    scene.answer("initialize", &json!({"protocolVersion": 2}));
    assert_eq!(scene.abandoned(), "The agent speaks version 2 of the protocol; version 1 is needed.");
    let mut scene = Scene::start(launch(), None);
    scene.answer("initialize", &json!("hello"));
    assert_eq!(scene.abandoned(), "The agent answered the first request with something else.");
}

#[test]
fn what_loading_a_thread_repeats_isnt_told_again() {
    let mut scene = Scene::start(launch(), Some("t"));
    scene.give(prompt(launch(), "hello"));
    scene.answer("initialize", &json!({"protocolVersion": 1, "agentCapabilities": {"loadSession": true}}));
    let load = scene.sent();
    assert_eq!(load["method"], "session/load");
    scene.update(&json!({"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": "old"}}));
    assert!(scene.actions.is_empty());
    scene.hear(&json!({"id": load["id"], "result": null}));
    assert_eq!(scene.sent()["method"], "session/prompt");
}

#[test]
fn a_thread_that_cant_be_resumed_is_replaced_by_one_that_knows_the_transcript() {
    let with_transcript = AcpLaunch { transcript: "User: hi".to_owned(), ..launch() };
    let mut scene = Scene::start(with_transcript.clone(), Some("lost"));
    scene.give(prompt(with_transcript, "hello"));
    let capabilities = json!({"loadSession": true, "sessionCapabilities": {"resume": {}}});
    scene.answer("initialize", &json!({"protocolVersion": 1, "agentCapabilities": capabilities}));
    scene.refuse("session/resume", -32_002);
    scene.answer("session/new", &json!({"sessionId": "t"}));
    assert!(scene.told().iter().any(|body| matches!(body, DaemonEventBody::Notice { text, .. } if text.ends_with(NEW_THREAD) && text.contains("(no)"))));
    let blocks = scene.sent()["params"]["prompt"].to_string();
    assert!(blocks.contains("User: hi") && blocks.contains("hello"), "{blocks}");
}

#[test]
fn an_agent_that_isnt_to_load_threads_gets_a_new_one_that_knows_the_transcript() {
    let launch = AcpLaunch { transcript: "User: hi".to_owned(), loads_threads: false, ..launch() };
    let mut scene = Scene::start(launch.clone(), Some("lost"));
    scene.give(prompt(launch, "hello"));
    scene.answer("initialize", &json!({"protocolVersion": 1, "agentCapabilities": {"loadSession": true}}));
    scene.answer("session/new", &json!({"sessionId": "t"}));
    assert!(
        scene
            .told()
            .iter()
            .any(|body| matches!(body, DaemonEventBody::Notice { text, .. } if text.ends_with(NEW_THREAD)))
    );
    let blocks = scene.sent()["params"]["prompt"].to_string();
    assert!(blocks.contains("User: hi") && blocks.contains("hello"), "{blocks}");
}

#[test]
fn an_agent_that_wants_a_key_names_it_wherever_it_asks() {
    let mut scene = Scene::start(launch(), None);
    scene.give(prompt(launch(), "hello"));
    scene.answer("initialize", &json!({"protocolVersion": 1}));
    scene.refuse("session/new", -32_000);
    assert_eq!(scene.abandoned(), "The agent asks for authentication: set KEY.");
    let mut scene = Scene::prompted();
    scene.refuse("session/prompt", -32_000);
    let reason = "The agent asks for authentication: set KEY.".to_owned();
    assert_eq!(scene.ended(), Some(&PromptEnd::Failed { reason, credential: Some("KEY".to_owned()) }));
}

#[test]
fn a_cancelled_prompt_withdraws_what_is_asked_and_has_ten_seconds() {
    let mut scene = Scene::prompted();
    let permission = json!({"sessionId": "t", "toolCall": {"toolCallId": "c", "title": "rm"},
        "options": [{"optionId": "yes", "name": "Yes", "kind": "allow_once"}]});
    let prompt_id = scene.sent()["id"].clone();
    scene.hear(&json!({"id": 7, "method": "session/request_permission", "params": permission}));
    assert!(matches!(scene.actions.last(), Some(Action::Ask(Question { part: 1, call: Some(0), .. }))));
    scene.actions = scene.dialogue.cancel(scene.now);
    assert_eq!(scene.sent()["result"]["outcome"]["outcome"], "cancelled");
    assert!(scene.dialogue.cancel(scene.now).is_empty(), "once");
    scene.hear(&json!({"id": 8, "method": "session/request_permission", "params": permission}));
    assert_eq!(scene.sent()["result"]["outcome"]["outcome"], "cancelled", "nobody is asked any more");
    let actions = scene.dialogue.tick(scene.now + Duration::from_secs(11));
    assert!(matches!(actions.last(), Some(Action::Kill)), "{actions:?}");
    scene.hear(&json!({"id": prompt_id, "error": {"code": -32_603, "message": "aborted"}}));
    assert_eq!(scene.ended(), Some(&PromptEnd::Cancelled { left: 0 }));
    assert!(scene.told().iter().any(|body| matches!(body, DaemonEventBody::ToolCallEnded { .. })));
}

#[test]
fn a_prompt_that_is_cancelled_before_the_agent_has_it_is_never_given() {
    let mut scene = Scene::start(launch(), None);
    scene.give(prompt(launch(), "hello"));
    let initialize = scene.sent();
    scene.actions = scene.dialogue.cancel(scene.now);
    assert_eq!(scene.ended(), Some(&PromptEnd::Cancelled { left: 0 }));
    scene.hear(&json!({"id": initialize["id"], "result": {"protocolVersion": 1}}));
    scene.answer("session/new", &json!({"sessionId": "t"}));
    assert!(!scene.actions.iter().any(|action| matches!(action, Action::Send(_))));
}

#[test]
fn settings_of_the_launch_are_applied_once_and_the_agents_own_changes_stand() {
    let wish = ChangeSetting { setting: "mode".to_owned(), value: "plan".to_owned() };
    let planning = AcpLaunch { settings: vec![wish], ..launch() };
    let modes =
        json!({"currentModeId": "ask", "availableModes": [{"id": "ask", "name": "A"}, {"id": "plan", "name": "P"}]});
    let mut scene = Scene::start(planning.clone(), None);
    scene.give(prompt(planning.clone(), "hello"));
    scene.answer("initialize", &json!({"protocolVersion": 1}));
    scene.answer("session/new", &json!({"sessionId": "t", "modes": modes}));
    scene.answer("session/set_mode", &json!({}));
    assert!(matches!(scene.told()[..], [DaemonEventBody::Settings { settings }] if settings[0].current == "plan"));
    scene.answer("session/prompt", &json!({"stopReason": "end_turn"}));
    scene.update(&json!({"sessionUpdate": "current_mode_update", "currentModeId": "ask"}));
    assert!(matches!(scene.told()[..], [DaemonEventBody::Settings { settings }] if settings[0].current == "ask"));
    scene.give(prompt(planning, "again"));
    assert_eq!(scene.sent()["method"], "session/prompt");
}

#[test]
fn unknown_requests_are_refused_and_unknown_updates_passed_over() {
    let mut scene = Scene::prompted();
    scene.hear(&json!({"id": "x", "method": "_vendor/ask", "params": {}}));
    assert_eq!(scene.sent()["error"]["code"], -32_601);
    scene.update(&json!({"sessionUpdate": "hologram", "content": 7}));
    assert!(scene.actions.is_empty());
    scene.hear(&json!({"method": "_auth/status_update", "params": {}}));
    assert!(scene.actions.is_empty());
    scene.hear(&json!({"id": 99, "result": {}}));
    assert!(scene.actions.is_empty());
}

#[test]
fn the_same_commands_are_told_once() {
    let mut scene = Scene::prompted();
    let update = json!({"sessionUpdate": "available_commands_update",
        "availableCommands": [{"name": "init", "description": "Begins\n\neverything", "input": {"hint": "what"}}]});
    scene.update(&update);
    let [DaemonEventBody::Commands { commands }] = scene.told()[..] else { panic!("{:?}", scene.actions) };
    assert_eq!((commands[0].description.as_str(), commands[0].hint.as_str()), ("Begins everything", "what"));
    scene.update(&update);
    assert!(scene.actions.is_empty());
}

#[test]
fn a_form_is_asked_and_carried_back_as_the_protocol_wants_it() {
    let mut scene = Scene::prompted();
    scene.update(&json!({"sessionUpdate": "tool_call", "toolCallId": "c", "title": "Ask"}));
    let form = json!({"sessionId": "t", "toolCallId": "c", "mode": "form", "message": "Which colour?",
        "requestedSchema": {"type": "object", "properties": {"n": {"type": "integer"}}}});
    let ask = |scene: &mut Scene, id: u32| {
        scene.hear(&json!({"id": id, "method": "elicitation/create", "params": form}));
        match scene.actions.last() {
            Some(Action::Ask(question)) => question.clone(),
            other => panic!("{other:?}"),
        }
    };
    let answer = |option: &str| AnswerPermission {
        option: option.to_owned(),
        values: vec![Filled { field: "n".to_owned(), values: vec!["3".to_owned()] }],
    };
    let question = ask(&mut scene, 7);
    assert_eq!(
        (question.call, question.title.as_str(), question.fields[0].id.as_str()),
        (Some(0), "Which colour?", "n")
    );
    scene.actions = scene.dialogue.answer(question.part, answer("send"));
    assert_eq!(scene.sent()["result"], json!({"action": "accept", "content": {"n": 3}}));
    let question = ask(&mut scene, 8);
    scene.actions = scene.dialogue.answer(question.part, answer("decline"));
    assert_eq!(scene.sent()["result"]["action"], "decline");
    ask(&mut scene, 9);
    scene.actions = scene.dialogue.cancel(scene.now);
    assert_eq!(scene.sent()["result"]["action"], "cancel");
}
