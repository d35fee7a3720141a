//! Container engines as clients of the cache: each pulls an image through the proxy, forgets it, and pulls it again when the
//! registry is gone.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::fixture::{PATIENCE, skip};
use crate::images::{Scene, succeeded};

/// An engine with folders of its own, which is told to end when this is dropped.
struct Docker {
    process: Child,
    socket: String,
    bridge: String,
}

/// A command of `ip`, which has to succeed.
fn ip(arguments: &str) {
    assert!(Command::new("ip").args(arguments.split(' ')).status().unwrap().success(), "ip {arguments}");
}

impl Docker {
    /// Starts it with a bridge of its own, on which there will be nothing: without one it would remove that of the machine's engine.
    fn start(scene: &Scene) -> Self {
        let folder = scene.path("docker");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("daemon.json"), "{}").unwrap();
        let here = |name: &str| folder.join(name).display().to_string();
        let socket = here("socket");
        let bridge = format!("octobot{}", std::process::id());
        ip(&format!("link add {bridge} type bridge"));
        ip(&format!("address add 192.0.2.1/28 dev {bridge}"));
        let mut command = scene.command("dockerd");
        command.args([
            "--config-file",
            &here("daemon.json"),
            "--data-root",
            &here("data"),
            "--exec-root",
            &here("run"),
        ]);
        command.args(["--pidfile", &here("pid"), "--host", &format!("unix://{socket}"), "--storage-driver", "vfs"]);
        command.args(["--bridge", &bridge, "--iptables=false", "--ip6tables=false", "--ip-masq=false"]);
        let log = fs::File::create(folder.join("log")).unwrap();
        let process = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let docker = Self { process, socket, bridge };
        let end = Instant::now() + 2 * PATIENCE;
        while !docker.command("version").output().unwrap().status.success() {
            assert!(Instant::now() < end, "{}", fs::read_to_string(folder.join("log")).unwrap_or_default());
            thread::sleep(Duration::from_millis(50));
        }
        docker
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new("docker");
        command.args(["--host", &format!("unix://{}", self.socket), verb]);
        command
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        // With SIGTERM it ends what it has started as well.
        let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        let _ = self.process.wait();
        let _ = Command::new("ip").args(["link", "delete", &self.bridge]).status();
    }
}

fn may_run_engines() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        skip("engines with folders of their own are root's");
    }
    is_root
}

#[tokio::test(flavor = "multi_thread")]
async fn dockerd_pulls_again_when_the_registry_is_gone() {
    if !may_run_engines() {
        return;
    }
    let Some(mut scene) = Scene::start(&["dockerd", "docker"]) else { return };
    let docker = Docker::start(&scene);
    let pull = |reference: &str| {
        succeeded(docker.command("pull").args(["--quiet", reference]));
        let image = succeeded(docker.command("inspect").args(["--format", "{{.Id}} {{.RootFS.Layers}}", reference]));
        succeeded(docker.command("rmi").arg(reference));
        image
    };
    let first = pull(&scene.reference);
    scene.end_registry();
    assert_eq!(pull(&scene.reference), first);
    // The manifest it may have kept itself.
    scene.are_kept(&scene.parts[1..]).await;
}

/// Podman with folders of its own.
fn podman(scene: &Scene, folder: &Path) -> Command {
    let mut command = scene.command("podman");
    command.arg("--root").arg(folder.join("root")).arg("--runroot").arg(folder.join("run"));
    command.args(["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--events-backend", "none"]);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn podman_pulls_again_when_the_registry_is_gone() {
    if !may_run_engines() {
        return;
    }
    let Some(mut scene) = Scene::start(&["podman"]) else { return };
    let policy = scene.path("policy.json");
    fs::write(&policy, r#"{"default": [{"type": "insecureAcceptAnything"}]}"#).unwrap();
    // Each time in another folder, where there is nothing yet.
    let pull = |scene: &Scene, name: &str| {
        let folder = scene.path(name);
        let mut pull = podman(scene, &folder);
        succeeded(pull.args(["pull", "--quiet", "--signature-policy"]).arg(&policy).arg(&scene.reference));
        let mut inspect = podman(scene, &folder);
        succeeded(inspect.args(["inspect", "--format", "{{.Id}} {{.RootFS.Layers}}", &scene.reference]))
    };
    let first = pull(&scene, "first");
    scene.end_registry();
    assert_eq!(pull(&scene, "second"), first);
    scene.are_kept(&scene.parts).await;
}
