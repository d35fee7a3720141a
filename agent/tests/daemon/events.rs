//! Following the events.

use octobot_wire::daemon::DaemonEvent;

use crate::sandbox::Sandbox;

#[tokio::test]
async fn events_go_on_after_every_number_without_gap_or_duplicate() {
    let sandbox = Sandbox::start().await;
    for turn in 1..=60 {
        sandbox.run(turn, "echo a; sleep 0.002; echo b").await;
    }
    let all = sandbox.events().await;
    assert!(all.len() > 256, "the log is longer than a stride of its index");
    for after in 0..=all.len() {
        let mut follower = sandbox.follow(after as u64).await;
        let expected: Vec<&DaemonEvent> = all[after..].iter().take(5).collect();
        for event in expected {
            assert_eq!(follower.next().await.as_ref(), Some(event), "after {after}");
        }
    }
}

#[tokio::test]
async fn many_followers_see_a_running_turn_alike() {
    let sandbox = Sandbox::start().await;
    let mut followers = Vec::new();
    for _ in 0..20 {
        followers.push(sandbox.follow(0).await);
    }
    sandbox.deliver(1, "", "for i in $(seq 300); do echo $i; sleep 0.001; done").await;
    let mut texts = Vec::new();
    for mut follower in followers {
        texts.push(follower.ran().await.output);
    }
    let expected: Vec<String> = (1..=300).map(|line| line.to_string()).collect();
    assert!(texts.iter().all(|text| text.lines().eq(&expected)));
}

#[tokio::test]
async fn a_follower_that_never_reads_holds_nobody_up() {
    let sandbox = Sandbox::start().await;
    let _never_read = sandbox.follow(0).await;
    let ran = sandbox.run(1, "seq 200000").await;
    assert!(ran.output.ends_with("199999\n200000\n"));
    let mut sandbox = sandbox;
    assert_eq!(sandbox.terminate().await.code(), Some(0), "nor the shutdown");
}
