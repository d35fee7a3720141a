//! What scripts print.

use crate::sandbox::Sandbox;

#[tokio::test]
async fn output_and_errors_come_in_the_order_they_were_written() {
    let sandbox = Sandbox::start().await;
    let ran = sandbox.run(1, "for i in 1 2 3; do echo out $i; echo err $i >&2; done").await;
    assert_eq!(ran.output, "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n");
}

#[tokio::test]
async fn invalid_utf_8_and_nul_are_made_visible() {
    let sandbox = Sandbox::start().await;
    let ran = sandbox.run(1, r"printf 'a\377b\000c\303'; sleep 0.05; printf '\251\342\202'").await;
    assert_eq!(ran.output, "a\u{fffd}b\u{2400}cé\u{fffd}");
}

#[tokio::test]
async fn a_hundred_megabytes_are_bounded_in_log_and_memory() {
    let sandbox = Sandbox::start().await;
    let ran = sandbox.run(1, "head -c 100000000 /dev/zero | tr '\\0' x | fold -w 99; echo; echo last").await;
    assert!(ran.output.ends_with("\nlast\n"));
    assert!(ran.output.contains(" bytes not shown …\n"));
    assert!(ran.output.len() < 2_300_000, "{}", ran.output.len());
    let status = std::fs::read_to_string(format!("/proc/{}/status", sandbox.daemon.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak_kb: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak_kb < 40_000, "{peak_kb} kB");
}

#[tokio::test]
async fn the_first_output_doesnt_wait_for_more() {
    let sandbox = Sandbox::start().await;
    let mut events = sandbox.follow(0).await;
    sandbox.deliver(1, "", "echo first; sleep 1000").await;
    events.printed("first\n").await;
    sandbox.cancel(1).await;
    events.ran().await;
}
