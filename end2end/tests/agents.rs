//! Real agents under the real daemon, against a simulated model API.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use octobot_end2end::agents;
use octobot_end2end::daemon::Daemon;
use octobot_end2end::model::{Block, Fault, Model, Scenario, Step};
use octobot_wire::daemon::{DaemonEventBody, TurnOutcome};
use octobot_wire::launch::AcpLaunch;
use octobot_wire::message::ToolCallStatus;
use octobot_wire::permission::{PermissionKind, PermissionOption, PermissionState};
use octobot_wire::plan::PlanStatus;
use octobot_wire::setting::SettingCategory;
use octobot_wire::tool::{CallContent, ToolKind};
use serde_json::json;

/// Runs a test with an agent, if it is installed.
async fn with_agent(program: &str, test: impl AsyncFnOnce(&Model, &mut Daemon) -> Result<()>) {
    if let Some(why) = agents::missing(program) {
        assert!(std::env::var_os("OCTOBOT_TEST_STRICT").is_none(), "{why}, and nothing may be skipped");
        eprintln!("SKIPPED: {program}: {why}");
        return;
    }
    let model = Model::start().await.expect("the model API starts");
    let mut daemon = Daemon::start(&agents::programs()).await.expect("the daemon starts");
    test(&model, &mut daemon).await.expect("the test passes");
}

fn option(options: &[PermissionOption], kind: PermissionKind) -> Result<&str> {
    let option = options.iter().find(|option| option.kind == kind);
    Ok(&option.with_context(|| format!("no {kind:?} in {options:?}"))?.id)
}

fn writes(cue: &str, file: &Path) -> Scenario {
    let input = json!({ "file_path": file, "content": "Hello\n" });
    let write = Block::Tool { name: "Write".to_owned(), input };
    Scenario::cued(cue)
        .step(Step::thought("The user wants a file.").and(Block::Text("I write it.".to_owned())).and(write))
        .step(Step::text("It is **written**."))
}

fn statuses(events: &[DaemonEventBody]) -> Vec<ToolCallStatus> {
    let status = |event: &DaemonEventBody| match event {
        DaemonEventBody::ToolCallEnded { status, .. } => Some(*status),
        _ => None,
    };
    events.iter().filter_map(status).collect()
}

fn told_settings(events: &[DaemonEventBody], launch: &AcpLaunch) -> bool {
    let wanted = &launch.settings[0].value;
    events.iter().any(|event| match event {
        DaemonEventBody::Settings { settings } => {
            settings.iter().any(|setting| setting.category == SettingCategory::Mode && setting.current == *wanted)
        }
        _ => false,
    })
}

#[tokio::test]
async fn claude_code_writes_a_file_when_it_may() {
    with_agent("claude-agent-acp", async |model, daemon| {
        let file = daemon.workspace().join("hello.txt");
        model.play(writes("create hello.txt", &file));
        let launch = agents::claude_code(model.url());
        let mut turn = daemon.prompt(1, &launch, "create hello.txt").await?;
        let asked = turn.asked().await?;
        ensure!(asked.title.contains("hello.txt"), "{}", asked.title);
        ensure!(!file.exists(), "it was written without permission");
        let allow = option(&asked.options, PermissionKind::AllowOnce)?;
        let state = PermissionState::Answered { option: allow.to_owned() };
        ensure!(turn.answer(asked.part, allow).await? == state);
        ensure!(turn.end().await? == TurnOutcome::Completed, "{:#?}", turn.events);
        ensure!(std::fs::read_to_string(&file)? == "Hello\n");
        ensure!(turn.text().contains("I write it.") && turn.text().ends_with("It is **written**."), "{}", turn.text());
        let diff = turn.events.iter().any(|event| match event {
            DaemonEventBody::ToolCallChanged { change, .. } => change.content.iter().flatten().any(
                |item| matches!(item, CallContent::Diff { path, old: None, new, .. } if path == "hello.txt" && new == "Hello\n"),
            ),
            _ => false,
        });
        ensure!(diff, "no diff: {:#?}", turn.events);
        ensure!(turn.events.iter().any(|event| matches!(event, DaemonEventBody::Reasoning { .. })), "no thoughts");
        ensure!(turn.events.iter().any(|event| matches!(event, DaemonEventBody::Commands { commands } if !commands.is_empty())));
        ensure!(turn.events.iter().any(|event| matches!(event, DaemonEventBody::TurnUsage { usage, .. } if usage.output_tokens > 0 && usage.cost_micros > 0)));
        ensure!(told_settings(&turn.events, &launch), "the mode wasn't set");
        ensure!(matches!(statuses(&turn.events)[..], [ToolCallStatus::Completed { .. }]));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn claude_code_is_refused_cancelled_and_goes_on() {
    with_agent("claude-agent-acp", async |model, daemon| {
        let file = daemon.workspace().join("hello.txt");
        model.play(writes("first", &file));
        model.play(writes("second", &file));
        model.play(Scenario::cued("third").step(Step::text("Still here.")));
        let launch = agents::claude_code(model.url());
        let mut turn = daemon.prompt(1, &launch, "first").await?;
        let asked = turn.asked().await?;
        turn.answer(asked.part, option(&asked.options, PermissionKind::RejectOnce)?).await?;
        ensure!(turn.end().await? == TurnOutcome::Completed);
        ensure!(matches!(statuses(&turn.events)[..], [ToolCallStatus::Failed { .. }]));
        let mut turn = daemon.prompt(2, &launch, "second").await?;
        let asked = turn.asked().await?;
        turn.cancel().await?;
        ensure!(turn.end().await? == TurnOutcome::Cancelled);
        let allow = option(&asked.options, PermissionKind::AllowOnce)?;
        ensure!(turn.answer(asked.part, allow).await? == PermissionState::Cancelled);
        ensure!(!file.exists());
        let mut turn = daemon.prompt(3, &launch, "third").await?;
        ensure!(turn.end().await? == TurnOutcome::Completed && turn.text() == "Still here.", "{}", turn.text());
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn claude_code_runs_a_command_makes_a_plan_and_survives_an_overloaded_model() {
    with_agent("claude-agent-acp", async |model, daemon| {
        let todo = |content, status| json!({ "content": content, "status": status, "activeForm": content });
        let todos = json!({ "todos": [todo("look", "in_progress"), todo("write", "pending")] });
        let command = json!({ "command": "echo from the shell", "description": "Say something" });
        model.play(
            Scenario::cued("plan it")
                .step(Step::tool("TodoWrite", todos).after(Fault::Status(529)))
                .step(Step::tool("Bash", command).after(Fault::Status(500)))
                .step(Step::text("That went well.")),
        );
        let mut turn = daemon.prompt(1, &agents::claude_code(model.url()), "plan it").await?;
        let outcome = loop {
            // Whether such a command needs a permission is the agent's own affair.
            match turn.asked_or_ended().await? {
                Ok(asked) => turn.answer(asked.part, option(&asked.options, PermissionKind::AllowOnce)?).await?,
                Err(outcome) => break outcome,
            };
        };
        ensure!(outcome == TurnOutcome::Completed, "{outcome:?}");
        ensure!(turn.text().ends_with("That went well."), "{}", turn.text());
        let plan = turn.events.iter().find_map(|event| match event {
            DaemonEventBody::Plan { entries, .. } => Some(entries),
            _ => None,
        });
        ensure!(plan.context("no plan")?[0].status == PlanStatus::InProgress);
        let runs = |event: &&DaemonEventBody| {
            matches!(event, DaemonEventBody::ToolCallStarted { kind: ToolKind::Execute, .. })
        };
        ensure!(turn.events.iter().any(|event| runs(&event)));
        let output: String = turn
            .events
            .iter()
            .filter_map(|event| match event {
                DaemonEventBody::Output { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        ensure!(output.contains("from the shell"), "{output:?}");
        ensure!(model.requests().iter().any(|request| request.status == 529));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn claude_code_goes_on_with_its_thread_after_the_daemon_was_killed() {
    with_agent("claude-agent-acp", async |model, daemon| {
        let file = daemon.workspace().join("hello.txt");
        model.play(Scenario::cued("my name is Ada").step(Step::text("Hello Ada.")));
        model.play(writes("while you are killed", &file));
        model.play(Scenario::cued("what is my name").step(Step::text("It is Ada.")));
        let launch = agents::claude_code(model.url());
        ensure!(daemon.prompt(1, &launch, "my name is Ada").await?.end().await? == TurnOutcome::Completed);
        daemon.prompt(2, &launch, "while you are killed").await?.asked().await?;
        daemon.kill_and_restart().await?;
        let mut turn = daemon.prompt(3, &launch, "what is my name").await?;
        ensure!(turn.end().await? == TurnOutcome::Completed && turn.text() == "It is Ada.", "{:#?}", turn.events);
        ensure!(!turn.events.iter().any(|event| matches!(event, DaemonEventBody::Notice { .. })), "{:#?}", turn.events);
        ensure!(model.heard(&["what is my name", "my name is Ada"]), "the thread is gone");
        let log = daemon.log()?;
        ensure!(log.iter().map(|event| event.number).eq(1..=log.len() as u64), "the log has a gap");
        let interrupted = |event: &DaemonEventBody| {
            matches!(event, DaemonEventBody::TurnEnded { outcome: TurnOutcome::Interrupted, .. })
        };
        ensure!(log.iter().any(|event| interrupted(&event.body)));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn claude_code_stops_in_the_middle_of_a_sentence() {
    with_agent("claude-agent-acp", async |model, daemon| {
        let slowly = Step::text(&"word ".repeat(1_000)).slowly(Duration::from_millis(50));
        model.play(Scenario::cued("talk").step(slowly));
        let mut turn = daemon.prompt(1, &agents::claude_code(model.url()), "talk").await?;
        turn.said("word word").await?;
        let asked = Instant::now();
        turn.cancel().await?;
        ensure!(turn.end().await? == TurnOutcome::Cancelled);
        ensure!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn claude_code_survives_a_stream_that_is_cut() {
    with_agent("claude-agent-acp", async |model, daemon| {
        model.play(Scenario::cued("talk").step(Step::text("All of this must arrive, to the end.").after(Fault::Cut)));
        let mut turn = daemon.prompt(1, &agents::claude_code(model.url()), "talk").await?;
        ensure!(turn.end().await? == TurnOutcome::Completed, "{:#?}", turn.events);
        ensure!(turn.text().trim_end().ends_with("All of this must arrive, to the end."), "{:?}", turn.text());
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn claude_code_without_a_key_names_the_credential() {
    with_agent("claude-agent-acp", async |model, daemon| {
        let mut launch = agents::claude_code(model.url());
        launch.variables.retain(|variable| variable.name != "ANTHROPIC_API_KEY");
        launch.credential = Some("ANTHROPIC_API_KEY".to_owned());
        let outcome = daemon.prompt(1, &launch, "hello").await?.end().await?;
        let TurnOutcome::Failed { reason, credential } = outcome else { anyhow::bail!("{outcome:?}") };
        ensure!(reason.contains("ANTHROPIC_API_KEY") && credential.as_deref() == Some("ANTHROPIC_API_KEY"), "{reason}");
        Ok(())
    })
    .await;
}

/// The agent asks, is allowed, and writes a file.
async fn writes_a_file(
    launch: &AcpLaunch,
    tool: &str,
    input: serde_json::Value,
    model: &Model,
    daemon: &Daemon,
) -> Result<()> {
    let file = daemon.workspace().join("hello.txt");
    model.play(Scenario::cued("create hello.txt").step(Step::tool(tool, input)).step(Step::text("It is **written**.")));
    let mut turn = daemon.prompt(1, launch, "create hello.txt").await?;
    let asked = turn.asked().await?;
    ensure!(!file.exists(), "it was written without permission");
    turn.answer(asked.part, option(&asked.options, PermissionKind::AllowOnce)?).await?;
    ensure!(turn.end().await? == TurnOutcome::Completed, "{:#?}", turn.events);
    ensure!(std::fs::read_to_string(&file)? == "Hello\n", "{:#?}", turn.events);
    ensure!(turn.text().trim_end().ends_with("It is **written**."), "{}", turn.text());
    let is_completed = |status: &ToolCallStatus| matches!(status, ToolCallStatus::Completed { .. });
    ensure!(statuses(&turn.events).iter().any(is_completed), "{:#?}", turn.events);
    Ok(())
}

/// After its daemon was killed the agent knows what was said, from its own thread.
async fn keeps_its_thread(launch: &AcpLaunch, model: &Model, daemon: &mut Daemon) -> Result<()> {
    model.play(Scenario::cued("are you there").step(Step::text("Still here.")));
    daemon.kill_and_restart().await?;
    let mut turn = daemon.prompt(2, launch, "are you there").await?;
    ensure!(turn.end().await? == TurnOutcome::Completed && turn.text().contains("Still here."), "{:#?}", turn.events);
    ensure!(!turn.events.iter().any(|event| matches!(event, DaemonEventBody::Notice { .. })), "{:#?}", turn.events);
    ensure!(model.heard(&["are you there", "create hello.txt"]), "the thread is gone");
    Ok(())
}

#[tokio::test]
async fn gemini_cli_writes_a_file_when_it_may_and_is_told_what_was_said_when_it_starts_again() {
    with_agent("gemini", async |model, daemon| {
        let input = json!({ "file_path": daemon.workspace().join("hello.txt"), "content": "Hello\n" });
        let launch = agents::gemini_cli(model.url());
        writes_a_file(&launch, "write_file", input, model, daemon).await?;

        // It isn't asked to load its thread, so it is told what was said, and the user is told that.
        model.play(Scenario::cued("are you there").step(Step::text("Still here.")));
        daemon.kill_and_restart().await?;
        let launch = AcpLaunch { transcript: "## User\n\nMy name is Ada.".to_owned(), ..launch };
        let mut turn = daemon.prompt(2, &launch, "are you there").await?;
        ensure!(turn.end().await? == TurnOutcome::Completed && turn.text() == "Still here.", "{:#?}", turn.events);
        let says_so = |event: &DaemonEventBody| match event {
            DaemonEventBody::Notice { text, .. } => text.contains("couldn't be loaded again"),
            _ => false,
        };
        ensure!(turn.events.iter().any(says_so), "{:#?}", turn.events);
        ensure!(model.heard(&["are you there", "My name is Ada."]), "it wasn't told");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn codex_writes_a_file_when_it_may() {
    with_agent("codex-acp", async |model, daemon| {
        let input = json!({
            "cmd": "printf 'Hello\\n' > hello.txt", "sandbox_permissions": "require_escalated",
            "justification": "May I write the file?",
        });
        let launch = agents::codex(model.url());
        writes_a_file(&launch, "exec_command", input, model, daemon).await?;
        keeps_its_thread(&launch, model, daemon).await
    })
    .await;
}

#[tokio::test]
async fn opencode_writes_a_file_when_it_may() {
    with_agent("opencode", async |model, daemon| {
        let input = json!({ "filePath": daemon.workspace().join("hello.txt"), "content": "Hello\n" });
        let launch = agents::open_code(model.url());
        writes_a_file(&launch, "write", input, model, daemon).await?;
        keeps_its_thread(&launch, model, daemon).await
    })
    .await;
}

#[tokio::test]
async fn copilot_cli_writes_a_file_when_it_may() {
    with_agent("copilot", async |model, daemon| {
        let input = json!({ "path": daemon.workspace().join("hello.txt"), "file_text": "Hello\n" });
        let launch = agents::copilot_cli(model.url());
        writes_a_file(&launch, "create", input, model, daemon).await?;
        keeps_its_thread(&launch, model, daemon).await
    })
    .await;
}

#[tokio::test]
async fn copilot_cli_without_a_token_names_the_credential() {
    with_agent("copilot", async |model, daemon| {
        let launch = AcpLaunch {
            variables: Vec::new(),
            credential: Some("COPILOT_GITHUB_TOKEN".to_owned()),
            ..agents::copilot_cli(model.url())
        };
        let outcome = daemon.prompt(1, &launch, "hello").await?.end().await?;
        let TurnOutcome::Failed { reason, credential } = outcome else { anyhow::bail!("{outcome:?}") };
        ensure!(reason.contains("COPILOT_GITHUB_TOKEN") && credential.is_some(), "{reason}");
        Ok(())
    })
    .await;
}
