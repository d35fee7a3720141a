//! Agents over ACP: what they tell and ask, and what becomes of a turn when they misbehave.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use hyper::StatusCode;
use octobot_wire::daemon::{DaemonEventBody, DeliverTurn, SettingsChanged, TurnOutcome};
use octobot_wire::launch::{AcpLaunch, Install, Launch, SystemPromptWay, Variable};
use octobot_wire::message::ToolCallStatus;
use octobot_wire::permission::{AnswerPermission, PermissionAnswered, PermissionState};
use octobot_wire::setting::ChangeSetting;
use octobot_wire::tool::{CallContent, FileContent, ToolKind};
use rustix::process::{Pid, Signal, kill_process};

use crate::sandbox::{AGENT, Follower, Sandbox, eventually, processes_with};

/// The fake agent, which stands beside the binary under test.
fn program() -> String {
    let path = PathBuf::from(AGENT).parent().unwrap().join("examples/fake-agent");
    assert!(path.exists(), "the example fake-agent isn't built: run all tests of the package");
    path.to_str().unwrap().to_owned()
}

fn launch() -> AcpLaunch {
    AcpLaunch {
        name: "The fake".to_owned(),
        program: program(),
        arguments: Vec::new(),
        variables: Vec::new(),
        start_timeout_ms: 20_000,
        install: Install::default(),
        credential: Some("FAKE_KEY".to_owned()),
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

fn with_fault(fault: &str) -> AcpLaunch {
    let variables = vec![Variable { name: "FAKE_AGENT".to_owned(), value: fault.to_owned() }];
    AcpLaunch { variables, ..launch() }
}

impl Sandbox {
    async fn give(&self, number: u32, launch: AcpLaunch, prompt: &str) {
        self.give_with(number, launch, prompt, Vec::new()).await;
    }

    async fn give_with(&self, number: u32, launch: AcpLaunch, prompt: &str, files: Vec<FileContent>) {
        let turn = DeliverTurn {
            turn_id: self.turn_id(number),
            launch: Launch::Acp(Box::new(launch)),
            setup_script: String::new(),
            is_held: false,
            prompt: prompt.to_owned(),
            files,
        };
        let (status, answer) = self.ask::<serde_json::Value>("POST", "/turns", &turn).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }

    /// Gives a prompt and follows the turn to its end.
    async fn prompt(&self, number: u32, launch: AcpLaunch, prompt: &str) -> Told {
        let mut events = self.follow(self.health().await.last_event).await;
        self.give(number, launch, prompt).await;
        events.told().await
    }

    async fn answer(&self, number: u32, part: u32, option: &str) -> PermissionState {
        let path = format!("/turns/{}/permissions/{part}", self.turn_id(number));
        let answer = AnswerPermission { option: option.to_owned(), values: Vec::new() };
        let (status, PermissionAnswered { state }) = self.ask("POST", &path, &answer).await;
        assert_eq!(status, StatusCode::OK);
        state
    }
}

/// What a turn told.
struct Told {
    events: Vec<DaemonEventBody>,
    outcome: TurnOutcome,
}

impl Told {
    /// All that the agent said.
    fn text(&self) -> String {
        let text = |event: &DaemonEventBody| match event {
            DaemonEventBody::Text { text, .. } => Some(text.clone()),
            _ => None,
        };
        self.events.iter().filter_map(text).collect()
    }

    fn reason(&self) -> &str {
        match &self.outcome {
            TurnOutcome::Failed { reason, .. } => reason,
            other => panic!("it didn't fail: {other:?}, and said {}", self.text()),
        }
    }

    fn notices(&self) -> Vec<&str> {
        let mut notices = Vec::new();
        for event in &self.events {
            if let DaemonEventBody::Notice { text, .. } = event {
                notices.push(text.as_str());
            }
        }
        notices
    }

    fn statuses(&self) -> Vec<ToolCallStatus> {
        let status = |event: &DaemonEventBody| match event {
            DaemonEventBody::ToolCallEnded { status, .. } => Some(*status),
            _ => None,
        };
        self.events.iter().filter_map(status).collect()
    }
}

impl Follower {
    async fn told(&mut self) -> Told {
        let mut events = Vec::new();
        loop {
            match self.next().await.expect("the daemon runs").body {
                DaemonEventBody::TurnEnded { outcome, .. } => return Told { events, outcome },
                body => events.push(body),
            }
        }
    }

    /// Waits for a request for permission, and returns its part.
    async fn asked(&mut self) -> u32 {
        loop {
            match self.next().await.expect("the daemon runs").body {
                DaemonEventBody::PermissionRequested { part, .. } => return part,
                DaemonEventBody::TurnEnded { outcome, .. } => panic!("the turn ended: {outcome:?}"),
                _ => {}
            }
        }
    }

    /// Waits until the agent has said something, and returns all that it has.
    async fn said(&mut self, expected: &str) -> String {
        let mut said = String::new();
        while !said.contains(expected) {
            match self.next().await.expect("the daemon runs").body {
                DaemonEventBody::Text { text, .. } => said.push_str(&text),
                DaemonEventBody::TurnEnded { outcome, .. } => panic!("the turn ended: {outcome:?}, {said}"),
                _ => {}
            }
        }
        said
    }
}

#[tokio::test]
async fn what_an_agent_says_thinks_and_plans_is_told_in_parts() {
    let sandbox = Sandbox::start().await;
    let told = sandbox.prompt(1, launch(), "think hm\nsay Hello\nsay , you\nplan a|b\nsay Bye").await;
    assert_eq!(told.outcome, TurnOutcome::Completed);
    let part = |event: &DaemonEventBody| match event {
        DaemonEventBody::Reasoning { part, text, .. } => Some(format!("{part} thinks {text}")),
        DaemonEventBody::Text { part, text, .. } => Some(format!("{part} says {text}")),
        DaemonEventBody::Plan { part, entries, .. } => Some(format!("{part} plans {}", entries.len())),
        _ => None,
    };
    let parts: Vec<_> = told.events.iter().filter_map(part).collect();
    assert_eq!(parts, ["0 thinks hm", "1 says Hello", "1 says , you", "2 plans 2", "3 says Bye"]);
    let usage = told.events.iter().find_map(|event| match event {
        DaemonEventBody::TurnUsage { usage, .. } => Some(*usage),
        _ => None,
    });
    assert_eq!(usage.map(|usage| (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens)), Some((7, 5, 3)));
}

#[tokio::test]
async fn a_tool_call_that_grows_is_told_now_and_then_and_whole_at_its_end() {
    let sandbox = Sandbox::start().await;
    let path = sandbox.path("home/workspace/src/a.rs");
    let told = sandbox.prompt(1, launch(), &format!("edit {}", path.display())).await;
    let mut changes = Vec::new();
    for event in &told.events {
        if let DaemonEventBody::ToolCallChanged { call: 0, change, .. } = event {
            changes.push(change);
        }
    }
    assert!(changes.len() < 10, "{}", changes.len());
    let content = changes.iter().rev().find_map(|change| change.content.as_ref()).unwrap();
    let [CallContent::Diff { path, old: None, new, truncated: false }] = &content[..] else { panic!("{content:?}") };
    assert_eq!((path.as_str(), new.lines().count()), ("src/a.rs", 20));
    assert!(changes.iter().any(|change| change.title.as_deref().is_some_and(|title| title.starts_with("Edit "))));
    assert!(matches!(
        told.events.iter().find(|event| matches!(event, DaemonEventBody::ToolCallStarted { .. })),
        Some(DaemonEventBody::ToolCallStarted { call: 0, kind: ToolKind::Edit, .. })
    ));
    assert!(matches!(told.statuses()[..], [ToolCallStatus::Completed { .. }]));
}

#[tokio::test]
async fn a_permission_is_answered_once_and_all_hear_which_answer_counts() {
    let sandbox = Sandbox::start().await;
    let mut events = sandbox.follow(0).await;
    sandbox.give(1, launch(), "permission rm a\npermission rm b").await;
    let first = events.asked().await;
    let path = format!("/turns/{}/permissions/{first}", sandbox.turn_id(1));
    let (status, _) = sandbox
        .ask::<serde_json::Value>("POST", &path, &AnswerPermission { option: "maybe".into(), values: Vec::new() })
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let yes = PermissionState::Answered { option: "yes".into() };
    assert_eq!(sandbox.answer(1, first, "yes").await, yes);
    let second = events.asked().await;
    let no = PermissionState::Answered { option: "no".into() };
    assert_eq!(sandbox.answer(1, second, "no").await, no);
    assert_eq!(sandbox.answer(1, second, "yes").await, no);
    let told = events.told().await;
    assert_eq!(told.text(), "answered no");
    assert!(matches!(told.statuses()[..], [ToolCallStatus::Failed { .. }]), "{:?}", told.statuses());
    assert_eq!(sandbox.answer(1, first, "no").await, yes, "also after the turn");
    let missing = format!("/turns/{}/permissions/77", sandbox.turn_id(1));
    let (status, _) = sandbox
        .ask::<serde_json::Value>("POST", &missing, &AnswerPermission { option: "yes".into(), values: Vec::new() })
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_cancelled_turn_withdraws_its_permission_and_keeps_the_agent() {
    let sandbox = Sandbox::start().await;
    let mut events = sandbox.follow(0).await;
    sandbox.give(1, launch(), "pid\npermission rm a").await;
    let part = events.asked().await;
    assert_eq!(sandbox.cancel(1).await, StatusCode::ACCEPTED);
    let told = events.told().await;
    assert_eq!(told.outcome, TurnOutcome::Cancelled);
    assert!(matches!(told.statuses()[..], [ToolCallStatus::Failed { .. } | ToolCallStatus::Cancelled { .. }]));
    assert_eq!(sandbox.answer(1, part, "yes").await, PermissionState::Cancelled);
    let told = sandbox.prompt(2, launch(), "prompts").await;
    assert_eq!(told.text(), "1 prompts before");
}

#[tokio::test]
async fn cancelling_ends_what_the_agents_tools_left_and_nothing_else() {
    let sandbox = Sandbox::start().await;
    let (kept, ended) = (format!("sleep 300{}.1", std::process::id()), format!("sleep 300{}.2", std::process::id()));
    // A process that starts another one now and then, as servers do.
    sandbox.prompt(1, launch(), &format!("spawn while :; do sh -c 'sleep 0.05; true'; done & {kept}; true")).await;
    let mut events = sandbox.follow(sandbox.health().await.last_event).await;
    sandbox.give(2, launch(), &format!("spawn {ended}\nspawn trap '' TERM; {ended}\nsay ready\nwait")).await;
    events.said("ready").await;
    eventually("all run", || (processes_with(&ended).len() >= 2).then_some(())).await;
    sandbox.cancel(2).await;
    assert_eq!(events.told().await.outcome, TurnOutcome::Cancelled);
    assert_eq!(processes_with(&ended), [0; 0]);
    assert!(!processes_with(&kept).is_empty());
}

#[tokio::test]
async fn an_agent_that_doesnt_heed_a_cancellation_is_ended() {
    let sandbox = Sandbox::start().await;
    let nap = format!("sleep 301{}.1", std::process::id());
    let mut events = sandbox.follow(0).await;
    sandbox.give(1, launch(), &format!("spawn {nap}\nsay ready\nstubborn")).await;
    events.said("ready").await;
    eventually("it runs", || (!processes_with(&nap).is_empty()).then_some(())).await;
    let asked = Instant::now();
    sandbox.cancel(1).await;
    assert_eq!(events.told().await.outcome, TurnOutcome::Cancelled);
    assert!((Duration::from_secs(10)..Duration::from_secs(17)).contains(&asked.elapsed()), "{:?}", asked.elapsed());
    assert_eq!(processes_with(&nap), [0; 0]);
    assert_eq!(sandbox.prompt(2, launch(), "prompts").await.text(), "1 prompts before");
}

#[tokio::test]
async fn an_agent_that_dies_fails_the_turn_with_its_last_words_and_comes_back_with_its_thread() {
    let sandbox = Sandbox::start().await;
    let nap = format!("sleep 302{}.1", std::process::id());
    let began = Instant::now();
    let told = sandbox.prompt(1, launch(), &format!("spawn {nap}\nexit 7")).await;
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(told.reason(), "The fake exited with 7. Its last lines:\ndying words");
    assert_eq!(processes_with(&nap), [0; 0]);
    let told = sandbox.prompt(2, launch(), "prompts").await;
    assert_eq!((told.text().as_str(), told.notices().len()), ("1 prompts before", 0));
}

#[tokio::test]
async fn an_agent_or_its_root_process_killed_while_a_permission_is_open_fails_the_turn() {
    let sandbox = Sandbox::start().await;
    for (turn, kills_root) in [(1, false), (2, true)] {
        let nap = format!("sleep 305{}.{turn}", std::process::id());
        let mut events = sandbox.follow(sandbox.health().await.last_event).await;
        sandbox.give(turn, launch(), &format!("spawn {nap}\npid\npermission rm a")).await;
        let said = events.said("pid ").await;
        let pid: i32 = said.trim_start_matches("pid ").parse().unwrap();
        let part = events.asked().await;
        let victim = if kills_root { parent_of(pid) } else { pid };
        let began = Instant::now();
        kill_process(Pid::from_raw(victim).unwrap(), Signal::KILL).unwrap();
        let told = events.told().await;
        assert!(began.elapsed() < Duration::from_secs(5));
        assert!(told.reason().contains("was killed") || told.reason().contains("by signal 9"), "{}", told.reason());
        assert_eq!(sandbox.answer(turn, part, "yes").await, PermissionState::Cancelled);
        assert_eq!(processes_with(&nap), [0; 0]);
    }
    assert_eq!(sandbox.prompt(3, launch(), "prompts").await.text(), "2 prompts before");
}

fn parent_of(pid: i32) -> i32 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn an_agent_that_loads_its_thread_doesnt_tell_again_what_was_said() {
    let mut sandbox = Sandbox::start().await;
    sandbox.prompt(1, with_fault("load"), "say a").await;
    sandbox.crash().await;
    let told = sandbox.prompt(2, with_fault("load"), "prompts").await;
    assert_eq!(told.text(), "1 prompts before");
}

#[tokio::test]
async fn a_thread_that_is_lost_is_replaced_and_the_transcript_given() {
    let mut sandbox = Sandbox::start().await;
    sandbox.prompt(1, launch(), "say a").await;
    sandbox.crash().await;
    std::fs::remove_dir_all(sandbox.path("home/threads")).unwrap();
    let with_transcript = AcpLaunch { transcript: "User: hello".to_owned(), ..launch() };
    let told = sandbox.prompt(2, with_transcript, "blocks").await;
    assert!(told.text().contains("User: hello"), "{}", told.text());
    assert!(told.notices()[0].contains("couldn't be loaded"), "{:?}", told.notices());
    let told = sandbox.prompt(3, with_fault("forgetful"), "prompts").await;
    assert_eq!((told.text().as_str(), told.notices().len()), ("0 prompts before", 1));
}

#[tokio::test]
async fn each_conversation_has_a_thread_of_its_own_to_which_the_agent_returns() {
    let mut sandbox = Sandbox::start().await;
    sandbox.prompt(1, launch(), "say a").await;
    let other = AcpLaunch { conversation: 1, transcript: "User: hello".to_owned(), ..launch() };
    let told = sandbox.prompt(2, other.clone(), "blocks").await;
    assert!(told.text().contains("User: hello"), "{}", told.text());
    assert_eq!(told.notices().len(), 0, "{:?}", told.notices());
    assert_eq!(sandbox.prompt(3, launch(), "prompts").await.text(), "1 prompts before");
    sandbox.crash().await;
    assert_eq!(sandbox.prompt(4, other, "prompts").await.text(), "1 prompts before");
    let told = sandbox.prompt(5, launch(), "prompts").await;
    assert_eq!((told.text().as_str(), told.notices().len()), ("2 prompts before", 0));
}

#[tokio::test]
async fn a_daemon_killed_while_a_permission_is_open_withdraws_it_and_leaves_no_agent() {
    let mut sandbox = Sandbox::start().await;
    let nap = format!("sleep 303{}.1", std::process::id());
    let mut events = sandbox.follow(0).await;
    sandbox.give(1, launch(), &format!("spawn {nap}\npermission rm a")).await;
    let part = events.asked().await;
    sandbox.crash().await;
    assert_eq!(processes_with(&nap), [0; 0]);
    let events = sandbox.events().await;
    let bodies: Vec<_> = events.iter().rev().take(3).map(|event| &event.body).collect();
    assert!(
        matches!(
            bodies[..],
            [
                DaemonEventBody::TurnEnded { outcome: TurnOutcome::Interrupted, .. },
                DaemonEventBody::PermissionAnswered { option: None, .. },
                DaemonEventBody::ToolCallEnded { status: ToolCallStatus::Interrupted, .. }
            ]
        ),
        "{bodies:?}"
    );
    assert_eq!(sandbox.answer(1, part, "yes").await, PermissionState::Cancelled);
}

#[tokio::test]
async fn an_agent_that_cant_be_started_says_what_is_wrong() {
    let sandbox = Sandbox::start().await;
    let told = sandbox.prompt(1, with_fault("exit"), "say a").await;
    assert_eq!(told.reason(), "The fake exited with 3. Its last lines:\nfirst words\ncan't find the model");
    let told = sandbox.prompt(2, AcpLaunch { start_timeout_ms: 1_000, ..with_fault("hang") }, "say a").await;
    assert_eq!(told.reason(), "The fake was started, but didn't answer within 1 s.");
    let told = sandbox.prompt(3, AcpLaunch { start_timeout_ms: 1_000, ..with_fault("deaf") }, "say a").await;
    assert!(told.reason().ends_with("Its last lines:\nI am ready!"), "{}", told.reason());
    let told = sandbox.prompt(4, with_fault("newer"), "say a").await;
    assert_eq!(told.reason(), "The fake speaks version 7 of the protocol; version 1 is needed.");
    let told = sandbox.prompt(5, with_fault("auth"), "say a").await;
    let credential = Some("FAKE_KEY".to_owned());
    let reason = "The fake asks for authentication: set FAKE_KEY.".to_owned();
    assert_eq!(told.outcome, TurnOutcome::Failed { reason, credential });
    let hint = "Install it by hand.".to_owned();
    let missing =
        AcpLaunch { program: "no-such-agent".to_owned(), install: Install { npm_package: None, hint }, ..launch() };
    let told = sandbox.prompt(6, missing, "say a").await;
    assert!(told.reason().contains("no program no-such-agent") && told.reason().ends_with("Install it by hand."));
    let told = sandbox.prompt(7, launch(), "refuse the model is overloaded").await;
    assert_eq!(told.reason(), "The fake: Internal error: the model is overloaded");
    assert_eq!(sandbox.prompt(8, launch(), "say fine").await.text(), "fine");
}

#[tokio::test]
async fn garbage_and_megabytes_on_an_agents_output_harm_nobody() {
    let sandbox = Sandbox::start().await;
    let told = sandbox.prompt(1, with_fault("noise"), "noise 20000000\nsay fine").await;
    assert_eq!((told.text().as_str(), told.outcome), ("fine", TurnOutcome::Completed));
}

#[tokio::test]
async fn files_are_read_and_written_in_the_workspace_only() {
    let sandbox = Sandbox::start().await;
    let workspace = sandbox.path("home/workspace");
    std::os::unix::fs::symlink("/etc", workspace.join("link")).unwrap();
    let path = |name: &str| workspace.join(name).display().to_string();
    let (inside, link) = (path("a/b"), path("link/passwd"));
    let told =
        sandbox.prompt(1, launch(), &format!("write {inside} hi\nread {inside}\nread {link}\nread /etc/passwd")).await;
    assert_eq!(told.text(), r#"{}{"content":"hi"}-32602-32602"#);
}

#[tokio::test]
async fn what_an_agents_terminal_prints_is_the_tool_calls_output() {
    let sandbox = Sandbox::start().await;
    let told = sandbox.prompt(1, launch(), "run echo one; sleep 0.1; echo two; exit 3").await;
    let output: String = told
        .events
        .iter()
        .filter_map(|event| match event {
            DaemonEventBody::Output { text, call: 0, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(output, "one\ntwo\n");
    assert_eq!(told.text(), r#"exit 3 output "one\ntwo\n""#);
}

#[tokio::test]
async fn settings_are_applied_before_the_prompt_and_can_be_changed() {
    let sandbox = Sandbox::start().await;
    let change = |value: &str| ChangeSetting { setting: "mode".to_owned(), value: value.to_owned() };
    let (status, _) = sandbox.ask::<serde_json::Value>("POST", "/settings", &change("auto")).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let auto = AcpLaunch { settings: vec![change("auto")], ..launch() };
    let told = sandbox.prompt(1, auto.clone(), "mode").await;
    assert_eq!(told.text(), "mode auto");
    let (status, SettingsChanged { settings }) = sandbox.ask("POST", "/settings", &change("ask")).await;
    assert_eq!((status, settings[0].current.as_str()), (StatusCode::OK, "ask"));
    let (status, _) = sandbox.ask::<serde_json::Value>("POST", "/settings", &change("yolo")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(sandbox.prompt(2, auto, "mode").await.text(), "mode ask", "what was applied once isn't forced again");
    let wrong = AcpLaunch { settings: vec![change("yolo")], ..launch() };
    let told = sandbox.prompt(3, wrong, "say fine").await;
    assert_eq!((told.text().as_str(), told.notices().len()), ("fine", 1));
}

#[tokio::test]
async fn an_agent_gets_its_system_prompt_its_files_and_its_variables() {
    let sandbox = Sandbox::start().await;
    let image = FileContent { name: "a.png".into(), media_type: "image/png".into(), data: "aGk=".into() };
    let text = FileContent { name: "a.txt".into(), media_type: "text/plain".into(), data: "aGVsbG8=".into() };
    let mut events = sandbox.follow(0).await;
    let polite = AcpLaunch { system_prompt: "Be polite.".to_owned(), ..launch() };
    sandbox.give_with(1, polite.clone(), "blocks", vec![image, text]).await;
    let told = events.told().await;
    // An agent that can't take a text is told where it stands.
    let attached = sandbox.path("home/.octobot/attachments").join(sandbox.turn_id(1).to_string()).join("a.txt");
    assert_eq!(std::fs::read_to_string(&attached).unwrap(), "hello");
    let link = format!("\"uri\":\"file://{}\"", attached.display());
    for expected in ["Be polite.", r#""data":"aGk=""#, link.as_str()] {
        assert!(told.text().contains(expected), "{expected}: {}", told.text());
    }
    assert!(!sandbox.prompt(2, polite, "blocks").await.text().contains("polite"), "once a thread");
    let told = sandbox.prompt(3, with_fault("x"), "env FAKE_AGENT\nenv SECRET_OF_THE_DAEMON\nenv HOME").await;
    assert_eq!(told.text(), format!("FAKE_AGENT=xSECRET_OF_THE_DAEMON=HOME={}", sandbox.path("home").display()));
}

#[tokio::test]
async fn a_daemon_that_is_asked_to_end_takes_the_agent_with_it() {
    let mut sandbox = Sandbox::start().await;
    let nap = format!("sleep 304{}.1", std::process::id());
    let mut events = sandbox.follow(0).await;
    sandbox.give(1, launch(), &format!("spawn {nap}\nsay ready\nwait")).await;
    events.said("ready").await;
    assert_eq!(sandbox.terminate().await.code(), Some(0));
    assert_eq!(events.told().await.outcome, TurnOutcome::Interrupted);
    assert_eq!(processes_with(&nap), [0; 0]);
}

#[tokio::test]
async fn a_shell_and_an_agent_share_a_session() {
    let sandbox = Sandbox::start().await;
    assert_eq!(sandbox.run(1, "echo a").await.output, "a\n");
    assert_eq!(sandbox.prompt(2, launch(), "say b").await.text(), "b");
    assert_eq!(sandbox.run(3, "echo c").await.output, "c\n");
}

/// A search path with an npm that does what a script says.
fn path_with_npm(script: &str) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::TempDir::new().unwrap();
    let npm = folder.path().join("npm");
    std::fs::write(&npm, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&npm, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn installable() -> AcpLaunch {
    let install = Install { npm_package: Some("@fakes/agent@1.2.3".to_owned()), hint: "Ask its maker.".to_owned() };
    AcpLaunch { program: "installed-fake".to_owned(), install, ..launch() }
}

#[tokio::test]
async fn an_agent_that_isnt_there_is_installed_with_its_progress_shown() {
    let script = format!(
        "while [ \"$1\" != --prefix ]; do shift; done; echo fetching \"$4\"; \
         mkdir -p \"$2/node_modules/.bin\"; ln -s {} \"$2/node_modules/.bin/installed-fake\"",
        program()
    );
    let npm = path_with_npm(&script);
    let sandbox = Sandbox::start_with_path(&format!("{}:/usr/bin:/bin", npm.path().display())).await;
    let told = sandbox.prompt(1, installable(), "say a").await;
    assert_eq!((told.text().as_str(), &told.outcome), ("a", &TurnOutcome::Completed));
    let DaemonEventBody::ToolCallStarted { call: 0, title, input, .. } = &told.events[1] else {
        panic!("{:?}", told.events);
    };
    assert_eq!((title.as_str(), input.as_str()), ("Install The fake", "npm install @fakes/agent@1.2.3"));
    let DaemonEventBody::Output { text, .. } = &told.events[2] else { panic!("{:?}", told.events) };
    assert_eq!(text, "fetching @fakes/agent@1.2.3\n");
    assert!(matches!(told.statuses()[..], [ToolCallStatus::Exited { exit_code: 0, .. }]));
    let told = sandbox.prompt(2, installable(), "say b").await;
    assert_eq!((told.text().as_str(), told.statuses().len()), ("b", 0), "once");
}

#[tokio::test]
async fn an_installation_that_fails_or_is_cancelled_leaves_nothing_half_done() {
    let npm = path_with_npm("echo no such package; mkdir -p node_modules; exit 4");
    let sandbox = Sandbox::start_with_path(&format!("{}:/usr/bin:/bin", npm.path().display())).await;
    let told = sandbox.prompt(1, installable(), "say a").await;
    let expected = "The fake couldn't be installed: see what npm install @fakes/agent@1.2.3 printed. Ask its maker.";
    assert_eq!(told.reason(), expected);
    let cache = sandbox.path("home/.cache/octobot/agents");
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 0);
    std::fs::write(npm.path().join("npm"), "#!/bin/sh\necho slow; sleep 1000").unwrap();
    let mut events = sandbox.follow(sandbox.health().await.last_event).await;
    sandbox.give(2, installable(), "say a").await;
    events.printed("slow").await;
    sandbox.cancel(2).await;
    let told = events.told().await;
    assert_eq!(told.outcome, TurnOutcome::Cancelled);
    assert!(matches!(told.statuses()[..], [ToolCallStatus::Cancelled { .. }]));
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 0);
}

#[tokio::test]
async fn an_idle_daemon_is_small_also_after_an_agent_has_said_much() {
    let sandbox = Sandbox::start().await;
    sandbox.prompt(1, launch(), "noise 20000000\nsay fine").await;
    let status = std::fs::read_to_string(format!("/proc/{}/status", sandbox.daemon.id())).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    let kib: u64 = resident.trim().trim_end_matches(" kB").parse().unwrap();
    // What a debug build has of its program in memory isn't what counts.
    assert!(kib < 10 * 1024, "{kib} KiB");
}

#[tokio::test]
async fn an_agent_that_ends_because_its_daemon_was_killed_takes_its_tools_along() {
    // Whether the agent or its root process hears first that the daemon is gone is a matter of luck.
    for round in 1..=10 {
        let nap = format!("sleep 306{}.{round}", std::process::id());
        let sandbox = Sandbox::start().await;
        sandbox.prompt(1, launch(), &format!("spawn {nap}")).await;
        eventually("it runs", || (!processes_with(&nap).is_empty()).then_some(())).await;
        drop(sandbox);
        eventually("all end", || processes_with(&nap).is_empty().then_some(())).await;
    }
}

#[tokio::test]
async fn a_daemon_or_an_agent_killed_at_any_moment_leaves_a_log_without_gaps_and_a_thread_that_goes_on() {
    let mut sandbox = Sandbox::start().await;
    let script = "pid\nthink a\nplan a|b\nedit a\nrun echo a; sleep 0.01; echo b\nsay a\nsleep 5\nsay b\n".repeat(3);
    for turn in 1..=20 {
        let after = sandbox.health().await.last_event;
        let mut events = sandbox.follow(after).await;
        sandbox.give(turn, launch(), &script).await;
        // The further, the later in the turn, from its first event on.
        let mut said = String::new();
        for _ in 0..turn {
            if let Some(DaemonEventBody::Text { text, .. }) = events.next().await.map(|event| event.body) {
                said.push_str(&text);
            }
        }
        let agent =
            said.split("pid ").nth(1).map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
        match agent.and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw).filter(|_| turn % 2 == 0) {
            Some(pid) => {
                kill_process(pid, Signal::KILL).unwrap();
                assert!(matches!(events.told().await.outcome, TurnOutcome::Failed { .. }));
            }
            None => sandbox.crash().await,
        }
    }
    let told = sandbox.prompt(21, launch(), "prompts").await;
    assert_eq!(told.outcome, TurnOutcome::Completed);
    let events = sandbox.events().await;
    assert!(events.iter().map(|event| event.number).eq(1..=events.len() as u64));
    let count = |wanted: fn(&DaemonEventBody) -> bool| events.iter().filter(|event| wanted(&event.body)).count();
    assert_eq!(count(|body| matches!(body, DaemonEventBody::TurnStarted { .. })), 21);
    assert_eq!(count(|body| matches!(body, DaemonEventBody::TurnEnded { .. })), 21);
    let started = count(|body| matches!(body, DaemonEventBody::ToolCallStarted { .. }));
    assert_eq!(count(|body| matches!(body, DaemonEventBody::ToolCallEnded { .. })), started);
}
