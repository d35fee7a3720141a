//! An image in a real registry, and a proxy before that: what is pulled once is pulled again when the registry is gone.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::certificates;
use crate::fixture::{Fixture, PATIENCE, is_here};
use crate::nginx::Nginx;
use crate::packages::hex;

/// A registry that ends with the test.
struct Registry(Child);

impl Registry {
    fn start(folder: &Path) -> (Self, u16) {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: {} }} }}\n\
             http: {{ addr: '127.0.0.1:{port}' }}\n",
            folder.join("registry").display()
        );
        let file = folder.join("registry.yml");
        fs::write(&file, config).unwrap();
        let mut serve = Command::new("docker-registry");
        let process = serve.arg("serve").arg(file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "the registry doesn't start");
            thread::sleep(Duration::from_millis(20));
        }
        (Self(process), port)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An image of one layer, in the form of a folder (OCI): the digests of its manifest, its configuration and its layer.
fn image(folder: &Path) -> [String; 3] {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let add = |bytes: &[u8], kind: &str| {
        let digest = hex(&Sha256::digest(bytes));
        fs::write(blobs.join(&digest), bytes).unwrap();
        json!({ "mediaType": format!("application/vnd.oci.image.{kind}"), "digest": format!("sha256:{digest}"), "size": bytes.len() })
    };
    fs::write(folder.join("file"), vec![7; 1 << 20]).unwrap();
    let layer = Command::new("tar").args(["--create", "--directory"]).arg(folder).arg("file").output().unwrap().stdout;
    let diff = hex(&Sha256::digest(&layer));
    let config = json!({ "architecture": "amd64", "os": "linux", "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{diff}")] } });
    let (layer, config) = (add(&layer, "layer.v1.tar"), add(config.to_string().as_bytes(), "config.v1+json"));
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({ "schemaVersion": 2, "mediaType": kind, "config": &config, "layers": [&layer] });
    let manifest = add(manifest.to_string().as_bytes(), "manifest.v1+json");
    fs::write(folder.join("index.json"), json!({ "schemaVersion": 2, "manifests": [&manifest] }).to_string()).unwrap();
    fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    [manifest, config, layer].map(|part| part["digest"].as_str().unwrap().to_owned())
}

/// The image's name, where everybody finds it.
const NAME: &str = "registry.test/thing";

/// A registry with an image, and a proxy before it.
pub struct Scene {
    /// The image by its digest.
    pub reference: String,
    /// The digests of its manifest, its configuration and its layer.
    pub parts: [String; 3],
    proxy: Fixture,
    registry: Option<Registry>,
    folder: TempDir,
    _nginx: Nginx,
}

impl Scene {
    /// Starts all of it; nothing where a program isn't there, one of `programs` or of its own.
    pub fn start(programs: &[&str]) -> Option<Self> {
        if !["docker-registry", "skopeo", "nginx"].iter().chain(programs).all(|program| is_here(program)) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let (registry, port) = Registry::start(folder.path());
        let certificates = certificates::make(&["registry.test"]);
        // Whether it is a registry at all, clients ask each time; that is answered before it.
        let servers = |secure: u16, _| {
            format!(
                "server {{ listen 127.0.0.1:{secure} ssl;
                   location = /v2/ {{ return 200 '{{}}'; }}
                   location / {{ proxy_pass http://127.0.0.1:{port}; proxy_set_header Host $http_host;
                     proxy_set_header X-Forwarded-Proto https; }} }}"
            )
        };
        let nginx = Nginx::start(&folder.path().join("nginx"), &certificates, servers);
        let ca = certificates.ca.replace('\n', "\n      ");
        let proxy = Fixture::start(&format!(
            "allowlist: {{ domains: [registry.test] }}\nupstream:\n  roots: none\n  extra_ca:\n    - |\n      {ca}\n  \
             addresses: {{ registry.test: '127.0.0.1:{}' }}\n",
            nginx.secure
        ));
        let source = folder.path().join("image");
        fs::create_dir(&source).unwrap();
        let parts = image(&source);
        let scene = Self {
            reference: format!("{NAME}@{}", parts[0]),
            parts,
            proxy,
            registry: Some(registry),
            folder,
            _nginx: nginx,
        };
        scene.copy(&format!("oci:{}", source.display()), &format!("docker://{NAME}:1"));
        Some(scene)
    }

    /// A file or folder of the scene's.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Ends the registry.
    pub fn end_registry(&mut self) {
        self.registry = None;
    }

    /// A program that goes through the proxy and trusts it.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("HTTPS_PROXY", format!("http://{}", self.proxy.address)).env("SSL_CERT_FILE", self.proxy.ca());
        command.env("NO_PROXY", "").env("no_proxy", "").env("TMPDIR", self.folder.path());
        command
    }

    /// Waits until parts of the image have come from the cache, as the records say.
    pub async fn are_kept(&self, parts: &[String]) {
        let is_of = |record: &Value, digest: &str| {
            record["decision"] == "cached" && record["path"].as_str().is_some_and(|path| path.ends_with(digest))
        };
        let has_all = |records: &[Value]| parts.iter().all(|part| records.iter().any(|record| is_of(record, part)));
        self.proxy.records(has_all).await;
    }

    #[track_caller]
    fn copy(&self, from: &str, to: &str) {
        let mut skopeo = self.command("skopeo");
        succeeded(skopeo.args(["--insecure-policy", "copy", "--quiet", "--preserve-digests", from, to]));
    }
}

/// What a program tells that is to succeed.
#[track_caller]
pub fn succeeded(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let told = String::from_utf8_lossy(&stdout);
    assert!(status.success(), "{command:?}: {told}{}", String::from_utf8_lossy(&stderr));
    told.into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_pulled_again_when_its_registry_is_gone() {
    let Some(mut scene) = Scene::start(&[]) else { return };
    let pull = |scene: &Scene, name: &str| {
        scene.copy(&format!("docker://{}", scene.reference), &format!("dir:{}", scene.path(name).display()));
        let mut files: Vec<_> = fs::read_dir(scene.path(name)).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        let read = |file: PathBuf| (file.file_name().unwrap().to_owned(), fs::read(file).unwrap());
        files.into_iter().map(read).collect::<Vec<_>>()
    };
    let first = pull(&scene, "first");
    scene.end_registry();
    assert_eq!(pull(&scene, "second"), first);
    scene.are_kept(&scene.parts).await;
}
