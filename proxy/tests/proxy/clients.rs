//! Real programs: git, Python, Node, and nginx as a host.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tokio::net::TcpStream;
use tokio::time::{Duration, Instant, sleep};

use crate::fixture::{CANARY, Fixture, PATIENCE, config, is_here, skip};
use crate::origin::Origin;

/// Runs a program with the proxy in its environment, as a sandbox has it.
fn run(proxy: &Fixture, program: &str, arguments: &[&str]) -> Output {
    let url = format!("http://{}", proxy.address);
    let mut command = Command::new(program);
    command.args(arguments).env("NO_PROXY", "").env("no_proxy", "").env("NODE_USE_ENV_PROXY", "1");
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"] {
        command.env(name, &url);
    }
    for name in ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO"] {
        command.env(name, proxy.ca());
    }
    command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    command.output().unwrap()
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A Python that has requests: the system's, or the first one.
fn python() -> Option<&'static str> {
    let has_requests = |program: &&str| {
        let tried = Command::new(program).args(["-c", "import requests"]).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    };
    let found = ["/usr/bin/python3", "python3"].into_iter().find(has_requests);
    if found.is_none() {
        skip("Python with requests isn't installed");
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn python_goes_through() {
    let Some(python) = python() else { return };
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let ask = "import urllib.request as u; print(u.urlopen('https://api.test/a').read().decode())";
    assert!(succeeded(&run(&proxy, python, &["-c", ask])).contains("/a HTTP/1.1"));
    let ask = "import requests as r; s = r.Session(); print(s.post('https://api.test/upload', data=b'x' * 1000000).text); \
               print(s.get('https://api.test/a').status_code)";
    assert_eq!(succeeded(&run(&proxy, python, &["-c", ask])), "1000000\n200\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn node_goes_through() {
    // Node takes the proxy from the environment from version 24 on; what is older speaks TLS over CONNECT itself here.
    if !is_here("node") {
        return;
    }
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let ask = format!(
        "const http = require('http'), https = require('https');
        http.request({{ host: '127.0.0.1', port: {}, method: 'CONNECT', path: 'api.test:443', headers: {{ host: 'api.test:443' }} }})
            .on('connect', (_, socket) => https.get(
                {{ host: 'api.test', servername: 'api.test', path: '/a', socket, agent: false }},
                answer => answer.on('data', data => process.stdout.write(data)).on('end', () => process.exit())))
            .end();",
        proxy.address.port()
    );
    assert!(succeeded(&run(&proxy, "node", &["-e", &ask])).contains("/a HTTP/1.1"));
    let version = succeeded(&Command::new("node").arg("--version").output().unwrap());
    let major: u32 = version.trim_start_matches('v').split('.').next().unwrap().parse().unwrap();
    if major < 24 {
        return;
    }
    let ask = "fetch('https://api.test/a').then(a => a.text()).then(t => console.log(t))";
    assert!(succeeded(&run(&proxy, "node", &["-e", ask])).contains("/a HTTP/1.1"));
}

/// A web server with TLS and HTTP/2 that serves a folder.
struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        // With SIGTERM it ends its workers as well.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.0.wait();
    }
}

async fn nginx(origin: &Origin, folder: &Path, root: &Path) -> (Nginx, u16) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    fs::write(folder.join("cert.pem"), &origin.chain_pem).unwrap();
    fs::write(folder.join("key.pem"), &origin.key_pem).unwrap();
    let (here, root) = (folder.display(), root.display());
    let config = format!(
        "daemon off; pid {here}/pid; error_log {here}/error.log; worker_processes 1; user root;
        events {{ }}
        http {{ access_log off; client_body_temp_path {here}/t1; proxy_temp_path {here}/t2; fastcgi_temp_path {here}/t3;
          uwsgi_temp_path {here}/t4; scgi_temp_path {here}/t5;
          server {{ listen 127.0.0.1:{port} ssl http2; ssl_certificate {here}/cert.pem; ssl_certificate_key {here}/key.pem;
            root {root};
            location /key {{ default_type text/plain; return 200 \"$http_x_api_key $server_protocol\"; }} }} }}"
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, config).unwrap();
    let process = Command::new("nginx").arg("-c").arg(&file).arg("-e").arg(folder.join("start.log")).spawn().unwrap();
    let nginx = Nginx(process);
    let end = Instant::now() + PATIENCE;
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(Instant::now() < end, "{}", fs::read_to_string(folder.join("error.log")).unwrap_or_default());
        sleep(Duration::from_millis(20)).await;
    }
    (nginx, port)
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_is_reached_by_both_protocols_and_git_clones_from_it() {
    if !is_here("nginx") || !is_here("git") {
        return;
    }
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    fs::create_dir(&root).unwrap();
    let (_nginx, port) = nginx(&origin, folder.path(), &root).await;
    let text = config(&origin, &format!("headers: {{ other.test: {{ set: {{ x-api-key: {CANARY} }} }} }}"));
    let own = format!("'other.test:443': '{}'", origin.secure);
    let proxy = Fixture::start(&text.replace(&own, &format!("'other.test:443': '127.0.0.1:{port}'")));
    let http1 = proxy.curled(&["--http1.1", "https://other.test/key"]);
    assert_eq!(http1, format!("{CANARY} HTTP/1.1"));
    let http2 = proxy.curled(&["--http2", "https://other.test/key"]);
    assert_eq!(http2, format!("{CANARY} HTTP/2.0"));

    let script = format!(
        "cd {root} && git init --quiet source && cd source && git -c user.name=a -c user.email=a@b commit --quiet \
         --allow-empty -m first && echo content > file && git add file && git -c user.name=a -c user.email=a@b commit \
         --quiet -m second && cd .. && git clone --quiet --bare source source.git && cd source.git && git \
         update-server-info",
        root = root.display()
    );
    succeeded(&run(&proxy, "sh", &["-c", &script]));
    let clone = folder.path().join("clone");
    succeeded(&run(&proxy, "git", &["clone", "--quiet", "https://other.test/source.git", clone.to_str().unwrap()]));
    assert_eq!(fs::read_to_string(clone.join("file")).unwrap(), "content\n");
    let refused = run(&proxy, "git", &["clone", "https://evil.test/source.git", "/nonexistent/clone"]);
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(told.contains("remote: the network policy doesn't allow this: default deny"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_show_themselves_why_they_are_refused() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let urllib = "import urllib.request as u; u.urlopen('https://evil.test/')";
    let programs: [(&str, &[&str]); 8] = [
        ("curl", &["--silent", "https://evil.test/"]),
        ("git", &["ls-remote", "https://evil.test/source.git"]),
        ("cargo", &["search", "--index", "sparse+https://evil.test/", "thing"]),
        ("wget", &["--tries", "1", "--output-document", "-", "https://evil.test/"]),
        ("npm", &["view", "thing", "--registry", "https://evil.test/", "--fetch-retries", "0"]),
        ("python3", &["-c", urllib]),
        ("python3", &["-m", "pip", "download", "--retries", "1", "--index-url", "https://evil.test/simple", "thing"]),
        ("skopeo", &["inspect", "docker://evil.test/thing"]),
    ];
    for (program, arguments) in programs.into_iter().filter(|(program, _)| is_here(program)) {
        let output = run(&proxy, program, arguments);
        let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(told.contains("the network policy doesn't allow this: default deny"), "{program}: {told}");
    }
    // Where there is no connection in between, it stands in the same place.
    let output = run(&proxy, "wget", &["--tries", "1", "--output-document", "-", "http://evil.test/"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("403: the network policy doesn't allow this: default deny"), "{told}");
    assert_eq!(origin.seen.bytes(), 0);
}
