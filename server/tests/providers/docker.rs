//! The `docker` provider's bench, and what only this provider has to do. The engine is looked at through its own
//! command, not through the library that is tested.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use octobot_server::sandbox::docker::{DockerConfig, DockerProvider, OutletConfig};
use octobot_server::sandbox::network::RuntimeFolder;
use octobot_server::sandbox::{Limits, LogSink, Provider, SandboxError};
use octobot_wire::SessionId;
use octobot_wire::project::SandboxSupport;
use octobot_wire::session::{Isolation, Network};

use super::bench::{Bench, ROOMY, agent, proxy, remove, remove_all, run, session, skipped, spec, start};
use super::host;

/// What most tests use: Debian with git.
const IMAGE: &str = "octobot-test/debian:12";

/// A shell and its tools, linked statically, and no git.
const WITHOUT_GIT: &str = "octobot-test/busybox:1";

/// One empty folder.
const WITHOUT_ANYTHING: &str = "octobot-test/empty:1";

/// Sandboxes of an installation that goes with the bench.
pub struct DockerBench {
    config: DockerConfig,
    isolation: Isolation,
    _folder: tempfile::TempDir,
}

/// A bench; `None`, after a line that says so, where there is no engine or no image for tests.
pub fn bench() -> Option<DockerBench> {
    let folder = tempfile::tempdir().unwrap();
    let socket = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
    let config = DockerConfig {
        socket: socket.trim_start_matches("unix://").into(),
        // Another image may be put to the test this way, an older Debian for instance.
        image: std::env::var("OCTOBOT_TEST_IMAGE").unwrap_or_else(|_| IMAGE.to_owned()),
        agent: agent(),
        root: folder.path().join("places"),
        outlet: OutletConfig {
            program: proxy(),
            root: folder.path().join("outlets"),
            runtime: RuntimeFolder::open(&folder.path().join("runtime"), "docker").unwrap(),
            cache: folder.path().join("proxy-cache"),
        },
        installation: uuid::Uuid::from_bytes(rand::random()),
    };
    let runtime = tokio::runtime::Handle::current();
    let support = tokio::task::block_in_place(|| runtime.block_on(DockerProvider::new(config.clone()).support()));
    let isolation = match support {
        SandboxSupport::Available { isolation } => isolation,
        SandboxSupport::Unavailable { reason, remedy } => {
            skipped("the docker provider", &format!("{reason} {remedy}"));
            return None;
        }
    };
    for image in [IMAGE, WITHOUT_GIT, WITHOUT_ANYTHING] {
        if !docker(&["image", "inspect", image]).status.success() {
            skipped("the docker provider", &format!("there is no image {image}: run cargo xtask image --test"));
            return None;
        }
    }
    Some(DockerBench { config, isolation, _folder: folder })
}

/// Runs the engine's own command.
fn docker(arguments: &[&str]) -> Output {
    Command::new("docker").args(arguments).stdin(Stdio::null()).output().expect("there is a docker command")
}

/// What the engine's command prints, line by line.
fn docker_lines(arguments: &[&str]) -> Vec<String> {
    let output = docker(arguments);
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

fn name(session: SessionId) -> String {
    format!("octobot-{session}")
}

/// One field of what the engine knows of a session's container.
fn inspect(session: SessionId, field: &str) -> String {
    docker_lines(&["container", "inspect", "--format", &format!("{{{{{field}}}}}"), &name(session)]).join("\n")
}

impl DockerBench {
    /// A bench with another image.
    fn with_image(mut self, image: &str) -> Self {
        image.clone_into(&mut self.config.image);
        self
    }
}

/// A test that failed leaves no sandbox behind either.
impl Drop for DockerBench {
    fn drop(&mut self) {
        remove_all(&*self.provider());
        // The cache of the project outlives its sessions.
        let cache = format!("label=octobot.installation={}", self.config.installation);
        for volume in docker_lines(&["volume", "ls", "--quiet", "--filter", &cache]) {
            docker(&["volume", "rm", &volume]);
        }
    }
}

impl Bench for DockerBench {
    fn provider(&self) -> Arc<dyn Provider> {
        Arc::new(DockerProvider::new(self.config.clone()))
    }

    fn kill(&self, session: SessionId) {
        // There may be none yet, or one that doesn't run.
        docker(&["container", "kill", "--signal", "KILL", &name(session)]);
    }

    fn count(&self, session: SessionId) -> usize {
        host::process_namespaces(&session.to_string())
    }

    fn traces(&self, session: SessionId) -> Vec<String> {
        let name = session.to_string();
        let filter = format!("name={name}");
        let mut traces = host::processes(&name);
        traces.extend(host::mounts(&name));
        let containers = docker_lines(&["container", "ls", "--all", "--quiet", "--no-trunc", "--filter", &filter]);
        traces.extend(containers.iter().flat_map(|id| host::control_groups(id)));
        traces.extend(containers.iter().map(|id| format!("container {id}")));
        let volumes = docker_lines(&["volume", "ls", "--quiet", "--filter", &filter]);
        traces.extend(volumes.iter().map(|volume| format!("volume {volume}")));
        let place = self.config.root.join(&name);
        if place.symlink_metadata().is_ok() {
            traces.push(format!("folder {}", place.display()));
        }
        traces
    }

    fn home_on_host(&self, session: SessionId) -> PathBuf {
        let volume = docker_lines(&["volume", "inspect", "--format", "{{.Mountpoint}}", &name(session)]);
        PathBuf::from(&volume[0]).join("home")
    }

    fn bare(&self, script: &str) -> String {
        let run = ["run", "--rm", "--network", "none", "--user", "1000:1000", &self.config.image, "sh", "-c", script];
        docker_lines(&run).join("\n")
    }

    fn bounds_memory(&self) -> bool {
        !self.isolation.missing_limits.iter().any(|sentence| sentence.starts_with("Memory"))
    }
}

/// Tries to start a sandbox; gives what went wrong in words.
async fn refusal(bench: &DockerBench, session: SessionId) -> SandboxError {
    let started = bench.provider().start(&spec(session, ROOMY), &LogSink::discard()).await;
    started.expect_err("there should be no sandbox")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_is_neither_in_the_containers_environment_nor_in_its_labels_or_arguments() {
    let Some(bench) = bench() else { return };
    let session = session();
    let connection = bench.provider().start(&spec(session, ROOMY), &LogSink::discard()).await.unwrap();
    let known = docker_lines(&["container", "inspect", &name(session)]).join("\n");
    assert!(known.contains("octobot.session") && known.contains("--token-file"), "the control: {known}");
    assert!(!known.contains(connection.token.reveal()));
    remove(&bench, session).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_no_network_of_the_engines_and_no_port_is_open() {
    let Some(bench) = bench() else { return };
    assert_eq!(bench.isolation.network, Network::Proxied);
    let session = session();
    let client = start(&bench, session).await;
    assert_eq!(inspect(session, "json .NetworkSettings.Ports"), "{}");
    assert_eq!(inspect(session, "json .HostConfig.NetworkMode"), "\"none\"");
    let named = run(&client, "grep -c octobot /etc/hosts").await;
    assert_eq!(named.output, "1\n");
    remove(&bench, session).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_that_was_removed_by_hand_is_made_again_with_its_data() {
    let Some(bench) = bench() else { return };
    let session = session();
    let client = start(&bench, session).await;
    assert!(run(&client, "echo kept > note; echo too > /.octobot/cache/shared").await.succeeded());
    assert!(docker(&["container", "rm", "--force", &name(session)]).status.success());
    assert_eq!(bench.provider().connect(session).await.unwrap(), None);
    let client = start(&bench, session).await;
    assert_eq!(run(&client, "cat note /.octobot/cache/shared").await.output, "kept\ntoo\n");
    remove(&bench, session).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_is_kept_while_nothing_changes_and_made_anew_when_its_limits_or_image_do() {
    let Some(bench) = bench() else { return };
    let session = session();
    let client = start(&bench, session).await;
    assert!(run(&client, "echo kept > note").await.succeeded());
    let first = inspect(session, ".Id");
    bench.provider().stop(session).await.unwrap();
    start(&bench, session).await;
    assert_eq!(inspect(session, ".Id"), first, "the control: nothing has changed");
    bench.provider().stop(session).await.unwrap();

    let said = Arc::new(Mutex::new(String::new()));
    let hears = Arc::clone(&said);
    let log = LogSink::new(move |line| hears.lock().unwrap().push_str(line));
    let limits = Limits { pids: 100, ..ROOMY };
    bench.provider().start(&spec(session, limits), &log).await.unwrap();
    let second = inspect(session, ".Id");
    assert_ne!(second, first);
    assert_eq!(inspect(session, ".HostConfig.PidsLimit"), "100");
    assert!(said.lock().unwrap().contains("anew, with the same data"), "{said:?}");
    bench.provider().stop(session).await.unwrap();

    // Another image under another name, as after a newer one was fetched under the same.
    let derived = format!("octobot-test/derived:{}", session.uuid().simple());
    assert!(docker(&["container", "commit", "--change", "ENV NEWER=yes", &name(session), &derived]).status.success());
    let bench = bench.with_image(&derived);
    let client = start(&bench, session).await;
    assert_ne!(inspect(session, ".Id"), second);
    assert_eq!(run(&client, "cat note; echo $NEWER").await.output, "kept\nyes\n");
    remove(&bench, session).await;
    docker(&["image", "rm", &derived]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_that_lacks_what_a_session_needs_is_told_by_what_is_missing() {
    let Some(bench) = bench() else { return };
    for (image, missing) in [(WITHOUT_GIT, "no git"), (WITHOUT_ANYTHING, "no shell")] {
        let bench = self::bench().expect("there was one before").with_image(image);
        let session = session();
        let error = refusal(&bench, session).await;
        assert!(matches!(error, SandboxError::Image { .. }), "{error}");
        assert!(error.to_string().contains(missing) && error.to_string().contains("--sandbox-image"), "{error}");
        remove(&bench, session).await;
        assert_eq!(bench.traces(session), Vec::<String>::new());
    }
    drop(bench);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_that_isnt_anywhere_is_named_with_a_remedy() {
    let Some(bench) = bench() else { return };
    // A registry that nobody runs: what can't be reached is known at once.
    let bench = bench.with_image("localhost:9/octobot-test/missing:1");
    let provider = bench.provider();
    assert!(provider.lacks_image().await.unwrap());
    let lines = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&lines);
    let log = LogSink::new(move |line| hears.lock().unwrap().push(line.to_owned()));
    let session = session();
    let error = provider.pull_image(session, &log).await.unwrap_err();
    assert!(matches!(error, SandboxError::Image { .. }), "{error}");
    assert!(error.to_string().contains("can't be reached"), "{error}");
    assert_eq!(*lines.lock().unwrap(), ["Fetching the image localhost:9/octobot-test/missing:1 …"]);
    assert!(matches!(refusal(&bench, session).await, SandboxError::Image { .. }));
    remove(&bench, session).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_installations_on_one_engine_dont_see_each_others_sandboxes() {
    let (Some(mine), Some(theirs)) = (bench(), bench()) else { return };
    let session = session();
    start(&theirs, session).await;
    assert_eq!(mine.provider().list().await.unwrap(), []);
    let listed = theirs.provider().list().await.unwrap();
    assert_eq!(listed.iter().map(|sandbox| sandbox.session).collect::<Vec<_>>(), [session]);
    remove(&theirs, session).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_isnt_there_is_told_at_once_and_used_as_soon_as_it_is() {
    let Some(mut bench) = bench() else { return };
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("engine.sock");
    let real = std::mem::replace(&mut bench.config.socket, socket.clone());
    let provider = bench.provider();
    let asked = Instant::now();
    let SandboxSupport::Unavailable { reason, .. } = provider.support().await else { panic!("there is no engine") };
    assert!(reason.contains("engine.sock"), "{reason}");
    let error = refusal(&bench, session()).await;
    assert!(matches!(error, SandboxError::EngineGone { .. }), "{error}");
    assert!(error.to_string().contains("systemctl start docker"), "{error}");
    assert!(asked.elapsed() < Duration::from_secs(2));
    std::os::unix::fs::symlink(&real, &socket).unwrap();
    assert!(matches!(provider.support().await, SandboxSupport::Available { .. }));
    assert_eq!(provider.list().await.unwrap().len(), 1, "the place of the sandbox that couldn't be started");
    // For the clearing up, which comes after the folder with the link is gone.
    bench.config.socket = real;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_hangs_is_given_up() {
    let Some(mut bench) = bench() else { return };
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("engine.sock");
    let _mute = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let real = std::mem::replace(&mut bench.config.socket, socket);
    let support = tokio::time::timeout(Duration::from_secs(15), bench.provider().support()).await;
    assert!(matches!(support, Ok(SandboxSupport::Unavailable { .. })), "{support:?}");
    bench.config.socket = real;
}
