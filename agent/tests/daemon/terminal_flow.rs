//! Terminals whose programs print, or whose readers type, more than anybody takes.

use std::time::{Duration, Instant};

use octobot_wire::terminal::{INPUT_WINDOW, KEPT_BYTES, OUTPUT_WINDOW, TerminalOrder, TerminalSize};
use tokio::time::timeout;

use crate::sandbox::{Sandbox, eventually_async};
use crate::viewer::{Viewer, terminal_id};

/// How much a terminal has printed.
async fn written(sandbox: &Sandbox) -> u64 {
    let terminals: Vec<octobot_wire::terminal::Terminal> = sandbox.ask("GET", "/terminals", &()).await.1;
    terminals[0].written
}

/// Resident memory of the daemon, in bytes.
fn memory(sandbox: &Sandbox) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", sandbox.daemon.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

async fn flooded(sandbox: &Sandbox) -> Viewer {
    sandbox.open_terminal(1).await;
    let mut viewer = sandbox.view(1, None).await;
    viewer.type_in("yes\r").await;
    viewer.printed("y\r\ny\r\n").await;
    viewer
}

#[tokio::test]
async fn a_flood_is_interrupted_at_once() {
    let sandbox = Sandbox::start().await;
    let mut viewer = flooded(&sandbox).await;
    viewer.until("some megabytes", |viewer| (viewer.bytes.len() > 3_000_000).then_some(())).await;
    viewer.bytes.clear();
    let pressed = Instant::now();
    viewer.order(&TerminalOrder::Interrupt).await;
    viewer.printed("^C").await;
    viewer.type_in("echo calm\r").await;
    viewer.printed("calm\r\n").await;
    let took = pressed.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}, though the bench has the exact figure");
}

#[tokio::test]
async fn a_reader_that_shows_nothing_gets_a_window_costs_nothing_and_is_told_what_it_missed() {
    let sandbox = Sandbox::start().await;
    let mut fast = flooded(&sandbox).await;
    let mut stuck = sandbox.view(1, None).await;
    stuck.acknowledges = false;
    let before = memory(&sandbox);
    let from = stuck.until("where it begins", |viewer| viewer.from).await;
    stuck.until("its window", |viewer| (viewer.next == from + OUTPUT_WINDOW).then_some(())).await;
    // The one that shows what it gets isn't held up.
    fast.until("ten times what is kept", |viewer| {
        let got = viewer.next > 10 * KEPT_BYTES;
        viewer.bytes.clear();
        got.then_some(())
    })
    .await;
    let grown = memory(&sandbox).saturating_sub(before);
    assert!(grown <= 1024 * 1024, "the daemon has grown by {grown} bytes");
    let nothing = timeout(Duration::from_millis(200), stuck.next()).await;
    assert!(nothing.is_err(), "more than its window: {nothing:?}");
    stuck.acknowledges = true;
    stuck.order(&TerminalOrder::Shown { offset: stuck.next }).await;
    stuck.until("what is left out", |viewer| (viewer.skipped > 0).then_some(())).await;
    fast.order(&TerminalOrder::Interrupt).await;
}

#[tokio::test]
async fn a_program_waits_for_its_only_reader_but_not_for_ever() {
    let sandbox = Sandbox::start().await;
    let mut viewer = flooded(&sandbox).await;
    viewer.acknowledges = false;
    let stopped_at = eventually_async("the program waits", || async {
        let before = written(&sandbox).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        (written(&sandbox).await == before).then_some(before)
    })
    .await;
    assert!(stopped_at < viewer.next + 2 * OUTPUT_WINDOW, "{stopped_at} is far ahead of {}", viewer.next);
    eventually_async("it goes on without the reader", || async {
        (written(&sandbox).await > stopped_at + KEPT_BYTES).then_some(())
    })
    .await;
    viewer.order(&TerminalOrder::Interrupt).await;
}

#[tokio::test]
async fn a_paste_of_10_mb_arrives_whole_when_it_is_sent_as_it_is_taken_and_costs_no_memory() {
    let sandbox = Sandbox::start().await;
    sandbox.open_terminal(1).await;
    let mut viewer = sandbox.view(1, None).await;
    let before = memory(&sandbox);
    let line = format!("{}\n", "0123456789abcdef".repeat(8));
    let all = line.repeat(10_000_000 / line.len());
    let command = format!("stty -echo; echo rea''dy; head -c {} >pasted; echo arri''ved\r", all.len());
    viewer.type_in(&command).await;
    viewer.printed("ready\r\n").await;
    let begun = command.len() as u64;
    let (mut sent, mut most) = (0, 0);
    for piece in all.as_bytes().chunks(16 * 1024) {
        let room = INPUT_WINDOW - 16 * 1024;
        viewer.until("room", |viewer| (sent <= viewer.taken.saturating_sub(begun) + room).then_some(())).await;
        viewer.type_in(std::str::from_utf8(piece).unwrap()).await;
        sent += piece.len() as u64;
        most = most.max(memory(&sandbox));
    }
    viewer.printed("arrived\r\n").await;
    let pasted = std::fs::read_to_string(sandbox.path("home/workspace/pasted")).unwrap();
    assert!(pasted == all, "{} of {} bytes, or others", pasted.len(), all.len());
    let grown = most.saturating_sub(before);
    assert!(grown <= 4 * 1024 * 1024, "the daemon has grown by {grown} bytes");
}

#[tokio::test]
async fn of_a_storm_of_sizes_programs_hear_the_last_and_of_the_others_few() {
    let sandbox = Sandbox::start().await;
    sandbox.open_terminal(1).await;
    let mut viewer = sandbox.view(1, None).await;
    let count = "trap 'heard=$((heard + 1))' WINCH; echo rea''dy\n\
                 until [ \"$(stty size)\" = '24 180' ]; do sleep 0.01; done; echo heard=$heard.";
    std::fs::write(sandbox.path("home/workspace/count"), count).unwrap();
    viewer.type_in("bash count\r").await;
    viewer.printed("ready\r\n").await;
    let begun = Instant::now();
    for number in 1..=100 {
        viewer.order(&TerminalOrder::Resize { size: TerminalSize { columns: 80 + number, rows: 24 } }).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let wanted = TerminalSize { columns: 180, rows: 24 };
    viewer.until("the last size", |viewer| (viewer.terminal.as_ref()?.size == wanted).then_some(())).await;
    let most = begun.elapsed().as_millis() / 50 + 2;
    viewer.printed("heard=").await;
    let told = viewer
        .until("the rest", |viewer| {
            let text = String::from_utf8_lossy(&viewer.bytes).into_owned();
            text.split_once('.').map(|(told, _)| told.to_owned())
        })
        .await;
    let heard = told.parse::<u128>().unwrap();
    assert!((1..=most).contains(&heard), "{heard} times, at most {most}");
}

#[tokio::test]
async fn more_input_than_is_taken_disconnects_and_ctrl_c_goes_before_what_waits() {
    let sandbox = Sandbox::start().await;
    sandbox.open_terminal(1).await;
    let mut viewer = sandbox.view(1, None).await;
    viewer.type_in("stty raw -echo; echo rea''dy; sleep 1000; stty sane\r").await;
    viewer.printed("ready").await;
    let mut greedy = sandbox.view(1, None).await;
    for _ in 0..10 {
        greedy.type_in(&"x".repeat(16 * 1024)).await;
    }
    assert_eq!(greedy.farewell().await, Some(1009));
    let path = format!("/terminals/{}", terminal_id(1));
    assert_eq!(sandbox.send("DELETE", &path, Vec::new()).await.status().as_u16(), 204);
}
