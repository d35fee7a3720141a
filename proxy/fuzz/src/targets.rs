//! What is held against any input: readers of bytes that come from clients and hosts, and of text that comes from users. Each
//! target panics where something doesn't hold. The fuzzer and `tests/fuzz.rs` run the same ones.

use http::Method;
use octobot_proxy::config::{Config, Settings};
use octobot_proxy::dns;
use octobot_proxy::listen::{self, Follower, Sound};
use octobot_proxy::policy::{Allowlist, Phase, Policy, Scheme, Target};

/// A target.
pub type Run = fn(&[u8]);

/// All of them, by their names.
pub const ALL: [(&str, Run); 8] = [
    ("detector", detector),
    ("socks", socks),
    ("http-head", http_head),
    ("tls-hello", tls_hello),
    ("dns", dns_message),
    ("packet", packet),
    ("config", config),
    ("policy", policy),
];

/// The longest head that the proxy is told to take here, in bytes.
const LONGEST_HEAD: usize = 4096;

/// More bytes never change what a connection speaks, and a few are enough.
fn detector(bytes: &[u8]) {
    let mut known = None;
    for length in 0..=bytes.len().min(32) {
        let detected = listen::detect(&bytes[..length]);
        assert!(known.is_none() || detected == known);
        assert!(detected.is_some() || length < 24);
        known = detected;
    }
}

/// A message is read from its own bytes alone: what follows it changes nothing.
fn socks(bytes: &[u8]) {
    if let Ok(Some(length)) = listen::offer(bytes) {
        assert_eq!(listen::offer(&bytes[..length]), Ok(Some(length)));
        (0..length).for_each(|cut| assert_eq!(listen::offer(&bytes[..cut]), Ok(None)));
    }
    if let Ok(Some((target, length))) = listen::request(bytes) {
        assert!(target.port != 0);
        assert_eq!(listen::request(&bytes[..length]), Ok(Some((target, length))));
        (0..length).for_each(|cut| assert_eq!(listen::request(&bytes[..cut]), Ok(None)));
    }
}

/// How requests are cut into pieces on their way changes nothing about where they begin and end.
fn http_head(bytes: &[u8]) {
    let whole = follow(bytes, bytes.len().max(1));
    for step in [1, 7] {
        assert_eq!(follow(bytes, step), whole, "in pieces of {step}");
    }
}

/// Passes on what is sound as the guard does, `step` bytes arriving at a time: how many got through.
fn follow(bytes: &[u8], step: usize) -> usize {
    let mut follower = Follower::new(LONGEST_HEAD);
    let (mut passed, mut arrived) = (0, 0);
    loop {
        match follower.look(&bytes[passed..arrived]) {
            Ok(Sound::Bytes(length)) => {
                assert!(length > 0 && length <= arrived - passed);
                follower.pass(&bytes[passed..passed + length]);
                passed += length;
                continue;
            }
            Ok(Sound::Any(rest)) if arrived > passed => {
                let length = usize::try_from(rest).unwrap_or(usize::MAX).min(arrived - passed);
                follower.pass(&bytes[passed..passed + length]);
                passed += length;
                continue;
            }
            Ok(Sound::Any(_) | Sound::More) if arrived < bytes.len() => {}
            Ok(Sound::Any(_) | Sound::More) | Err(_) => return passed,
        }
        arrived = (arrived + step).min(bytes.len());
    }
}

/// What is understood stays so when more comes.
fn tls_hello(bytes: &[u8]) {
    let whole = listen::read_hello(bytes);
    for length in 0..bytes.len().min(512) {
        let part = listen::read_hello(&bytes[..length]);
        assert!(part == Ok(None) || part == whole);
    }
}

/// An answer fits, and is no question.
fn dns_message(bytes: &[u8]) {
    let Ok(question) = dns::question(bytes) else { return };
    let addresses = [[192, 0, 2, 1].into(), [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into()];
    for longest in [512, 65_535] {
        let answer = dns::answer(bytes, &question, dns::Code::Fine, &addresses, longest);
        assert!(answer.len() <= longest && answer.len() >= 12);
        assert!(dns::question(&answer).is_err());
    }
}

/// Nothing is an attempt that leads to loopback or that the proxy has records of.
fn packet(bytes: &[u8]) {
    if let Some(attempt) = octobot_inlet::packets::attempt(bytes) {
        assert!(!attempt.address.is_loopback());
        assert!(attempt.transport != octobot_inlet::packets::Transport::Tcp || ![80, 443].contains(&attempt.port));
    }
}

/// A text is a configuration or isn't; one that is can be told and taken again.
fn config(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(config) = Config::from_yaml(text) else { return };
    let shown = serde_json::to_value(&config).expect("a configuration is plain data");
    let mut again: Config = serde_json::from_value(shown).expect("what is told can be taken");
    again.restore(&config);
    // Reading files is nothing that a fuzzer should be led to.
    if config.upstream.extra_ca.is_empty() {
        assert_eq!(Settings::new(config, None).is_ok(), Settings::new(again, None).is_ok());
    }
}

/// A workspace's list never widens what the server's allows, and what is permitted is admitted. The input is a server's list,
/// a workspace's, a target and a path, each in a line.
fn policy(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let mut lines = text.lines();
    let (Some(server), Some(workspace), Some(target), Some(path)) =
        (lines.next(), lines.next(), lines.next(), lines.next())
    else {
        return;
    };
    let list = |text: &str| serde_json::from_str::<Allowlist>(text);
    let (Ok(server), Ok(workspace)) = (list(server), list(workspace)) else { return };
    let Ok(target) = Target::parse(target, Scheme::Https) else { return };
    for phase in [Phase::Setup, Phase::Agent] {
        let wide = Policy::new(&server, [], phase, Vec::new());
        let narrow = Policy::new(&server, [&workspace], phase, Vec::new());
        for method in [Method::GET, Method::POST] {
            assert!(narrow.judge(&target, &method, path).is_err() || wide.judge(&target, &method, path).is_ok());
        }
        let addresses = ["93.184.216.34", "10.0.0.1", "127.0.0.1", "169.254.169.254", "::1"]
            .map(|text| text.parse().expect("an address"));
        if let Ok(permitted) = narrow.permit(&target, &addresses) {
            assert!(narrow.admit(&target).is_ok());
            let widely = wide.permit(&target, &addresses).expect("the server's list allows it");
            assert!(!permitted.is_empty() && permitted.iter().all(|address| widely.contains(address)));
        }
    }
}
