//! A name whose addresses change while it is used (DNS rebinding), in a network where every address is here.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use octobot_proxy::dns::{self, Code};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, UdpSocket};

use crate::fixture::{Fixture, exchange, read_head};
use crate::programs::{in_a_network_of_its_own, is_inside};

const PUBLIC: &str = "93.184.215.14";
const TEST: &str = "rebinding::a_name_that_changes_its_address_leads_nowhere_else";

/// A server for names whose answers change.
#[derive(Clone, Default)]
struct Names(Arc<Mutex<HashMap<String, Vec<IpAddr>>>>);

impl Names {
    fn set(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        self.0.lock().unwrap().insert(name.to_owned(), addresses);
    }

    async fn serve(self) {
        let socket = UdpSocket::bind("127.0.0.1:53").await.unwrap();
        tokio::spawn(async move {
            let mut message = [0; 512];
            loop {
                let (length, peer) = socket.recv_from(&mut message).await.unwrap();
                let question = dns::question(&message[..length]).unwrap();
                let name = question.name.trim_end_matches('.').to_ascii_lowercase();
                let mut addresses = self.0.lock().unwrap().get(&name).cloned().unwrap_or_default();
                addresses.retain(|address| question.kind.takes(*address));
                let answer = dns::answer(&message[..length], &question, Code::Fine, &addresses, 512);
                socket.send_to(&answer, peer).await.unwrap();
            }
        });
    }
}

/// A host at every address. What it is asked at, it answers and remembers.
async fn everywhere() -> Arc<Mutex<Vec<String>>> {
    let listener = TcpListener::bind("0.0.0.0:80").await.unwrap();
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let mut stream = listener.accept().await.unwrap().0;
            let here = stream.local_addr().unwrap().ip().to_string();
            seen.lock().unwrap().push(here.clone());
            read_head(&mut stream).await;
            let length = here.len();
            let answer = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{here}");
            // Whoever asked may have gone.
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    asked
}

async fn ask(proxy: &Fixture, host: &str) -> String {
    let request = format!("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    exchange(proxy.connect().await, request.as_bytes()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_changes_its_address_leads_nowhere_else() {
    if !is_inside() {
        in_a_network_of_its_own(TEST);
        return;
    }
    let names = Names::default();
    names.clone().serve().await;
    let asked = everywhere().await;
    let proxy = Fixture::start("allowlist: { domains: ['*.rebind.test'] }\nupstream: { roots: none }");
    names.set("a.rebind.test", &[PUBLIC]);
    assert!(ask(&proxy, "a.rebind.test").await.ends_with(PUBLIC));
    // What was checked is what is dialled, for as long as it is remembered.
    names.set("a.rebind.test", &["127.0.0.1"]);
    assert!(ask(&proxy, "a.rebind.test").await.ends_with(PUBLIC));
    // A name that has changed before it is asked for again is like one that has always led there.
    for (name, address) in
        [("b", "127.0.0.1"), ("c", "169.254.169.254"), ("d", "10.0.0.1"), ("e", "::1"), ("f", "::ffff:10.0.0.1")]
    {
        let host = format!("{name}.rebind.test");
        names.set(&host, &[address]);
        let answer = ask(&proxy, &host).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{address}: {answer}");
        let record = proxy.record(|record| record["host"] == host.as_str()).await;
        assert_eq!(record["decision"], "deny", "{record}");
    }
    // Of several addresses only the permitted ones are dialled, in whatever order they come.
    for (host, addresses) in [("g.rebind.test", ["10.0.0.1", PUBLIC]), ("h.rebind.test", [PUBLIC, "127.0.0.1"])] {
        names.set(host, &addresses);
        assert!(ask(&proxy, host).await.ends_with(PUBLIC), "{addresses:?}");
    }
    assert!(asked.lock().unwrap().iter().all(|address| address == PUBLIC), "{asked:?}");
    // The control: where the policy names the address, the same name leads there.
    let proxy =
        Fixture::start("allowlist: { domains: ['*.rebind.test'], ips: [127.0.0.0/8] }\nupstream: { roots: none }");
    assert!(ask(&proxy, "b.rebind.test").await.ends_with("127.0.0.1"));
}
