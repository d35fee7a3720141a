//! No I/O, no async: what happens in, effects out.

use octobot_wire::form::{Field, FieldKind, Filled};
use octobot_wire::launch::AcpLaunch;
use octobot_wire::permission::{PermissionKind, PermissionOption};
use octobot_wire::setting::SettingChoice;

use super::*;
use crate::turn::end::{LOG_FAILED, NOT_ENDED, failed};

fn id(number: u32) -> TurnId {
    format!("0190163d-8694-739b-aea5-{number:012}").parse().unwrap()
}

fn turn(number: u32, setup_script: &str, prompt: &str) -> DeliverTurn {
    DeliverTurn {
        turn_id: id(number),
        launch: Launch::Shell,
        setup_script: setup_script.into(),
        is_held: false,
        prompt: prompt.into(),
        files: Vec::new(),
    }
}

#[test]
fn a_turn_that_cant_be_begun_fails_and_the_next_one_is_set_up() {
    let mut turns = fresh();
    let effects = turns.refuse(id(1), "No room.".to_owned());
    assert_eq!(
        effects,
        [Effect::Log(DaemonEventBody::TurnEnded { turn_id: id(1), outcome: failed("No room.") }), Effect::Sync]
    );
    assert_eq!((turns.running(), turns.reception(id(1))), (None, Reception::Repeated));
    assert_eq!(turns.reception(id(2)), Reception::New);
    let effects = turns.start(turn(2, "make", "ls"));
    assert!(matches!(&effects[1], Effect::Start { script, .. } if script == "make"), "{effects:?}");
}

/// A turn whose setup script has run, and whose prompt is held.
fn with_held() -> Turns {
    let mut turns = fresh();
    turns.start(DeliverTurn { is_held: true, ..turn(1, "make", "ls") });
    assert_eq!(turns.call_ended(&CallEnd::Exited(0), 7), [call_ended(1, 0, exited(0)), set_up(1), Effect::Sync]);
    turns
}

fn set_up(number: u32) -> Effect {
    Effect::Log(DaemonEventBody::SetUp { turn_id: id(number) })
}

fn fresh() -> Turns {
    Turns::resume(History::default()).0
}

/// One turn, with the prompt `ls`, that runs.
fn with_running() -> Turns {
    let mut turns = fresh();
    turns.start(turn(1, "", "ls"));
    turns
}

fn call_started(number: u32, call: u32, title: &str, input: &str) -> Effect {
    let (title, input) = (title.into(), input.into());
    let kind = ToolKind::Execute;
    Effect::Log(DaemonEventBody::ToolCallStarted { turn_id: id(number), call, title, input, kind })
}

fn call_ended(number: u32, call: u32, status: ToolCallStatus) -> Effect {
    Effect::Log(DaemonEventBody::ToolCallEnded { turn_id: id(number), call, status })
}

fn turn_ended(number: u32, outcome: TurnOutcome) -> Effect {
    Effect::Log(DaemonEventBody::TurnEnded { turn_id: id(number), outcome })
}

fn exited(exit_code: u8) -> ToolCallStatus {
    ToolCallStatus::Exited { exit_code, duration_ms: 7 }
}

fn run(number: u32, script: &str) -> Effect {
    Effect::Start { turn_id: id(number), script: script.into() }
}

fn no_stragglers(number: u32) -> Effect {
    Effect::EndStragglers { turn_id: id(number) }
}

#[test]
fn a_turn_runs_its_prompt_and_completes_whatever_the_status() {
    let mut turns = fresh();
    assert_eq!(turns.reception(id(1)), Reception::New);
    let effects = turns.start(turn(1, "", "\n  ls -l\npwd"));
    assert_eq!(effects, [call_started(1, 0, "ls -l", "\n  ls -l\npwd"), run(1, "\n  ls -l\npwd")]);
    let printed = DaemonEventBody::Output { turn_id: id(1), call: 0, text: "x".into() };
    assert_eq!(turns.output("x".into()), [Effect::Log(printed)]);
    let effects = turns.call_ended(&CallEnd::Exited(3), 7);
    assert_eq!(effects, [call_ended(1, 0, exited(3)), turn_ended(1, TurnOutcome::Completed), Effect::Sync]);
    assert_eq!(turns.running(), None);
}

#[test]
fn a_script_that_a_signal_ends_completes_its_turn() {
    let effects = with_running().call_ended(&CallEnd::Killed(11), 7);
    let killed = ToolCallStatus::Killed { signal: 11, duration_ms: 7 };
    assert_eq!(effects, [call_ended(1, 0, killed), turn_ended(1, TurnOutcome::Completed), Effect::Sync]);
}

#[test]
fn a_turn_is_known_while_it_runs_and_for_ever_after() {
    let mut turns = with_running();
    assert_eq!(turns.reception(id(1)), Reception::Repeated);
    assert_eq!(turns.reception(id(2)), Reception::Busy(id(1)));
    turns.call_ended(&CallEnd::Exited(0), 7);
    assert_eq!(turns.reception(id(1)), Reception::Repeated);
    assert_eq!(turns.reception(id(2)), Reception::New);
}

#[test]
fn the_setup_script_runs_once_before_the_first_prompt() {
    let mut turns = fresh();
    assert_eq!(turns.start(turn(1, "make", "ls")), [call_started(1, 0, "Set up", "make"), run(1, "make")]);
    let effects = turns.call_ended(&CallEnd::Exited(0), 7);
    assert_eq!(effects, [call_ended(1, 0, exited(0)), set_up(1), call_started(1, 1, "ls", "ls"), run(1, "ls")]);
    turns.call_ended(&CallEnd::Exited(0), 7);
    assert_eq!(turns.start(turn(2, "make", "pwd")), [call_started(2, 0, "pwd", "pwd"), run(2, "pwd")]);
}

#[test]
fn a_prompt_that_is_held_begins_when_it_is_let_go() {
    let mut turns = with_held();
    assert_eq!((turns.held(), turns.running(), turns.is_set_up()), (Some(id(1)), Some(id(1)), true));
    assert_eq!(turns.proceed(id(2)), Err(UnknownTurn(id(2))));
    assert_eq!(turns.proceed(id(1)), Ok(vec![call_started(1, 1, "ls", "ls"), run(1, "ls")]));
    assert_eq!((turns.held(), turns.proceed(id(1))), (None, Ok(Vec::new())));
    let effects = turns.call_ended(&CallEnd::Exited(0), 7);
    assert_eq!(effects, [call_ended(1, 1, exited(0)), turn_ended(1, TurnOutcome::Completed), Effect::Sync]);
    let next = DeliverTurn { is_held: true, ..turn(2, "make", "pwd") };
    assert_eq!(turns.start(next), [call_started(2, 0, "pwd", "pwd"), run(2, "pwd")], "only after a setup");
}

#[test]
fn a_turn_that_is_stopped_while_its_prompt_is_held_ends_at_once() {
    let mut turns = with_held();
    assert_eq!(turns.cancel(id(1)), Ok(vec![turn_ended(1, TurnOutcome::Cancelled), Effect::Sync]));
    assert_eq!((turns.running(), turns.proceed(id(1))), (None, Ok(Vec::new())));
    assert_eq!(with_held().shut_down(), [turn_ended(1, TurnOutcome::Interrupted), Effect::Sync]);
    assert_eq!(with_held().log_failed(), [turn_ended(1, failed(end::LOG_FAILED)), Effect::Sync]);
}

#[test]
fn a_setup_script_that_fails_fails_the_turn() {
    let mut turns = fresh();
    turns.start(turn(1, "make", "ls"));
    let effects = turns.call_ended(&CallEnd::Exited(2), 7);
    let failed = failed("The setup script exited with 2, so the prompt wasn't run.");
    assert_eq!(effects, [call_ended(1, 0, exited(2)), turn_ended(1, failed), Effect::Sync]);
}

#[test]
fn a_cancelled_turn_ends_so_even_when_the_script_exits_first() {
    for end in [CallEnd::Stopped { left: 0 }, CallEnd::Exited(0), CallEnd::Killed(15)] {
        let mut turns = with_running();
        assert_eq!(turns.cancel(id(1)), Ok(vec![Effect::Stop { grace: CANCEL_GRACE }]));
        let cancelled = ToolCallStatus::Cancelled { duration_ms: 7 };
        assert_eq!(
            turns.call_ended(&end, 7),
            [no_stragglers(1), call_ended(1, 0, cancelled), turn_ended(1, TurnOutcome::Cancelled), Effect::Sync]
        );
    }
}

#[test]
fn cancelling_during_the_setup_doesnt_run_the_prompt() {
    let mut turns = fresh();
    turns.start(turn(1, "make", "ls"));
    turns.cancel(id(1)).unwrap();
    let effects = turns.call_ended(&CallEnd::Exited(0), 7);
    assert!(effects.contains(&turn_ended(1, TurnOutcome::Cancelled)), "{effects:?}");
    assert_eq!(turns.running(), None);
}

#[test]
fn cancelling_twice_or_too_late_does_nothing() {
    let mut turns = with_running();
    turns.cancel(id(1)).unwrap();
    assert_eq!(turns.cancel(id(1)), Ok(vec![]));
    turns.call_ended(&CallEnd::Stopped { left: 0 }, 7);
    assert_eq!(turns.cancel(id(1)), Ok(vec![]));
}

#[test]
fn a_turn_that_was_never_delivered_cant_be_cancelled() {
    assert_eq!(with_running().cancel(id(2)), Err(UnknownTurn(id(2))));
}

#[test]
fn a_stop_that_leaves_processes_says_so() {
    let mut turns = with_running();
    turns.cancel(id(1)).unwrap();
    let effects = turns.call_ended(&CallEnd::Stopped { left: 2 }, 7);
    let says_so = |effect: &Effect| {
        matches!(effect, Effect::Log(DaemonEventBody::TurnEnded { outcome: TurnOutcome::Failed { .. }, .. }))
    };
    assert!(effects.iter().any(says_so), "{effects:?}");
}

#[test]
fn shutting_down_interrupts_what_runs_and_lets_nothing_new_in() {
    let mut turns = with_running();
    assert_eq!(turns.shut_down(), [Effect::Stop { grace: SHUTDOWN_GRACE }]);
    let effects = turns.call_ended(&CallEnd::Stopped { left: 0 }, 7);
    assert_eq!(
        effects[1..],
        [call_ended(1, 0, ToolCallStatus::Interrupted), turn_ended(1, TurnOutcome::Interrupted), Effect::Sync]
    );
    assert_eq!(turns.reception(id(2)), Reception::ShuttingDown);
}

#[test]
fn shutting_down_shortens_the_grace_of_a_cancelled_turn_which_stays_cancelled() {
    let mut turns = with_running();
    turns.cancel(id(1)).unwrap();
    assert_eq!(turns.shut_down(), [Effect::Stop { grace: SHUTDOWN_GRACE }]);
    let effects = turns.call_ended(&CallEnd::Stopped { left: 0 }, 7);
    assert!(effects.contains(&turn_ended(1, TurnOutcome::Cancelled)), "{effects:?}");
}

#[test]
fn a_log_that_cant_be_written_ends_the_turn() {
    let mut turns = with_running();
    assert_eq!(turns.log_failed(), [Effect::Stop { grace: Duration::ZERO }]);
    let effects = turns.call_ended(&CallEnd::Stopped { left: 0 }, 7);
    assert_eq!(effects[1], call_ended(1, 0, ToolCallStatus::Interrupted));
}

#[test]
fn a_script_that_cant_be_run_fails_the_turn_and_leaves_nothing() {
    let effects = with_running().call_ended(&CallEnd::Broken("no".into()), 7);
    let failed = failed("no");
    assert_eq!(
        effects,
        [no_stragglers(1), call_ended(1, 0, ToolCallStatus::Interrupted), turn_ended(1, failed), Effect::Sync]
    );
}

#[test]
fn a_turn_that_the_daemons_death_left_open_is_ended() {
    let history = |calls: &[u32]| {
        let mut history = History::default();
        history.turn_started(id(1));
        history.open.as_mut().unwrap().calls.extend(calls);
        history
    };
    let (turns, effects) = Turns::resume(history(&[1]));
    let ended = turn_ended(1, TurnOutcome::Interrupted);
    assert_eq!(effects, [call_ended(1, 1, ToolCallStatus::Interrupted), ended.clone(), Effect::Sync]);
    assert_eq!(turns.reception(id(1)), Reception::Repeated);
    assert_eq!(Turns::resume(history(&[])).1, [ended, Effect::Sync]);
}

#[test]
fn a_setup_that_the_daemons_death_cut_short_is_run_again() {
    use crate::log::{Record, RecordKind};
    let record = |kind, call| Record {
        number: 1,
        kind,
        turn_id: Some(id(1)),
        call,
        part: None,
        option: None,
        thread_id: None,
        conversation: 0,
        outcome: None,
    };
    let mut history = History::default();
    history.observe(&record(RecordKind::TurnStarted, None));
    history.observe(&record(RecordKind::ToolCallStarted, Some(0)));
    assert_eq!(history.open, Some(OpenTurn { turn_id: id(1), calls: [0].into() }));
    assert!(!history.set_up);
    history.observe(&record(RecordKind::ToolCallEnded, Some(0)));
    let mut before_this_event_was_told = history.clone();
    history.observe(&record(RecordKind::SetUp, None));
    assert!(history.set_up);
    before_this_event_was_told.observe(&record(RecordKind::ToolCallStarted, Some(1)));
    assert!(before_this_event_was_told.set_up);
}

#[test]
fn a_title_is_one_short_line_without_control_characters() {
    assert_eq!(title_of(" \n\t\n  a\tb \nc"), "a b");
    assert_eq!(title_of(&"é".repeat(80)), "é".repeat(80));
    assert_eq!(title_of(&"é".repeat(81)), format!("{}…", "é".repeat(79)));
    assert_eq!(title_of(""), "");
}

fn agent_launch() -> Launch {
    Launch::Acp(Box::new(AcpLaunch {
        name: "The agent".into(),
        program: "agent".into(),
        arguments: Vec::new(),
        variables: Vec::new(),
        start_timeout_ms: 1,
        install: octobot_wire::launch::Install::default(),
        credential: None,
        auth_method: None,
        offers_files: true,
        loads_threads: true,
        system_prompt: String::new(),
        system_prompt_way: octobot_wire::launch::SystemPromptWay::Protocol,
        settings: Vec::new(),
        transcript: String::new(),
        conversation: 0,
        mcp_servers: Vec::new(),
    }))
}

fn for_agent(number: u32, setup_script: &str) -> DeliverTurn {
    DeliverTurn { launch: agent_launch(), ..turn(number, setup_script, "hello") }
}

/// A turn that an agent works on and asks a permission in, as part 4.
fn with_permission() -> Turns {
    let mut turns = fresh();
    turns.start(for_agent(1, ""));
    let option = |id: &str| PermissionOption { id: id.into(), name: id.into(), kind: PermissionKind::AllowOnce };
    let effects = turns.asked(question(4, vec![option("yes"), option("no")], Vec::new()));
    assert!(matches!(effects[..], [Effect::Log(DaemonEventBody::PermissionRequested { part: 4, .. }), Effect::Sync]));
    turns
}

fn question(part: u32, options: Vec<PermissionOption>, fields: Vec<Field>) -> Question {
    Question { part, call: Some(3), title: "rm".into(), options, fields }
}

fn answer(option: &str) -> AnswerPermission {
    AnswerPermission { option: option.into(), values: Vec::new() }
}

fn answered(number: u32, option: Option<&str>) -> Effect {
    let option = option.map(str::to_owned);
    Effect::Log(DaemonEventBody::PermissionAnswered { turn_id: id(number), part: 4, option, values: Vec::new() })
}

#[test]
fn an_agents_prompt_follows_the_setup_script() {
    let mut turns = fresh();
    assert_eq!(turns.start(for_agent(1, "make"))[1], run(1, "make"));
    let effects = turns.call_ended(&CallEnd::Exited(0), 7);
    let [Effect::Log(_), Effect::Log(_), Effect::Prompt(prompt)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((prompt.text.as_str(), prompt.first_part), ("hello", 1));
    let effects = turns.prompt_ended(PromptEnd::Completed);
    assert_eq!(effects, [turn_ended(1, TurnOutcome::Completed), Effect::Sync]);
    assert!(matches!(turns.start(for_agent(2, "make"))[..], [Effect::Prompt(_)]));
}

#[test]
fn an_answer_is_durable_before_the_agent_hears_it_and_counts_once() {
    let mut turns = with_permission();
    let yes = PermissionState::Answered { option: "yes".into() };
    assert_eq!(turns.answer(id(1), 4, answer("maybe")), Err(AnswerError::NoSuchOption("maybe".into())));
    let effects = vec![answered(1, Some("yes")), Effect::Sync, Effect::Answer { part: 4, answer: answer("yes") }];
    assert_eq!(turns.answer(id(1), 4, answer("yes")), Ok((yes.clone(), effects)));
    assert_eq!(turns.answer(id(1), 4, answer("no")), Ok((yes.clone(), Vec::new())));
    let unknown = |turn, part| Err(AnswerError::Unknown { turn_id: id(turn), part });
    assert_eq!(turns.answer(id(1), 5, answer("yes")), unknown(1, 5));
    assert_eq!(turns.answer(id(2), 4, answer("yes")), unknown(2, 4));
    assert_eq!(turns.prompt_ended(PromptEnd::Completed), [turn_ended(1, TurnOutcome::Completed), Effect::Sync]);
    assert_eq!(turns.answer(id(1), 4, answer("no")), Ok((yes, Vec::new())));
}

#[test]
fn cancelling_withdraws_the_permission_before_the_agent_is_asked_to_stop() {
    let mut turns = with_permission();
    assert_eq!(turns.cancel(id(1)), Ok(vec![answered(1, None), Effect::CancelPrompt]));
    assert_eq!(turns.asked(question(6, Vec::new(), Vec::new())), []);
    let effects = turns.prompt_ended(PromptEnd::Cancelled { left: 0 });
    assert_eq!(effects, [turn_ended(1, TurnOutcome::Cancelled), Effect::Sync]);
    assert_eq!(turns.answer(id(1), 4, answer("yes")), Ok((PermissionState::Cancelled, Vec::new())));
}

#[test]
fn an_agent_that_dies_takes_its_permission_with_it() {
    let mut turns = with_permission();
    let effects = turns.prompt_ended(PromptEnd::Failed { reason: "no".into(), credential: None });
    assert_eq!(effects, [answered(1, None), turn_ended(1, failed("no")), Effect::Sync]);
}

#[test]
fn what_stops_an_agent_decides_how_its_turn_ends() {
    let died = || PromptEnd::Failed { reason: "no".into(), credential: None };
    let outcome = |stop: fn(&mut Turns) -> Vec<Effect>, end| {
        let mut turns = fresh();
        turns.start(for_agent(1, ""));
        let effects = stop(&mut turns);
        (effects, turns.prompt_ended(end)[0].clone())
    };
    let stopped = |grace| vec![Effect::StopAgent { grace }];
    let (effects, ended) = outcome(Turns::shut_down, PromptEnd::Cancelled { left: 0 });
    assert_eq!((effects, ended), (stopped(SHUTDOWN_GRACE), turn_ended(1, TurnOutcome::Interrupted)));
    let (effects, ended) = outcome(Turns::log_failed, died());
    assert_eq!((effects, ended), (stopped(Duration::ZERO), turn_ended(1, failed(LOG_FAILED))));
    let (_, ended) = outcome(|turns| turns.cancel(id(1)).unwrap(), died());
    assert_eq!(ended, turn_ended(1, TurnOutcome::Cancelled));
    let (_, ended) = outcome(|turns| turns.cancel(id(1)).unwrap(), PromptEnd::Cancelled { left: 2 });
    assert_eq!(ended, turn_ended(1, failed(NOT_ENDED)));
}

#[test]
fn a_form_takes_only_what_its_fields_can_hold() {
    let field = |id: &str, kind, is_required| Field {
        id: id.into(),
        name: id.to_uppercase(),
        description: String::new(),
        kind,
        is_required,
        choices: vec![SettingChoice { value: "red".into(), name: "Red".into(), description: String::new() }],
        initial: Vec::new(),
    };
    let option = |id: &str| PermissionOption { id: id.into(), name: id.into(), kind: PermissionKind::AllowOnce };
    let mut turns = fresh();
    turns.start(for_agent(1, ""));
    let fields = vec![
        field("a", FieldKind::Text, true),
        field("b", FieldKind::Integer, false),
        field("c", FieldKind::One, false),
    ];
    turns.asked(question(4, vec![option("send"), option("decline")], fields));
    let mut give = |values: &[(&str, &[&str])]| {
        let filled = |&(field, values): &(&str, &[&str])| Filled {
            field: field.into(),
            values: values.iter().map(|&value| value.into()).collect(),
        };
        let answer = AnswerPermission { option: "send".into(), values: values.iter().map(filled).collect() };
        turns.answer(id(1), 4, answer).map(|(state, _)| state)
    };
    let unfit = |field: &str, value: &str| Err(AnswerError::Unfit { field: field.into(), value: value.into() });
    assert_eq!(give(&[]), Err(AnswerError::Missing("A".into())));
    assert_eq!(give(&[("a", &["x"]), ("z", &["1"])]), Err(AnswerError::NoSuchField("z".into())));
    assert_eq!(give(&[("a", &["x"]), ("b", &["1.5"])]), unfit("B", "1.5"));
    assert_eq!(give(&[("a", &["x"]), ("c", &["blue"])]), unfit("C", "blue"));
    assert_eq!(give(&[("a", &["x", "y"])]), unfit("A", "y"));
    let sent = Ok(PermissionState::Answered { option: "send".into() });
    assert_eq!(give(&[("a", &["x"]), ("b", &[""]), ("c", &["red"])]), sent);
}
