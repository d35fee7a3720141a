//! Names for programs that resolve them themselves.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::fixture::{Fixture, PATIENCE, config};
use crate::origin::Origin;

fn question(name: &str, kind: u8) -> Vec<u8> {
    let mut message = vec![7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        message.push(u8::try_from(label.len()).unwrap());
        message.extend_from_slice(label.as_bytes());
    }
    [&message[..], &[0, 0, kind, 0, 1]].concat()
}

async fn ask(proxy: &Fixture, message: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(message, proxy.listener("Dns")).await.unwrap();
    let mut answer = vec![0; 512];
    let length = timeout(PATIENCE, socket.recv(&mut answer)).await.unwrap().unwrap();
    answer.truncate(length);
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allowed_name_is_answered_and_another_refused() {
    let origin = Origin::start().await;
    let proxy = Fixture::start_with(&config(&origin, ""), &["--dns", "127.0.0.1:0"]);
    let answer = ask(&proxy, &question("API.test", 1)).await;
    assert_eq!((answer[3] & 15, answer[7]), (0, 1), "{answer:?}");
    assert_eq!(answer[answer.len() - 4..], [127, 0, 0, 1]);
    // No IPv6 address isn't no name.
    let answer = ask(&proxy, &question("api.test", 28)).await;
    assert_eq!((answer[3] & 15, answer[7]), (0, 0));
    for name in ["evil.test", "secret-data.evil.test", "denied.sub.test", "localhost"] {
        let answer = ask(&proxy, &question(name, 1)).await;
        assert_eq!((answer[3] & 15, answer[7]), (5, 0), "{name}: {answer:?}");
    }
    let record = proxy.record(|record| record["protocol"] == "dns" && record["decision"] == "deny").await;
    assert_eq!((record["host"].as_str(), record["method"].as_str()), (Some("evil.test"), Some("A")));
    let malformed = ask(&proxy, &[7, 9, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0]).await;
    assert_eq!(malformed[3] & 15, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_answered_over_tcp_as_well() {
    let origin = Origin::start().await;
    let proxy = Fixture::start_with(&config(&origin, ""), &["--dns", "127.0.0.1:0"]);
    let mut stream = TcpStream::connect(proxy.listener("DnsTcp")).await.unwrap();
    for _ in 0..2 {
        let message = question("api.test", 1);
        let length = u16::try_from(message.len()).unwrap();
        stream.write_all(&[&length.to_be_bytes(), message.as_slice()].concat()).await.unwrap();
        let length = timeout(PATIENCE, stream.read_u16()).await.unwrap().unwrap();
        let mut answer = vec![0; length.into()];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer[answer.len() - 4..], [127, 0, 0, 1]);
    }
}
