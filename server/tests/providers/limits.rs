//! That limits hold, and that meeting them hurts only who does.

use octobot_server::sandbox::Limits;
use octobot_wire::message::ToolCallStatus;

use super::bench::{Bench, ROOMY, remove, run, session, skipped, start, start_with, turn};

const FORK: &str = "perl -e '$| = 1; my $n = 0; while ($n < 200) { my $child = fork; last unless defined $child; \
                    unless ($child) { sleep 1000; exit } $n++ } print \"$n\\n\"; kill 9, -getpgrp'";

pub async fn a_fork_bomb_is_bounded_and_hits_nobody_else(bench: &dyn Bench) {
    let [bounded, roomy] = [session(), session()];
    let limits = Limits { pids: 64, ..ROOMY };
    let (bomb, other) = (start_with(bench, bounded, limits).await, start(bench, roomy).await);
    let count = |text: &str| text.trim().parse::<u32>().unwrap_or_else(|_| panic!("no number: {text:?}"));
    let forked = count(&run(&bomb, FORK).await.output);
    assert!((10..64).contains(&forked), "{forked} processes with a limit of 64");
    assert_eq!(count(&run(&other, FORK).await.output), 200, "the control: without the limit there are more");
    bomb.deliver(&turn("bomb() { bomb | bomb & }; bomb; sleep 1000")).await.unwrap();
    assert_eq!(run(&other, "echo alive").await.output, "alive\n");
    for session in [bounded, roomy] {
        remove(bench, session).await;
        assert_eq!(bench.traces(session), Vec::<String>::new());
    }
}

pub async fn a_memory_bomb_is_killed_and_the_sandbox_lives_on(bench: &dyn Bench) {
    if !bench.bounds_memory() {
        return skipped("the memory limit", "this host doesn't let the provider bound memory");
    }
    let session = session();
    let client = start_with(bench, session, Limits { memory_bytes: 128 << 20, ..ROOMY }).await;
    let take = |mib: u32| format!("exec perl -e '$x = \"x\" x ({mib} << 20); print \"survived\\n\"'");
    assert_eq!(run(&client, &take(32)).await.output, "survived\n", "the control");
    let outcome = run(&client, &take(512)).await;
    assert!(!outcome.output.contains("survived"), "{outcome:?}");
    let killed = matches!(
        outcome.status,
        ToolCallStatus::Killed { signal: 9, .. } | ToolCallStatus::Exited { exit_code: 137, .. }
    );
    assert!(killed, "{outcome:?}");
    assert_eq!(run(&client, "echo alive").await.output, "alive\n");
    remove(bench, session).await;
}
