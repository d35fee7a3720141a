//! The shell agent type: what a script finds, and what it leaves for the next.

use hyper::StatusCode;
use octobot_wire::daemon::{DaemonEventBody, TurnOutcome};
use octobot_wire::message::ToolCallStatus;
use tempfile::TempDir;

use crate::sandbox::{Sandbox, skip};

/// A search path on which there is `sh` and what the tests use, but no bash.
fn path_without_bash() -> TempDir {
    let folder = TempDir::new().unwrap();
    for program in ["sh", "rm", "mkdir", "cat", "env"] {
        let program_path = ["/bin", "/usr/bin"].map(|path| format!("{path}/{program}"));
        let found = program_path.iter().find(|path| std::fs::exists(path).unwrap()).unwrap();
        std::os::unix::fs::symlink(found, folder.path().join(program)).unwrap();
    }
    folder
}

fn has_bash() -> bool {
    let found = ["/bin/bash", "/usr/bin/bash"].iter().any(|path| std::fs::exists(path).unwrap());
    if !found {
        skip("the state of bash", "there is no bash");
    }
    found
}

#[tokio::test]
async fn the_state_of_the_shell_is_kept_between_prompts() {
    if !has_bash() {
        return;
    }
    let sandbox = Sandbox::start().await;
    let set = "export A=1; B='x  y'; c=(1 '2 3'); declare -A m=([k]=v); f() { echo f $1; }; alias say='echo said'
        mkdir -p 'sub dir'; cd 'sub dir'; shopt -s globstar extglob; set -o pipefail; umask 027; IFS=:";
    assert_eq!(sandbox.run(1, set).await.exit_code(), 0);
    let get = "printf '%s|' \"$A\" \"$B\" \"${c[1]}\" \"${m[k]}\" \"$IFS\"; f 1; say hi; pwd; umask
        shopt globstar; env | grep -c ^A=; false | true; echo $?";
    let output = sandbox.run(2, get).await.output;
    let folder = sandbox.path("home/workspace/sub dir");
    let expected = format!("1|x  y|2 3|v|:|f 1\nsaid hi\n{}\n0027\nglobstar       \ton\n1\n1\n", folder.display());
    assert_eq!(output, expected);
}

#[tokio::test]
async fn another_shell_keeps_the_folder_and_exported_variables() {
    let path = path_without_bash();
    let sandbox = Sandbox::start_with_path(path.path().to_str().unwrap()).await;
    let ran = sandbox.run(1, "export A=\"it's\n2\" HOME=/; B=1; mkdir -p sub; cd sub; exit 3").await;
    assert_eq!(ran.exit_code(), 3);
    let ran = sandbox.run(2, "echo \"$A|${B-unset}|$HOME|$0|${SHELL##*/}\"; pwd; nonsense").await;
    let folder = sandbox.path("home/workspace/sub");
    let expected = format!("it's\n2|unset|/|script|sh\n{}\n", folder.display());
    assert!(ran.output.starts_with(&expected), "{}", ran.output);
    // Shells differ in how they say which line it was.
    assert!(ran.output.contains("script: ") && ran.output.contains("nonsense"), "{}", ran.output);
    assert_eq!(ran.exit_code(), 127);
    assert_eq!(sandbox.run(3, "set -e; export C=5; false; export C=6").await.exit_code(), 1);
    assert_eq!(sandbox.run(4, "echo $C; (").await.exit_code(), 2);
    assert!(!sandbox.run(5, "env").await.output.contains("OCTOBOT_FOLDER"));
}

#[tokio::test]
async fn whatever_a_script_does_its_status_is_right_and_state_is_kept() {
    if !has_bash() {
        return;
    }
    let sandbox = Sandbox::start().await;
    let cases = [
        ("A=1; exit 3", 3, "1"),
        ("A=2; set -e; false; A=x", 1, "2"),
        ("A=3; set -u; echo $undefined; A=x", 127, "3"),
        ("A=4; trap 'echo bye' EXIT; (exit 4)", 4, "4"),
        ("A=5; echo \"(\"; exit 256", 0, "5"),
        ("A=6\n(", 2, "6"),
        ("A=7; exec sh -c 'exit 7'", 7, "6"),
        ("A=8; trap - EXIT; exit 8", 8, "6"),
        ("A=9; set -x; f() { return 9; }; f", 9, "9"),
        ("A=10; IFS=0; set -f; (exit 10)", 10, "10"),
        ("unset IFS; set +f; A=11; cd() { echo no; }; declare() { echo no; }; return 2", 2, "11"),
        ("unset -f cd declare; A=12; set -eu; true", 0, "12"),
    ];
    for (turn, (script, status, kept)) in (0..).zip(cases) {
        let ran = sandbox.run(2 * turn, script).await;
        assert_eq!(ran.exit_code(), status, "{script}: {}", ran.output);
        assert_eq!(ran.outcome, TurnOutcome::Completed);
        let after = sandbox.run(2 * turn + 1, "echo \"$undefined$A\"; false; true").await;
        assert_eq!((after.output.as_str(), after.exit_code()), (format!("{kept}\n").as_str(), 0), "after {script}");
    }
}

#[tokio::test]
async fn a_script_of_a_signals_making_is_told_as_killed() {
    let sandbox = Sandbox::start().await;
    let ran = sandbox.run(1, "kill -9 $$").await;
    assert!(matches!(ran.status, ToolCallStatus::Killed { signal: 9, .. }), "{:?}", ran.status);
    assert_eq!(ran.outcome, TurnOutcome::Completed);
}

#[tokio::test]
async fn a_script_finds_a_clean_environment_and_no_trace_of_the_wrapper() {
    let sandbox = Sandbox::start().await;
    let output = sandbox.run(1, "env; set; trap; cat; echo \"$0 $# $LINENO\"; nonsense").await.output;
    for absent in ["SECRET_OF_THE_DAEMON", "__octobot", "OCTOBOT_TURN_ROOT", "BASH_EXECUTION_STRING", "OCTOBOT_FOLDER"]
    {
        assert!(!output.contains(absent), "{absent} in {output}");
    }
    let home = format!("HOME={}\n", sandbox.path("home").display());
    for present in [home.as_str(), "USER=octobot\n", "TERM=xterm-256color\n", "PAGER=cat\n", "\nscript 0 1\nscript: "] {
        assert!(output.contains(present), "{present} not in {output}");
    }
}

#[tokio::test]
async fn a_folder_that_is_gone_gives_way_to_the_workspace() {
    let sandbox = Sandbox::start().await;
    sandbox.run(1, "mkdir \"it's gone\"; cd \"it's gone\"; rmdir \"../it's gone\"").await;
    let workspace = sandbox.path("home/workspace");
    let gone = workspace.join("it's gone");
    let expected =
        format!("The folder {} is gone. This runs in the workspace.\n{}\n", gone.display(), workspace.display());
    assert_eq!(sandbox.run(2, "pwd").await.output, expected);
    assert_eq!(sandbox.run(3, "pwd").await.output, format!("{}\n", workspace.display()));
}

#[tokio::test]
async fn colours_are_for_what_is_shown_only() {
    if !has_bash() {
        return;
    }
    let sandbox = Sandbox::start().await;
    let output =
        sandbox.run(1, "mkdir d; ls; echo; ls | cat; echo $(ls); ls >/tmp/$$; cat /tmp/$$; rm /tmp/$$").await.output;
    let (shown, captured) = output.split_once("\n\n").unwrap();
    assert!(shown.contains("\u{1b}["), "{shown:?}");
    assert_eq!(captured, "d\nd\nd\n");
}

#[tokio::test]
async fn the_setup_script_runs_before_the_first_prompt_only() {
    let sandbox = Sandbox::start().await;
    let mut events = sandbox.follow(0).await;
    sandbox.deliver(1, "export A=set\necho up", "echo $A").await;
    assert_eq!(events.ran().await.output, "set\n");
    let calls: Vec<_> = sandbox
        .events()
        .await
        .into_iter()
        .filter_map(|event| match event.body {
            DaemonEventBody::ToolCallStarted { call, title, input, .. } => Some((call, title, input)),
            _ => None,
        })
        .collect();
    let call = |call, title: &str, input: &str| (call, title.to_owned(), input.to_owned());
    assert_eq!(calls, [call(0, "Set up", "export A=set\necho up"), call(1, "echo $A", "echo $A")]);
    sandbox.deliver(2, "exit 9", "echo second").await;
    assert_eq!(events.ran().await.output, "second\n");
}

#[tokio::test]
async fn a_prompt_that_is_held_waits_until_it_is_let_go_and_a_second_word_does_nothing() {
    let sandbox = Sandbox::start().await;
    let mut events = sandbox.follow(0).await;
    assert!(!sandbox.health().await.is_set_up);
    sandbox.hold(1, "echo up > ../up", "cat ../up").await;
    while !matches!(events.next().await.unwrap().body, DaemonEventBody::SetUp { .. }) {}
    assert_eq!(sandbox.proceed(2).await, StatusCode::NOT_FOUND);
    let health = sandbox.health().await;
    assert_eq!((health.held, health.is_set_up), (Some(sandbox.turn_id(1)), true));
    assert_eq!(sandbox.proceed(1).await, StatusCode::ACCEPTED);
    assert_eq!(events.ran().await.output, "up\n");
    assert_eq!(sandbox.proceed(1).await, StatusCode::ACCEPTED);
    assert_eq!(sandbox.health().await.held, None);
}

#[tokio::test]
async fn a_setup_script_that_fails_fails_the_turn() {
    let sandbox = Sandbox::start().await;
    let mut events = sandbox.follow(0).await;
    sandbox.deliver(1, "exit 9", "echo prompt").await;
    let ran = events.ran().await;
    assert!(matches!(ran.outcome, TurnOutcome::Failed { reason, .. } if reason.contains("exited with 9")));
    assert_eq!(ran.output, "");
}

#[tokio::test]
async fn a_large_prompt_is_run() {
    let sandbox = Sandbox::start().await;
    let prompt = format!(": '{}'\necho done", "x".repeat(10_000_000));
    assert_eq!(sandbox.run(1, &prompt).await.output, "done\n");
}
