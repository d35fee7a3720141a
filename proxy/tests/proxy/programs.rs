//! Real programs that fetch something from hosts that they know by name: with the proxy in their environment, by SOCKS 5, and
//! without a word about it in a network where every address leads to the proxy.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use tempfile::TempDir;

use crate::fixture::{Fixture, is_here, skip};
use crate::packages::{CONTENT, Hosts};

/// Says to a test that it runs in a network namespace.
const INSIDE: &str = "OCTOBOT_TEST_INSIDE";

/// A network where every address leads to loopback and names are asked for there.
const NETWORK: &str = r#"
ip link set lo up && ip route add local default dev lo && ip -6 route add local default dev lo || exit 1
names=$(mktemp) && echo nameserver 127.0.0.1 > "$names" && mount --bind "$names" /etc/resolv.conf || exit 1
rm "$names"
exec "$@"
"#;

/// How many programs run at a time.
const AT_A_TIME: usize = 2;

/// How a program gets to the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By the variables for proxies.
    Variables,
    /// By the same, with SOCKS 5.
    Socks,
    /// It doesn't know of one.
    Transparent,
}

/// A program that prints [`CONTENT`] if it gets it.
struct Program {
    name: &'static str,
    /// What has to be installed.
    needs: &'static [&'static str],
    /// What it can't.
    never: &'static [Way],
    script: &'static str,
}

/// Fetches one file.
const FETCHERS: [Program; 7] = [
    Program { name: "curl", needs: &["curl"], never: &[], script: "curl --silent --show-error https://$HOST/file" },
    Program {
        name: "wget",
        needs: &["wget"],
        never: &[Way::Socks],
        // It trusts the system's store, or what it is told to.
        script: "wget --quiet --tries 1 --output-document - --ca-certificate \"$SSL_CERT_FILE\" https://$HOST/file",
    },
    Program {
        name: "git",
        needs: &["git"],
        never: &[],
        script: "git clone --quiet https://$HOST/source.git clone && cat clone/file",
    },
    Program {
        name: "requests",
        needs: &["python3"],
        never: &[Way::Socks],
        script: "\"$REQUESTS\" -c \"import os, requests; print(requests.get('https://' + os.environ['HOST'] + '/file').text)\"",
    },
    Program {
        name: "urllib",
        needs: &["python3"],
        never: &[Way::Socks],
        script: "\"$PYTHON\" -c \"import os, urllib.request as u; \
                 print(u.urlopen('https://' + os.environ['HOST'] + '/file').read().decode())\"",
    },
    Program {
        name: "fetch of Node",
        needs: &["node"],
        // Before version 24 it doesn't look at the variables.
        never: &[Way::Socks, Way::Variables],
        script: "node -e \"fetch('https://' + process.env.HOST + '/file').then(a => a.text()).then(console.log)\"",
    },
    Program {
        name: "a JVM",
        needs: &["java", "javac", "keytool"],
        never: &[],
        script: "java -cp \"$JAVA_FOLDER\" -Djavax.net.ssl.trustStore=\"$JAVA_FOLDER/trust.p12\" \
                 -Djavax.net.ssl.trustStorePassword=changeit Fetch https://$HOST/file",
    },
];

/// Get a package from the registry that they know without being told.
const PACKAGERS: [Program; 4] = [
    Program {
        name: "npm",
        needs: &["npm", "tar"],
        never: &[],
        script: "echo '{}' > package.json && npm install --loglevel error thing@1.0.0 && cat node_modules/thing/file",
    },
    Program {
        name: "pip",
        needs: &["python3"],
        never: &[Way::Socks],
        script: "\"$PYTHON\" -m pip download --quiet --no-deps --dest . thing && \"$PYTHON\" -m zipfile -e thing*.whl . && cat thing/file",
    },
    Program {
        name: "cargo",
        needs: &["cargo", "tar"],
        never: &[],
        script: "mkdir src && echo > src/lib.rs && printf '[package]\\nname = \"a\"\\nedition = \"2021\"\\n[dependencies]\\nthing = \"1\"\\n' \
                 > Cargo.toml && cargo fetch --quiet && cat \"$CARGO_HOME\"/registry/src/*/thing-1.0.0/file",
    },
    Program {
        name: "apt",
        needs: &["apt-get", "dpkg-deb"],
        never: &[],
        script: "mkdir -p lists/partial archives/partial etc && touch status && \
                 echo 'deb [trusted=yes] http://deb.debian.org/debian stable main' > sources && \
                 printf 'Dir::Etc \"'$PWD'/etc\"; Dir::Etc::SourceList \"'$PWD'/sources\"; Dir::State \"'$PWD'\"; \
                 Dir::State::Status \"'$PWD'/status\"; Dir::Cache \"'$PWD'\"; APT::Sandbox::User \"\"; APT::Architecture \"amd64\"; \
                 APT::Architectures {\"amd64\";}; Acquire::Languages \"none\";' > apt.conf && export APT_CONFIG=$PWD/apt.conf && \
                 apt-get --quiet=2 update && apt-get --quiet=2 download thing && dpkg-deb --extract thing_*.deb . && cat usr/share/thing/file",
    },
];

/// What all of them have.
struct Place<'a> {
    proxy: &'a Fixture,
    folder: &'a Path,
}

impl Place<'_> {
    /// Runs a program in a home of its own; what it said, and whether it got what it wanted.
    fn run(&self, program: &Program, way: Way, host: &str) -> (bool, String) {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", program.script]).current_dir(&home).env_clear().stdin(Stdio::null());
        let path = std::env::var_os("PATH").unwrap_or_default();
        let toolchain = cargo().parent().map(Path::to_path_buf).unwrap_or_default();
        let path = std::env::join_paths([toolchain].into_iter().chain(std::env::split_paths(&path))).unwrap();
        command.env("PATH", path).env("HOME", home.path()).env("LC_ALL", "C.UTF-8").env("HOST", host);
        command.env("CARGO_HOME", home.path().join("cargo")).env("CARGO", cargo());
        command
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("PIP_CONFIG_FILE", "/dev/null");
        // What a machine says to npm about authorities would take the place of the variable.
        command.env("npm_config_globalconfig", home.path().join("npmrc"));
        command.env("PYTHON", python("sys")).env("REQUESTS", python("requests"));
        command.env("JAVA_FOLDER", self.folder);
        for name in [
            "NODE_EXTRA_CA_CERTS",
            "SSL_CERT_FILE",
            "REQUESTS_CA_BUNDLE",
            "CURL_CA_BUNDLE",
            "GIT_SSL_CAINFO",
            "PIP_CERT",
            "CARGO_HTTP_CAINFO",
        ] {
            command.env(name, self.proxy.ca());
        }
        let address = self.proxy.address;
        let (scheme, java) = match way {
            Way::Variables => {
                (Some("http"), format!("-Dhttps.proxyHost={} -Dhttps.proxyPort={}", address.ip(), address.port()))
            }
            Way::Socks => {
                (Some("socks5h"), format!("-DsocksProxyHost={} -DsocksProxyPort={}", address.ip(), address.port()))
            }
            Way::Transparent => (None, String::new()),
        };
        command.env("JAVA_TOOL_OPTIONS", java);
        for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
            scheme.map(|scheme| command.env(name, format!("{scheme}://{address}")));
        }
        let output = command.output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.success() && out.contains(CONTENT), format!("{out}{err}"))
    }

    /// Runs all that can go this way, some at a time.
    fn run_all(&self, way: Way) {
        let can =
            |program: &&Program| !program.never.contains(&way) && program.needs.iter().all(|needed| is_here(needed));
        let programs: Vec<_> = FETCHERS.iter().chain(&PACKAGERS).filter(can).collect();
        let run = |program: &Program| {
            let (got, said) = self.run(program, way, "api.test");
            assert!(got, "{} by {way:?}: {said}", program.name);
            if FETCHERS.iter().any(|fetcher| fetcher.name == program.name) {
                let (got, said) = self.run(program, way, "evil.test");
                assert!(!got && !said.contains(CONTENT), "{} by {way:?}: {said}", program.name);
            }
        };
        for some in programs.chunks(AT_A_TIME) {
            thread::scope(|scope| {
                for program in some {
                    scope.spawn(|| run(program));
                }
            });
        }
    }
}

/// The compiler's own folder, for a home that knows of no toolchain.
fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// The Python that has a module: the first one, or the system's.
fn python(module: &str) -> String {
    let ask = |program: &&str| {
        let said = Command::new(program)
            .args(["-c", &format!("import {module}, sys; print(sys.executable)")])
            .output()
            .ok()?;
        said.status.success().then(|| String::from_utf8_lossy(&said.stdout).trim().to_owned())
    };
    let found = ["python3", "/usr/bin/python3"].iter().find_map(ask);
    found.unwrap_or_else(|| {
        skip(&format!("Python with {module} isn't installed"));
        String::new()
    })
}

/// What a JVM needs: a store of its own, and a program.
fn prepare_java(folder: &Path, ca: &Path) {
    let program = "import java.net.*; import java.io.*;
        public class Fetch { public static void main(String[] a) throws Exception {
            InputStream in = new URL(a[0]).openConnection().getInputStream();
            System.out.println(new String(in.readAllBytes())); } }";
    if !["javac", "keytool"].iter().all(|program| is_here(program)) {
        return;
    }
    fs::write(folder.join("Fetch.java"), program).unwrap();
    let mut compile = Command::new("javac");
    compile.arg("-d").arg(folder).arg(folder.join("Fetch.java"));
    let mut import = Command::new("keytool");
    import.args(["-importcert", "-noprompt", "-alias", "proxy", "-storetype", "PKCS12", "-storepass", "changeit"]);
    import.arg("-keystore").arg(folder.join("trust.p12")).arg("-file").arg(ca);
    for mut command in [compile, import] {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

/// Hosts, a proxy before them, and what programs need.
fn start(arguments: &[&str]) -> Option<(TempDir, Hosts, Fixture)> {
    let folder = tempfile::tempdir().unwrap();
    let hosts = Hosts::start(folder.path())?;
    let proxy = Fixture::start_with(&hosts.config(), arguments);
    prepare_java(folder.path(), &proxy.ca());
    Some((folder, hosts, proxy))
}

#[test]
fn programs_get_through_by_variables_and_by_socks_and_fetch_packages_once() {
    let Some((folder, hosts, proxy)) = start(&[]) else { return };
    let place = Place { proxy: &proxy, folder: folder.path() };
    place.run_all(Way::Variables);
    place.run_all(Way::Socks);
    // Each is fetched by several, with homes of their own.
    for file in Hosts::published() {
        assert_eq!(hosts.fetched(file), 1, "{file}");
    }
}

#[test]
fn programs_that_know_of_no_proxy_get_through_all_the_same() {
    if is_inside() {
        let arguments =
            ["--listen-transparent", "0.0.0.0:443", "--listen-transparent", "0.0.0.0:80", "--dns", "127.0.0.1:53"];
        let Some((folder, _hosts, proxy)) = start(&arguments) else { return };
        Place { proxy: &proxy, folder: folder.path() }.run_all(Way::Transparent);
        return;
    }
    in_a_network_of_its_own("programs::programs_that_know_of_no_proxy_get_through_all_the_same");
}

/// Whether this is a test that runs again, in a network namespace.
pub fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs a test again, in a network namespace.
pub fn in_a_network_of_its_own(test: &str) {
    if !["unshare", "ip"].iter().all(|program| is_here(program)) {
        return;
    }
    let may = Command::new("unshare").args(["-Urnm", "true"]).stderr(Stdio::null()).status();
    if !may.is_ok_and(|status| status.success()) {
        skip("this machine allows no network namespaces");
        return;
    }
    let output = Command::new("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--net",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "sh",
            "-c",
            NETWORK,
            "sh",
        ])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
    for skipped in told.lines().filter(|line| line.starts_with("skipped: ")) {
        println!("{skipped}");
    }
}
