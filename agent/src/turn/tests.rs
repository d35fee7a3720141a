//! No I/O, no async: what happens in, effects out.

use super::*;

fn id(number: u32) -> TurnId {
    format!("0190163d-8694-739b-aea5-{number:012}").parse().unwrap()
}

fn turn(number: u32, setup_script: &str, prompt: &str) -> DeliverTurn {
    DeliverTurn {
        turn_id: id(number),
        launch: Launch::Shell,
        setup_script: setup_script.into(),
        prompt: prompt.into(),
        files: Vec::new(),
    }
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
    assert_eq!(effects, [call_ended(1, 0, exited(0)), call_started(1, 1, "ls", "ls"), run(1, "ls")]);
    turns.call_ended(&CallEnd::Exited(0), 7);
    assert_eq!(turns.start(turn(2, "make", "pwd")), [call_started(2, 0, "pwd", "pwd"), run(2, "pwd")]);
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
        outcome: None,
    };
    let mut history = History::default();
    history.observe(&record(RecordKind::TurnStarted, None));
    history.observe(&record(RecordKind::ToolCallStarted, Some(0)));
    assert_eq!(history.open, Some(OpenTurn { turn_id: id(1), calls: [0].into() }));
    assert!(!history.set_up);
    history.observe(&record(RecordKind::ToolCallEnded, Some(0)));
    history.observe(&record(RecordKind::ToolCallStarted, Some(1)));
    assert!(history.set_up);
}

#[test]
fn a_title_is_one_short_line_without_control_characters() {
    assert_eq!(title_of(" \n\t\n  a\tb \nc"), "a b");
    assert_eq!(title_of(&"é".repeat(80)), "é".repeat(80));
    assert_eq!(title_of(&"é".repeat(81)), format!("{}…", "é".repeat(79)));
    assert_eq!(title_of(""), "");
}
