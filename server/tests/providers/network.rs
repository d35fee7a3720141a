//! What leaves a sandbox and what doesn't. Each test has a control that shows that it could fail.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use octobot_proxy::log::{Decision, Filter, Protocol};
use octobot_server::sandbox::proxy_client::PAGE;
use octobot_server::sandbox::{DaemonClient, LogSink, ProxyClient, SandboxSpec, Secret};
use octobot_wire::{ProjectId, SessionId};

use super::bench::{Bench, ROOMY, remove, run, session, spec};

/// What stands in the header that the proxy adds.
const CANARY: &str = "canary-4f1c9a";

/// A server of the host's, which answers `outside` and keeps what it was sent. Sandboxes know it as `allowed.test`.
struct Outside {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Outside {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let seen = heads.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
                seen.lock().unwrap_or_else(PoisonError::into_inner).push(head.join("\n"));
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\nconnection: close\r\n\r\noutside\n";
                // Who hangs up early doesn't want it.
                drop((&stream).write_all(answer));
            }
        });
        Self { port, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// A proxy's configuration by which these hosts may be reached, all of which are this server.
    fn policy(&self, hosts: &[&str]) -> Secret {
        let domains = hosts.iter().map(|host| format!("{{ host: {host}, private: true }}")).collect::<Vec<_>>();
        let addresses = ["allowed.test", "later.test"].map(|host| format!("'{host}': '127.0.0.1:{}'", self.port));
        Secret::new(format!(
            "allowlist: {{ domains: [{}] }}\nupstream: {{ addresses: {{ {} }} }}\n\
             headers: {{ allowed.test: {{ set: {{ x-key: {CANARY} }}, plain: true }} }}\n",
            domains.join(", "),
            addresses.join(", ")
        ))
    }
}

async fn start(bench: &dyn Bench, session: SessionId, network: Secret) -> DaemonClient {
    let spec = SandboxSpec { network, ..spec(session, ROOMY) };
    DaemonClient::new(bench.provider().start(&spec, &LogSink::discard()).await.unwrap())
}

/// Two ways to ask for a page, which print the status: of a program that was told of the proxy, and of one that wasn't.
const ASKING: &str = r#"
status() { read -r -t 20 _ status _ <&3; echo "$1 ${status:-none}"; exec 3<&-; }
told() { exec 3<>/dev/tcp/127.0.0.1/17080; printf 'GET http://%s/ HTTP/1.0\r\nHost: %s\r\n\r\n' $1 $1 >&3; status $1; }
untold() { exec 3<>/dev/tcp/$1/80 || return; printf 'GET / HTTP/1.0\r\nHost: %s\r\n\r\n' $1 >&3; status $1; }
"#;

pub async fn what_the_policy_allows_is_reached_also_by_programs_that_know_of_no_proxy(bench: &dyn Bench) {
    let (outside, session) = (Outside::open(), session());
    let client = start(bench, session, outside.policy(&["allowed.test"])).await;
    let allowed = run(&client, &format!("{ASKING} told allowed.test; untold allowed.test")).await;
    assert_eq!(allowed.output, "allowed.test 200\nallowed.test 200\n");
    let refused = run(&client, &format!("{ASKING} told later.test; untold 127.0.0.9; untold 192.0.2.7")).await;
    assert_eq!(refused.output, "later.test 403\n127.0.0.9 403\n192.0.2.7 403\n");
    let unknown = run(&client, &format!("{ASKING} untold later.test 2>&1")).await;
    assert!(!unknown.output.contains("later.test 200"), "{}", unknown.output);
    let heads = outside.heads();
    assert_eq!(heads.len(), 2, "{heads:?}");
    assert!(heads.iter().all(|head| head.contains(&format!("x-key: {CANARY}"))), "{heads:?}");
    let told = run(&client, "echo $HTTPS_PROXY $NO_PROXY; head -c 27 $SSL_CERT_FILE; cat /etc/resolv.conf").await;
    assert_eq!(
        told.output,
        "http://127.0.0.1:17080 localhost,127.0.0.1,::1\n-----BEGIN CERTIFICATE-----nameserver 127.0.0.1\n"
    );
    remove(bench, session).await;
}

pub async fn nothing_reaches_the_host_past_the_proxy(bench: &dyn Bench) {
    let (outside, session) = (Outside::open(), session());
    let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (tcp, udp) = (outside.port, datagrams.local_addr().unwrap().port());
    let name = format!("octobot-test-{}", session.uuid().simple());
    let abstract_address = SocketAddr::from_abstract_name(&name).unwrap();
    let local = UnixListener::bind_addr(&abstract_address).unwrap();

    TcpStream::connect(("127.0.0.1", tcp)).unwrap().write_all(b"GET / HTTP/1.1\n\n").unwrap();
    UnixStream::connect_addr(&abstract_address).unwrap();
    local.accept().unwrap();
    UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"control", ("127.0.0.1", udp)).unwrap();
    assert_eq!(datagrams.recv(&mut [0; 16]).unwrap(), 7);

    let client = start(bench, session, outside.policy(&["allowed.test"])).await;
    let script = format!(
        "try() {{ timeout 5 \"$@\" 2>&1 | tail -n 1; }}
         for host in 127.0.0.1 10.0.0.1 192.0.2.1 8.8.8.8 169.254.169.254 ::1 2001:db8::1; do
           try bash -c \"echo x > /dev/tcp/$host/{tcp}\"; try bash -c \"echo x > /dev/udp/$host/{udp}\"
         done
         try perl -MSocket -e 'socket(S, PF_INET, SOCK_RAW, 1) or die \"raw: $!\\n\"'
         try perl -MSocket -e 'socket(S, 17, SOCK_RAW, 768) or die \"packet: $!\\n\"'
         try perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, 36, 1) or die \"mark: $!\\n\"'
         try perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0); connect(S, pack(\"S a*\", AF_UNIX, \"\\0{name}\")) or die \"abstract: $!\\n\"'
         try perl -MSocket -e 'socket(S, 16, SOCK_RAW, 0); bind(S, pack(\"S S L L\", 16, 0, 0, 0)); \
                               send(S, pack(\"L S S L L C x S l L L\", 32, 16, 5, 1, 0, 0, 0, 1, 0, 1), 0); recv(S, $b, 99, 0); \
                               die \"link: \", -unpack(\"x16 l\", $b), \"\\n\"'"
    );
    let tried = run(&client, &script).await;
    for expected in ["raw: Operation not permitted", "packet: Operation not permitted", "mark: Operation not permitted"]
    {
        assert!(tried.output.contains(expected), "{}", tried.output);
    }
    assert!(tried.output.contains("abstract: Connection refused"), "{}", tried.output);
    assert!(tried.output.contains("link: 1\n"), "interfaces can't be changed: {}", tried.output);
    // Each TCP connection of the seven was answered at once. Without IPv6 there are no such addresses.
    let answered = tried.output.lines().filter(|line| line.contains("/dev/tcp/"));
    let answers = ["Connection refused", "Cannot assign requested address"];
    let at_once = answered.filter(|line| answers.iter().any(|answer| line.ends_with(answer)));
    assert_eq!(at_once.count(), 7, "{}", tried.output);
    assert_eq!(outside.heads().len(), 1, "only the control came: {:?}", outside.heads());
    datagrams.set_nonblocking(true).unwrap();
    assert!(datagrams.recv(&mut [0; 16]).is_err(), "no datagram came");
    let log = ProxyClient::new(bench.provider().proxy(session).await.unwrap().unwrap());
    let records = log.log(0, &Filter::default(), PAGE).await.unwrap().records;
    for (protocol, port) in [(Protocol::Tcp, tcp), (Protocol::Udp, udp)] {
        let is_told = records.iter().any(|record| {
            record.protocol == protocol
                && record.host == "8.8.8.8"
                && record.port == port
                && record.decision == Decision::Deny
        });
        assert!(is_told, "{protocol:?} isn't in the log: {records:?}");
    }
    remove(bench, session).await;
}

pub async fn another_policy_is_in_force_without_a_restart(bench: &dyn Bench) {
    let (outside, session) = (Outside::open(), session());
    let client = start(bench, session, outside.policy(&["allowed.test"])).await;
    let ask = format!("{ASKING} told later.test");
    assert_eq!(run(&client, &ask).await.output, "later.test 403\n");
    bench.provider().configure(session, &outside.policy(&["allowed.test", "later.test"])).await.unwrap();
    let until =
        format!("{ASKING} for i in $(seq 200); do r=$(told later.test); [[ $r = *200 ]] && break; done; echo $r");
    assert_eq!(run(&client, &until).await.output, "later.test 200\n");
    remove(bench, session).await;
}

/// Prints which files, of those named on standard input, and which processes' memory or environment have a text in them. It is given in
/// two parts, so that it isn't found where it is searched for.
const SEARCH: &str = r#"
my $text = $ARGV[0] . $ARGV[1];
sub look { my ($name, $file) = @_; my ($kept, $data) = ("", "");
  while (sysread($file, $data, 1 << 20)) { index($kept . $data, $text) < 0 or return print "$name\n"; $kept = substr($data, -64) } }
while (<STDIN>) { chomp; open(my $f, "<", $_) or next; look($_, $f) }
for my $p (glob "/proc/[0-9]*") { $p ne "/proc/$$" or next;
  for my $name ("environ", "cmdline") { open(my $f, "<", "$p/$name") or next; look("$p/$name", $f) }
  open(my $maps, "<", "$p/maps") or next; open(my $memory, "<", "$p/mem") or next;
  while (<$maps>) { /^(\w+)-(\w+) rw/ or next; my ($at, $end) = (hex $1, hex $2);
    while ($at < $end) { my $more = $end - $at; $more = 1 << 24 if $more > 1 << 24; sysseek($memory, $at, 0); my $data;
      sysread($memory, $data, $more) or last; index($data, $text) < 0 or print "memory of $p\n"; $at += $more } } }
"#;

pub async fn what_the_proxy_adds_to_requests_is_nowhere_inside(bench: &dyn Bench) {
    let (outside, session) = (Outside::open(), session());
    let client = start(bench, session, outside.policy(&["allowed.test"])).await;
    let places = "/home /.data /.octobot /run /tmp /dev/shm /etc";
    let script = |first: &str, second: &str| {
        format!(
            "cat > search.pl <<'PERL'\n{SEARCH}\nPERL\n{ASKING} told allowed.test > answer\n\
             find {places} -type f 2>/dev/null | perl search.pl {first} {second} | sort -u"
        )
    };
    let (first, second) = CANARY.split_at(7);
    let found = run(&client, &script(first, second)).await;
    assert_eq!(found.output, "", "found inside");
    assert!(outside.heads()[0].contains(CANARY), "the control: it was added");
    let marker = "export MARKER=marker-81d0e2; sleep 1000 & ";
    let control = run(&client, &format!("{marker}{}", script("marker-", "81d0e2"))).await;
    for kind in ["/environ", "memory of"] {
        assert!(control.output.contains(kind), "the control: {}", control.output);
    }
    remove(bench, session).await;
}

pub async fn connections_wait_for_the_next_proxy_when_one_dies(bench: &dyn Bench) {
    let (outside, session) = (Outside::open(), session());
    let client = start(bench, session, outside.policy(&["allowed.test"])).await;
    for _ in 0..3 {
        let pattern = format!("octobot-proxy .*--session {session}");
        assert!(
            Command::new("pkill").args(["-KILL", "-f", &pattern]).status().unwrap().success(),
            "the control: it runs"
        );
        let asking = tokio::spawn({
            let client = client.clone();
            async move { run(&client, &format!("{ASKING} untold 127.0.0.9; told allowed.test")).await.output }
        });
        // One that was just killed may hold its lock for a moment; the next look finds that it has gone.
        let mut looks = tokio::time::interval(Duration::from_millis(100));
        let tending = async {
            loop {
                looks.tick().await;
                bench.provider().tend(session, &ProjectId::local()).await.unwrap();
            }
        };
        let answer = tokio::select! {
            answer = asking => answer.unwrap(),
            () = tending => unreachable!("it goes on"),
        };
        assert_eq!(answer, "127.0.0.9 403\nallowed.test 200\n");
    }
    remove(bench, session).await;
}
