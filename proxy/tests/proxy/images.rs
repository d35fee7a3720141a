//! An image that is pulled from a real registry, and again when that is gone.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

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

/// An image of one layer, in the form of a folder (OCI), and its digest.
fn image(folder: &Path) -> String {
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
    let manifest = json!({ "schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer] });
    let manifest = add(manifest.to_string().as_bytes(), "manifest.v1+json");
    fs::write(folder.join("index.json"), json!({ "schemaVersion": 2, "manifests": [manifest] }).to_string()).unwrap();
    fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    manifest["digest"].as_str().unwrap().to_owned()
}

#[track_caller]
fn copy(proxy: &Fixture, from: &str, to: &str) {
    let mut skopeo = Command::new("skopeo");
    skopeo
        .args(["--insecure-policy", "copy", "--quiet", "--preserve-digests", from, to])
        .env("HTTPS_PROXY", format!("http://{}", proxy.address));
    skopeo.env("SSL_CERT_FILE", proxy.ca()).env("NO_PROXY", "").env("no_proxy", "");
    let output = skopeo.output().unwrap();
    assert!(output.status.success(), "{from} to {to}: {}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_pulled_again_when_its_registry_is_gone() {
    if !["docker-registry", "skopeo", "nginx"].iter().all(|program| is_here(program)) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = |name: &str| folder.path().join(name);
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
    let nginx = Nginx::start(&here("nginx"), &certificates, servers);
    let ca = certificates.ca.replace('\n', "\n      ");
    let proxy = Fixture::start(&format!(
        "allowlist: {{ domains: [registry.test] }}\nupstream:\n  roots: none\n  extra_ca:\n    - |\n      {ca}\n  \
         addresses: {{ registry.test: '127.0.0.1:{}' }}\n",
        nginx.secure
    ));
    fs::create_dir(here("image")).unwrap();
    let digest = image(&here("image"));
    copy(&proxy, &format!("oci:{}", here("image").display()), "docker://registry.test/thing:1");
    let by_digest = format!("docker://registry.test/thing@{digest}");
    copy(&proxy, &by_digest, &format!("dir:{}", here("first").display()));
    drop(registry);
    copy(&proxy, &by_digest, &format!("dir:{}", here("second").display()));

    let pulled = |name: &str| {
        let mut files: Vec<_> = fs::read_dir(here(name)).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        files
            .into_iter()
            .map(|file| (file.file_name().unwrap().to_owned(), fs::read(file).unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(pulled("first"), pulled("second"));
    let (_, hosts) = proxy.ask("GET", "/api/log?decision=cached", Some(crate::fixture::TOKEN), &Value::Null).await;
    let paths: Vec<_> =
        hosts["records"].as_array().unwrap().iter().filter_map(|record| record["path"].as_str()).collect();
    assert!(paths.iter().any(|path| path.contains("/manifests/")) && paths.len() >= 3, "{paths:?}");
}
