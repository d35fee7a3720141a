//! docker-registry with a manifest on its disk, on the first core alone.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::Pid;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::client::Measured;
use crate::server::until;

/// What docker-registry takes for a manifest without being asked for one of that kind.
const KIND: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// docker-registry, until it is dropped.
pub struct Registry {
    pub process: Measured,
    child: Child,
}

impl Registry {
    /// Starts it; `None` where it isn't installed.
    pub fn start(folder: &Path) -> Option<Self> {
        Command::new("docker-registry").arg("--version").stdout(Stdio::null()).status().ok()?;
        let root = folder.join("registry");
        let digest = keep(&root);
        // A port that was free a moment ago: it can't tell which one it has got.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let file = folder.join("registry.yml");
        fs::write(&file, config(&root, address)).unwrap();
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", "0", "docker-registry", "serve"]).arg(file);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        until(|| std::net::TcpStream::connect(address).ok());
        let manifest = format!("/v2/thing/manifests/sha256:{digest}");
        Some(Self { process: Measured { address, pid: Pid::from_child(&child), manifest }, child })
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}

fn config(root: &Path, address: SocketAddr) -> String {
    format!(
        "version: 0.1\nlog: {{ level: error, accesslog: {{ disabled: true }} }}\n\
         storage: {{ filesystem: {{ rootdirectory: {} }}, cache: {{ blobdescriptor: inmemory }} }}\n\
         http: {{ addr: '{address}' }}\n",
        root.display()
    )
}

/// Puts a manifest where docker-registry looks for it; its digest.
fn keep(root: &Path) -> String {
    let part = |kind: &str| {
        let digest = format!("sha256:{}", hex(&Sha256::digest(kind)));
        json!({ "mediaType": format!("application/vnd.docker.{kind}"), "digest": digest, "size": 1024 })
    };
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": KIND,
        "config": part("container.image.v1+json"),
        "layers": (0..5).map(|layer| part(&format!("image.rootfs.diff.tar.gzip.{layer}"))).collect::<Vec<_>>(),
    });
    let manifest = manifest.to_string();
    let digest = hex(&Sha256::digest(&manifest));
    let root = root.join("docker/registry/v2");
    let write = |path: String, content: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    write(format!("blobs/sha256/{}/{digest}/data", &digest[..2]), &manifest);
    write(format!("repositories/thing/_manifests/revisions/sha256/{digest}/link"), &format!("sha256:{digest}"));
    digest
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}
