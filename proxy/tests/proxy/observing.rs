//! What never reaches the proxy, in a network namespace of the test's own in which every address leads to loopback.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use octobot_inlet::packets::observer;
use serde_json::{Value, json};
use socket2::{Domain, Protocol, Socket, Type};

use crate::fixture::{Fixture, is_here, skip};
use crate::passing::{pass, said};

/// Says to this test that it runs in the namespace.
const INSIDE: &str = "OCTOBOT_TEST_INSIDE";

/// The way that everything goes there.
const LOOPBACK: &str =
    "ip link set lo up && ip route add local default dev lo && ip -6 route add local default dev lo && exec \"$@\"";

#[test]
fn what_the_network_refuses_is_on_the_log() {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    if !["unshare", "ip"].iter().all(|program| is_here(program)) {
        return;
    }
    let may = Command::new("unshare").args(["-Urn", "true"]).stderr(Stdio::null()).status();
    if !may.is_ok_and(|status| status.success()) {
        skip("this machine allows no network namespaces");
        return;
    }
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", LOOPBACK, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "observing::what_the_network_refuses_is_on_the_log", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

#[tokio::main]
async fn inside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sockets");
    let proxy = Fixture::start_with("", &["--sockets", path.to_str().unwrap()]);
    let launcher = UnixStream::connect(&path).unwrap();
    pass(&launcher, "packets", &TcpStream::connect(proxy.address).unwrap());
    assert!(said(&launcher).contains("doesn't see packets"));
    pass(&launcher, "packets", &observer().unwrap());
    assert_eq!(said(&launcher), "ok");

    // Refused at once, whatever the address.
    for target in ["203.0.113.7:25", "[2001:db8::7]:22"] {
        assert_eq!(TcpStream::connect(target).unwrap_err().kind(), ErrorKind::ConnectionRefused, "{target}");
    }
    for _ in 0..5000 {
        assert!(TcpStream::connect("198.51.100.9:6667").is_err());
    }
    let flood = |records: &[Value]| -> u64 {
        let of_it = records.iter().filter(|record| record["host"] == "198.51.100.9");
        of_it.filter_map(|record| record["attempts"].as_u64()).sum()
    };
    proxy.records(|records| flood(records) > 1).await;
    // What has records of its own, or leaves nobody.
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    assert!(TcpStream::connect("203.0.113.7:443").is_err());
    assert!(TcpStream::connect("127.0.0.1:25").is_err());
    socket.send_to(b"question", "127.0.0.1:54").unwrap();
    let echo = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).unwrap();
    let address: SocketAddr = "192.0.2.8:0".parse().unwrap();
    echo.send_to(&[8, 0, 0xf7, 0xff, 0, 0, 0, 0], &address.into()).unwrap();
    socket.send_to(b"question", "203.0.113.7:53").unwrap();

    let is_last = |record: &Value| record["port"] == 53;
    let records = proxy.records(|records| records.iter().any(is_last)).await;
    let find = |protocol: &str| records.iter().find(|record| record["protocol"] == protocol).unwrap();
    let (tcp, udp, icmp) = (find("tcp"), find("udp"), find("icmp"));
    assert!(records.iter().any(|record| record["host"] == "2001:db8::7" && record["port"] == 22), "{records:#?}");
    assert_eq!((&tcp["host"], &tcp["port"], &tcp["attempts"]), (&json!("203.0.113.7"), &json!(25), &json!(1)));
    assert_eq!((&tcp["decision"], &tcp["rule"]), (&json!("deny"), &json!("port")));
    assert_eq!((&udp["host"], &udp["port"], &udp["rule"]), (&json!("203.0.113.7"), &json!(53), &json!("udp")));
    assert_eq!((&icmp["host"], &icmp["port"], &icmp["rule"]), (&json!("192.0.2.8"), &json!(0), &json!("icmp")));
    assert!(records.len() < 20, "{records:#?}");
    assert!(records.iter().all(|record| record["port"] != 443 && record["host"] != "127.0.0.1"), "{records:#?}");
}
