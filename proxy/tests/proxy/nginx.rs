//! nginx, as the hosts that real programs ask.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::certificates::Certificates;
use crate::fixture::PATIENCE;

/// A web server with TLS. It ends when this is dropped.
pub struct Nginx {
    /// The port with TLS, if the servers have one.
    pub secure: u16,
    /// The port without.
    pub plain: u16,
    folder: PathBuf,
    process: Child,
}

impl Nginx {
    /// Starts it in a folder of its own. `servers` are told two ports and have to listen at the first one.
    pub fn start(folder: &Path, certificates: &Certificates, servers: impl Fn(u16, u16) -> String) -> Self {
        fs::create_dir(folder).unwrap();
        // Ports that were free a moment ago: nginx can't tell which ones it has got.
        let ports: Vec<_> = (0..2).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let [secure, plain] = [0, 1].map(|at: usize| ports[at].local_addr().unwrap().port());
        drop(ports);
        fs::write(folder.join("cert.pem"), &certificates.chain).unwrap();
        fs::write(folder.join("key.pem"), &certificates.key).unwrap();
        let (here, servers) = (folder.display(), servers(secure, plain));
        let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
        let config = format!(
            "daemon off; pid {here}/pid; error_log {here}/error.log; worker_processes 1; {user}
            events {{ }}
            http {{ access_log {here}/access.log; client_body_temp_path {here}/t1; proxy_temp_path {here}/t2;
              fastcgi_temp_path {here}/t3; uwsgi_temp_path {here}/t4; scgi_temp_path {here}/t5; client_max_body_size 0;
              types {{ text/html html; application/json json; }} default_type application/octet-stream;
              ssl_certificate {here}/cert.pem; ssl_certificate_key {here}/key.pem;
              {servers} }}"
        );
        let file = folder.join("nginx.conf");
        fs::write(&file, config).unwrap();
        let process =
            Command::new("nginx").arg("-c").arg(&file).arg("-e").arg(folder.join("start.log")).spawn().unwrap();
        let nginx = Self { secure, plain, folder: folder.to_owned(), process };
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", secure)).is_err() {
            assert!(Instant::now() < end, "{}", fs::read_to_string(folder.join("error.log")).unwrap_or_default());
            thread::sleep(Duration::from_millis(20));
        }
        nginx
    }

    /// What was asked for.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("access.log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // With SIGTERM it ends its workers as well.
        let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        let _ = self.process.wait();
    }
}
