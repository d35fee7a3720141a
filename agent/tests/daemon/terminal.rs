//! Terminals: what a shell in one can do, who sees it, and what stays.

use hyper::StatusCode;
use octobot_wire::Timestamp;
use octobot_wire::daemon::{DaemonEventBody, DaemonProblem};
use octobot_wire::terminal::{
    MAX_TERMINALS, OpenTerminal, RenameTerminal, ShellState, Terminal, TerminalMatches, TerminalOrder, TerminalSize,
};
use tokio_tungstenite::tungstenite::Message;

use crate::sandbox::{Sandbox, eventually, processes_with};
use crate::viewer::terminal_id;

#[tokio::test]
async fn a_shell_runs_in_the_workspace_with_a_terminal_of_its_own() {
    let sandbox = Sandbox::start().await;
    sandbox.open_terminal(1).await;
    let mut viewer = sandbox.view(1, None).await;
    viewer.type_in("tty; pwd; echo $TERM:$COLORTERM:$PAGER:; stty size; echo $((40 + 2))!\r").await;
    viewer.printed("/dev/pts/").await;
    viewer.printed("/home/workspace\r\n").await;
    viewer.printed("xterm-256color:truecolor::\r\n").await;
    viewer.printed("24 80\r\n").await;
    viewer.printed("42!").await;
}

#[tokio::test]
async fn all_who_look_see_the_same_and_a_new_size_reaches_programs() {
    let sandbox = Sandbox::start().await;
    sandbox.open_terminal(1).await;
    let mut first = sandbox.view(1, None).await;
    first.type_in("echo from-$((1))-first\r").await;
    first.printed("from-1-first\r\n").await;
    let mut second = sandbox.view(1, None).await;
    second.printed("from-1-first\r\n").await;
    second.type_in("echo from-$((2))-second\r").await;
    first.printed("from-2-second\r\n").await;
    for columns in 90..=132 {
        second.order(&TerminalOrder::Resize { size: TerminalSize { columns, rows: 43 } }).await;
    }
    let wanted = TerminalSize { columns: 132, rows: 43 };
    first.until("the size", |viewer| (viewer.terminal.as_ref()?.size == wanted).then_some(())).await;
    second.type_in("until [ \"$(stty size)\" = '43 132' ]; do :; done; echo si''zed\r").await;
    first.printed("sized\r\n").await;
}

#[tokio::test]
async fn a_reader_that_comes_back_gets_every_byte_once() {
    let mut sandbox = Sandbox::start().await;
    sandbox.open_terminal(1).await;
    let mut whole = sandbox.view(1, Some(0)).await;
    let mut pieces = Vec::new();
    whole.type_in("for i in $(seq 20000); do echo line $i; done; echo al''l\r").await;
    let mut at = 0;
    // Whoever comes and goes in the middle of everything has the same in the end.
    while !String::from_utf8_lossy(&pieces).contains("all\r\n") {
        let mut visitor = sandbox.view(1, Some(at)).await;
        for _ in 0..5 {
            visitor.next().await.unwrap();
        }
        assert_eq!(visitor.from, Some(at));
        pieces.extend_from_slice(&visitor.bytes);
        at = visitor.next;
    }
    let end = pieces.len();
    whole.until("everything", |viewer| (viewer.bytes.len() >= end).then_some(())).await;
    assert!(whole.bytes[..end] == pieces[..], "what was read in pieces isn't what was printed");
    sandbox.crash().await;
    let mut restored = sandbox.view(1, Some(0)).await;
    restored.until("everything", |viewer| (viewer.bytes.len() >= end).then_some(())).await;
    assert!(restored.bytes[..end] == pieces[..], "a daemon that was killed lost some of it");
}

#[tokio::test]
async fn after_a_crash_the_old_screen_is_there_and_a_new_shell_begins_on_demand() {
    let mut sandbox = Sandbox::start().await;
    sandbox.open_terminal(1).await;
    let mut viewer = sandbox.view(1, None).await;
    let nap = format!("sleep {}.7", 300_000 + std::process::id());
    viewer.type_in(&format!("echo be''fore; setsid {nap} & {nap}\r")).await;
    viewer.printed("before\r\n").await;
    eventually("both sleep", || (processes_with(&nap).len() >= 2).then_some(())).await;
    sandbox.crash().await;
    assert_eq!(processes_with(&nap), [0; 0]);
    let mut viewer = sandbox.view(1, None).await;
    viewer.shell_is(&ShellState::Lost).await;
    viewer.printed("before\r\n").await;
    viewer.printed("ended with its sandbox").await;
    viewer.order(&TerminalOrder::Start).await;
    viewer.order(&TerminalOrder::Start).await;
    viewer.shell_is(&ShellState::Running).await;
    viewer.type_in("echo af''ter\r").await;
    viewer.printed("after\r\n").await;
    viewer.type_in("exit 3\r").await;
    viewer.shell_is(&ShellState::Exited { code: 3 }).await;
    viewer.printed("ended with status 3").await;
}

#[tokio::test]
async fn closing_a_terminal_ends_everything_in_it() {
    let sandbox = Sandbox::start().await;
    sandbox.open_terminal(1).await;
    let mut viewer = sandbox.view(1, None).await;
    let nap = format!("sleep {}.8", 300_000 + std::process::id());
    let stubborn = format!("bash -c \"trap '' HUP TERM; {nap}; {nap}\"");
    viewer.type_in(&format!("trap '' HUP; nohup {nap} & setsid {stubborn} & {stubborn}\r")).await;
    eventually("all of them sleep", || (processes_with(&nap).len() >= 3).then_some(())).await;
    let path = format!("/terminals/{}", terminal_id(1));
    assert_eq!(sandbox.send("DELETE", &path, Vec::new()).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(processes_with(&nap), [0; 0]);
    assert_eq!(viewer.farewell().await, Some(1000));
    assert_eq!(sandbox.send("DELETE", &path, Vec::new()).await.status(), StatusCode::NOT_FOUND);
    assert!(sandbox.ask::<Vec<Terminal>>("GET", "/terminals", &()).await.1.is_empty());
}

#[tokio::test]
async fn a_daemon_that_is_asked_to_end_ends_its_shells() {
    let mut sandbox = Sandbox::start().await;
    sandbox.open_terminal(1).await;
    let mut viewer = sandbox.view(1, None).await;
    let nap = format!("sleep {}.9", 300_000 + std::process::id());
    viewer.type_in(&format!("{nap}\r")).await;
    eventually("it sleeps", || processes_with(&nap).first().copied()).await;
    sandbox.terminate().await;
    assert_eq!(processes_with(&nap), [0; 0]);
}

#[tokio::test]
async fn terminals_have_names_and_there_are_not_too_many() {
    let sandbox = Sandbox::start().await;
    let most = u32::try_from(MAX_TERMINALS).unwrap();
    for number in 1..=most {
        assert_eq!(sandbox.open_terminal(number).await.name, format!("Terminal {number}"));
    }
    assert_eq!(sandbox.open_terminal(1).await.id, terminal_id(1), "one that is open is answered again");
    let one_more = OpenTerminal { id: Some(terminal_id(most + 1)), ..OpenTerminal::default() };
    let (status, problem) = sandbox.ask::<DaemonProblem>("POST", "/terminals", &one_more).await;
    assert_eq!((status, problem.detail.contains("close one first")), (StatusCode::CONFLICT, true));
    let rename = RenameTerminal { name: "build".to_owned() };
    let path = format!("/terminals/{}", terminal_id(2));
    assert_eq!(sandbox.ask::<Terminal>("PATCH", &path, &rename).await.1.name, "build");
    let names: Vec<_> = sandbox.ask::<Vec<Terminal>>("GET", "/terminals", &()).await.1;
    assert_eq!((names.len(), names[1].name.as_str()), (MAX_TERMINALS, "build"));
    assert!(names.iter().all(|terminal| terminal.opened_at > Timestamp(0)));
}

#[tokio::test]
async fn followers_hear_when_terminals_come_go_and_get_other_names() {
    let sandbox = Sandbox::start().await;
    let mut events = sandbox.follow(0).await;
    let path = format!("/terminals/{}", terminal_id(1));
    sandbox.open_terminal(1).await;
    assert_eq!(events.next().await.unwrap().body, DaemonEventBody::TerminalsChanged);
    sandbox.open_terminal(1).await;
    let rename = RenameTerminal { name: "build".to_owned() };
    sandbox.ask::<Terminal>("PATCH", &path, &rename).await;
    assert_eq!(events.next().await.unwrap().body, DaemonEventBody::TerminalsChanged);
    sandbox.send("DELETE", &path, Vec::new()).await;
    assert_eq!(events.next().await.unwrap().body, DaemonEventBody::TerminalsChanged);
}

#[tokio::test]
async fn what_terminals_have_printed_is_found_closed_ones_included() {
    let mut sandbox = Sandbox::start().await;
    for number in [1, 2] {
        sandbox.open_terminal(number).await;
        let mut viewer = sandbox.view(number, None).await;
        viewer.type_in(&format!("printf '\\033[31mNeedle\\033[0m no. {number}\\n'; echo do''ne\r")).await;
        viewer.printed("done\r\n").await;
    }
    sandbox.send("DELETE", &format!("/terminals/{}", terminal_id(2)), Vec::new()).await;
    sandbox.crash().await;
    let found: TerminalMatches = sandbox.ask("GET", "/terminals/search?text=needle%20NO", &()).await.1;
    let found: Vec<_> = found.lines.iter().map(|line| (line.text.as_str(), line.closed)).collect();
    assert_eq!(found, [("Needle no. 1", false), ("Needle no. 2", true)]);
    let nothing: TerminalMatches = sandbox.ask("GET", "/terminals/search?text=haystack", &()).await.1;
    assert!(nothing.lines.is_empty() && !nothing.more);
    let output = sandbox.send("GET", &format!("/terminals/{}/output", terminal_id(1)), Vec::new()).await;
    assert_eq!((output.status(), output.headers()["x-offset"].to_str().unwrap()), (StatusCode::OK, "0"));
}

#[tokio::test]
async fn what_a_terminal_answers_types_nothing_at_a_prompt_and_reaches_a_program_that_asks() {
    let sandbox = Sandbox::start().await;
    sandbox.open_terminal(1).await;
    let mut viewer = sandbox.view(1, None).await;
    viewer.type_in("echo rea''dy\r").await;
    viewer.printed("ready\r\n").await;
    let reply = TerminalOrder::Reply { data: "echo in''jected\r".to_owned() };
    viewer.order(&reply).await;
    viewer.type_in("echo ne''xt\r").await;
    viewer.printed("next\r\n").await;
    viewer.type_in("stty -icanon -echo; sh -c 'echo as''ks; head -c 5 >asked; echo go''t'; stty icanon echo\r").await;
    viewer.printed("asks\r\n").await;
    viewer.order(&TerminalOrder::Reply { data: "\x1b[1;1".to_owned() }).await;
    viewer.printed("got\r\n").await;
    assert_eq!(std::fs::read_to_string(sandbox.path("home/workspace/asked")).unwrap(), "\x1b[1;1");
    let output = sandbox.send("GET", &format!("/terminals/{}/output", terminal_id(1)), Vec::new()).await;
    let output = http_body_util::BodyExt::collect(output.into_body()).await.unwrap().to_bytes();
    assert!(!String::from_utf8_lossy(&output).contains("injected"));
}

#[tokio::test]
async fn answers_of_those_who_are_not_asked_leave_their_window_as_it_was() {
    let sandbox = Sandbox::start().await;
    sandbox.open_terminal(1).await;
    let mut leader = sandbox.view(1, None).await;
    leader.type_in("echo rea''dy\r").await;
    leader.printed("ready\r\n").await;
    let mut other = sandbox.view(1, None).await;
    let answer = "x".repeat(4 * 1024);
    for answers in 1..=40 {
        other.order(&TerminalOrder::Reply { data: answer.clone() }).await;
        other.until("the answer is done with", |viewer| (viewer.taken == answers * 4 * 1024).then_some(())).await;
    }
}

#[tokio::test]
async fn who_breaks_the_rules_is_disconnected_and_nobody_else() {
    let sandbox = Sandbox::start().await;
    sandbox.open_terminal(1).await;
    let mut witness = sandbox.view(1, None).await;
    // Ctrl-C is for the command, not for a shell that is only starting.
    witness.type_in("sh -c 'echo bu''sy; exec sleep 1000'\r").await;
    witness.printed("busy\r\n").await;
    let cases = [
        (Message::Text("nonsense".into()), 1008),
        (Message::Text(r#"{"type":"dance"}"#.into()), 1008),
        (Message::Text(r#"{"type":"resize","size":{"columns":-1,"rows":70000}}"#.into()), 1008),
        (Message::Binary(vec![b'x'; 100_000].into()), 1002),
    ];
    for (message, code) in cases {
        let mut viewer = sandbox.view(1, None).await;
        viewer.send(message.clone()).await;
        assert_eq!(viewer.farewell().await, Some(code), "{message:?}");
    }
    witness.order(&TerminalOrder::Interrupt).await;
    witness.type_in("echo st''ill\r").await;
    witness.printed("still\r\n").await;
    assert_eq!(sandbox.try_view(9, None).await.err().map(|status| status.as_u16()), Some(404));
    assert_eq!(sandbox.try_view(1, Some(u64::MAX)).await.err().map(|status| status.as_u16()), Some(409));
    assert_eq!(sandbox.send("GET", "/terminals/x/attach", Vec::new()).await.status(), StatusCode::BAD_REQUEST);
}
