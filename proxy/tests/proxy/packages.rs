//! Package registries in the form that their clients know, by the names that they have in the world, on a web server of the
//! tests' own.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256, Sha512};

use crate::certificates;
use crate::fixture::is_here;
use crate::nginx::Nginx;

/// What is in every file and package.
pub const CONTENT: &str = "it is here";

/// The hosts' names.
const NAMES: [&str; 8] = [
    "api.test",
    "evil.test",
    "registry.npmjs.org",
    "pypi.org",
    "files.pythonhosted.org",
    "index.crates.io",
    "static.crates.io",
    "deb.debian.org",
];

/// What never changes of all that is published.
const PUBLISHED: [(&str, &str); 4] = [
    ("npm", "/thing/-/thing-1.0.0.tgz"),
    ("python3", "/packages/thing-1.0-py3-none-any.whl"),
    ("cargo", "/crates/thing/1.0.0/download"),
    ("apt-get", "/debian/pool/main/t/thing/thing_1.0_all.deb"),
];

/// The hosts.
pub struct Hosts {
    nginx: Nginx,
    ca: String,
}

impl Hosts {
    /// Starts them; nothing without nginx.
    pub fn start(folder: &Path) -> Option<Self> {
        if !is_here("nginx") {
            return None;
        }
        let certificates = certificates::make(&NAMES);
        let root = folder.join("root");
        publish(&root);
        let servers = |secure: u16, plain: u16| {
            format!(
                "server {{ listen 127.0.0.1:{secure} ssl; listen 127.0.0.1:{plain}; root {}/$host;
                   location / {{ try_files $uri $uri/index.html =404; }} }}",
                root.display()
            )
        };
        let nginx = Nginx::start(&folder.join("nginx"), &certificates, servers);
        Some(Self { nginx, ca: certificates.ca })
    }

    /// The configuration of a proxy before them. All may be reached but one.
    pub fn config(&self) -> String {
        let (secure, plain) = (self.nginx.secure, self.nginx.plain);
        let ca = self.ca.replace('\n', "\n      ");
        let allowed: Vec<_> = NAMES.into_iter().filter(|name| *name != "evil.test").collect();
        let address = |name: &&str| {
            let port = if *name == "deb.debian.org" { plain } else { secure };
            format!("    {name}: '127.0.0.1:{port}'\n")
        };
        let addresses: String = NAMES.iter().map(address).collect();
        format!(
            "allowlist: {{ domains: [{}] }}\nupstream:\n  roots: none\n  extra_ca:\n    - |\n      {ca}\n  addresses:\n{addresses}",
            allowed.join(", ")
        )
    }

    /// The files that never change and somebody here can fetch.
    pub fn published() -> impl Iterator<Item = &'static str> {
        PUBLISHED.into_iter().filter(|(program, _)| is_here(program)).map(|(_, file)| file)
    }

    /// How often a file was fetched.
    pub fn fetched(&self, file: &str) -> usize {
        self.nginx.log().lines().filter(|line| line.contains(&format!("GET {file} "))).count()
    }
}

fn publish(root: &Path) {
    let at = |host: &str, path: &str| {
        let file = root.join(host).join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        file
    };
    for host in ["api.test", "evil.test"] {
        fs::write(at(host, "file"), CONTENT).unwrap();
        git(&at(host, "source"));
    }
    npm(&at("registry.npmjs.org", "thing/-/thing-1.0.0.tgz"), &at("registry.npmjs.org", "thing/index.html"));
    pypi(
        &at("files.pythonhosted.org", "packages/thing-1.0-py3-none-any.whl"),
        &at("pypi.org", "simple/thing/index.html"),
    );
    let index = at("index.crates.io", "th/in/thing");
    crates(&at("static.crates.io", "crates/thing/1.0.0/download"), &index);
    fs::write(
        at("index.crates.io", "config.json"),
        r#"{"dl":"https://static.crates.io/crates","api":"https://crates.io"}"#,
    )
    .unwrap();
    let debian = |path: &str| at("deb.debian.org", &format!("debian/{path}"));
    deb(
        &debian("pool/main/t/thing/thing_1.0_all.deb"),
        &debian("dists/stable/main/binary-amd64/Packages"),
        &debian("dists/stable/Release"),
    );
}

#[track_caller]
fn run(script: &str, folder: &Path, file: &Path) {
    let output = Command::new("sh").args(["-ec", script, "sh"]).arg(file).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A folder with files in it.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    folder
}

fn sha256(file: &Path) -> String {
    hex(&Sha256::digest(fs::read(file).unwrap()))
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// A repository at `<source>.git`, as a web server without git has it.
fn git(source: &Path) {
    if !is_here("git") {
        return;
    }
    let files = folder(&[("file", CONTENT)]);
    let script = "git init --quiet . && git add file && git -c user.name=a -c user.email=a@b commit --quiet -m first && \
                  git clone --quiet --bare . \"$1.git\" && cd \"$1.git\" && git update-server-info";
    run(script, files.path(), source);
}

fn npm(tarball: &Path, index: &Path) {
    let package = r#"{"name":"thing","version":"1.0.0"}"#;
    let files = folder(&[("package/package.json", package), ("package/file", CONTENT)]);
    run("tar --create --gzip --file \"$1\" package", files.path(), tarball);
    let integrity = STANDARD.encode(Sha512::digest(fs::read(tarball).unwrap()));
    let index_text = format!(
        r#"{{"name":"thing","dist-tags":{{"latest":"1.0.0"}},"versions":{{"1.0.0":{{"name":"thing","version":"1.0.0",
        "dist":{{"tarball":"https://registry.npmjs.org/thing/-/thing-1.0.0.tgz","integrity":"sha512-{integrity}"}}}}}}}}"#
    );
    fs::write(index, index_text).unwrap();
}

fn pypi(wheel: &Path, index: &Path) {
    if !is_here("python3") {
        return;
    }
    let files = folder(&[
        ("thing/file", CONTENT),
        ("thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n"),
        ("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
        ("thing-1.0.dist-info/RECORD", ""),
    ]);
    run("python3 -m zipfile -c \"$1\" thing thing-1.0.dist-info", files.path(), wheel);
    let name = wheel.file_name().unwrap().display();
    let link = format!("https://files.pythonhosted.org/packages/{name}#sha256={}", sha256(wheel));
    fs::write(index, format!("<!DOCTYPE html><html><body><a href=\"{link}\">{name}</a></body></html>")).unwrap();
}

fn crates(file: &Path, index: &Path) {
    let manifest = "[package]\nname = \"thing\"\nversion = \"1.0.0\"\nedition = \"2021\"\n";
    let files =
        folder(&[("thing-1.0.0/Cargo.toml", manifest), ("thing-1.0.0/src/lib.rs", ""), ("thing-1.0.0/file", CONTENT)]);
    run("tar --create --gzip --file \"$1\" thing-1.0.0", files.path(), file);
    let line = format!(
        "{{\"name\":\"thing\",\"vers\":\"1.0.0\",\"deps\":[],\"cksum\":\"{}\",\"features\":{{}},\"yanked\":false}}\n",
        sha256(file)
    );
    fs::write(index, line).unwrap();
}

fn deb(package: &Path, index: &Path, release: &Path) {
    if !is_here("dpkg-deb") {
        return;
    }
    let control = "Package: thing\nVersion: 1.0\nArchitecture: all\nMaintainer: a <a@b>\nDescription: a thing\n";
    let files = folder(&[("DEBIAN/control", control), ("usr/share/thing/file", CONTENT)]);
    run("chmod 755 . DEBIAN && dpkg-deb --root-owner-group --build . \"$1\"", files.path(), package);
    let length = fs::metadata(package).unwrap().len();
    let entry = format!(
        "{control}Filename: pool/main/t/thing/thing_1.0_all.deb\nSize: {length}\nSHA256: {}\n\n",
        sha256(package)
    );
    fs::write(index, &entry).unwrap();
    let listed = format!(" {} {} main/binary-amd64/Packages\n", sha256(index), entry.len());
    fs::write(release, format!("Suite: stable\nArchitectures: amd64\nComponents: main\nSHA256:\n{listed}")).unwrap();
}
