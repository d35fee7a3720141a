//! A firewall's redirection, in a network namespace of the test's own.

use std::fs;
use std::process::{Command, Stdio};

use crate::fixture::{is_here, skip};

/// What happens in the namespace: a host on loopback that only the mark gets to by its port, rules as a sandbox has them, and a
/// client that knows of no proxy.
const SCRIPT: &str = r#"
set -e
cd "$1"
ip link set lo up
ip link add out type veth peer name far
ip address add 192.0.2.1/24 dev out
ip link set out up
ip link set far up
nft -f - <<RULES
table ip sandbox {
  chain out {
    type nat hook output priority -100;
    oif lo return
    meta mark 7 return
    tcp dport { 80, 443 } redirect to :17080
  }
}
RULES
echo "the host's own file" > file
python3 -m http.server --bind 127.0.0.1 8080 >/dev/null 2>&1 &
"$2" --config config.yaml --data data >told 2>&1 &
proxy=$!
for attempt in $(seq 100); do
  curl --silent --output /dev/null http://127.0.0.1:17081/health && curl --silent --output /dev/null http://127.0.0.1:8080/ && break
  sleep 0.1
done
echo "allowed: $(curl --silent --max-time 10 --resolve api.test:80:192.0.2.7 http://api.test/file)"
echo "denied: $(curl --silent --max-time 10 --resolve evil.test:80:192.0.2.7 http://evil.test/file)"
echo "tls: $(curl --silent --max-time 10 --cacert data/certs/ca.crt --resolve evil.test:443:192.0.2.7 https://evil.test/file)"
echo "direct: $(curl --silent --max-time 10 --noproxy '*' http://192.0.2.7/file)"
kill $proxy
wait $proxy || true
cat data/log/access.ndjson
"#;

const CONFIG: &str = "
allowlist: { domains: [api.test] }
upstream: { mark: 7, addresses: { 'api.test:80': '127.0.0.1:8080' } }
";

#[test]
fn a_redirected_client_that_knows_of_no_proxy_is_bound_by_the_policy() {
    if !["unshare", "nft", "ip", "python3", "curl"].iter().all(|program| is_here(program)) {
        return;
    }
    let may = Command::new("unshare").args(["-Urn", "true"]).stderr(Stdio::null()).status();
    if !may.is_ok_and(|status| status.success()) {
        skip("this machine allows no network namespaces");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.yaml"), CONFIG).unwrap();
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", SCRIPT, "sh"])
        .arg(folder.path())
        .arg(env!("CARGO_BIN_EXE_octobot-proxy"))
        .env("no_proxy", "*")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let told = fs::read_to_string(folder.path().join("told")).unwrap_or_default();
    assert!(text.contains("allowed: the host's own file"), "{text}{}{told}", String::from_utf8_lossy(&output.stderr));
    let line = |begin: &str| text.lines().find(|line| line.starts_with(begin)).unwrap_or_default().to_owned();
    for denied in ["denied: ", "tls: ", "direct: "] {
        assert!(line(denied).contains("\"status\":403"), "{text}");
    }
    assert!(text.contains("\"host\":\"192.0.2.7\""), "{text}");
}
