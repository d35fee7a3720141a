//! The `local` provider's bench, and what only this provider has to do.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use octobot_server::sandbox::local::{LocalConfig, LocalProvider};
use octobot_server::sandbox::network::RuntimeFolder;
use octobot_server::sandbox::{LogSink, Provider};
use octobot_wire::SessionId;
use octobot_wire::project::SandboxSupport;
use octobot_wire::session::Isolation;

use super::bench::{Bench, ROOMY, agent, binary, proxy, remove, remove_all, run, session, skipped, spec, start};
use super::host;

/// Sandboxes in a folder that goes with the bench.
pub struct LocalBench {
    config: LocalConfig,
    isolation: Isolation,
    _folder: tempfile::TempDir,
}

/// A bench; `None`, after a line that says so, where the host allows no sandboxes.
pub fn bench() -> Option<LocalBench> {
    let folder = tempfile::tempdir().unwrap();
    let config = LocalConfig {
        supervisor: binary("OCTOBOT_SERVER", || env!("CARGO_BIN_EXE_octobot").into()),
        agent: agent(),
        proxy: proxy(),
        root: folder.path().join("sandboxes"),
        runtime: RuntimeFolder::open(&folder.path().join("runtime"), "local").unwrap(),
        cache: folder.path().join("proxy-cache"),
        tool_dirs: Vec::new(),
    };
    let runtime = tokio::runtime::Handle::current();
    let support = tokio::task::block_in_place(|| runtime.block_on(LocalProvider::new(config.clone()).support()));
    match support {
        SandboxSupport::Available { isolation } => Some(LocalBench { config, isolation, _folder: folder }),
        SandboxSupport::Unavailable { reason, remedy } => {
            skipped("the local provider", &format!("{reason}. {remedy}"));
            None
        }
    }
}

impl LocalBench {
    fn folder(&self, session: SessionId) -> PathBuf {
        self.config.root.join(session.to_string())
    }
}

/// A test that failed leaves no sandbox behind either.
impl Drop for LocalBench {
    fn drop(&mut self) {
        remove_all(&*self.provider());
    }
}

impl Bench for LocalBench {
    fn provider(&self) -> Arc<dyn Provider> {
        Arc::new(LocalProvider::new(self.config.clone()))
    }

    fn kill(&self, session: SessionId) {
        // By the command line that a person would look for, as the provider's own bookkeeping is what is tested.
        let pattern = format!("sandbox-supervisor {session}");
        let status = Command::new("pkill").args(["-KILL", "-f", &pattern]).status().unwrap();
        assert!(matches!(status.code(), Some(0 | 1)), "pkill: {status}");
        // The kernel may take its time; until then it is still there for whoever asks.
        let killed = std::time::Instant::now();
        while Command::new("pgrep").args(["-f", &pattern]).stdout(Stdio::null()).status().unwrap().success() {
            assert!(killed.elapsed() < std::time::Duration::from_secs(5), "it doesn't die");
        }
    }

    fn count(&self, session: SessionId) -> usize {
        host::process_namespaces(&session.to_string())
    }

    fn traces(&self, session: SessionId) -> Vec<String> {
        let name = session.to_string();
        let folder = self.folder(session);
        let mut traces = host::processes(&name);
        traces.extend(host::mounts(&name));
        traces.extend(host::control_groups(&name));
        if folder.symlink_metadata().is_ok() {
            traces.push(format!("folder {}", folder.display()));
        }
        traces
    }

    fn home_on_host(&self, session: SessionId) -> PathBuf {
        self.folder(session).join("home")
    }

    fn bare(&self, _script: &str) -> String {
        // Sandboxes are made of the host's programs, and what these tests look at isn't among those.
        String::new()
    }

    fn bounds_memory(&self) -> bool {
        !self.isolation.missing_limits.iter().any(|sentence| sentence.starts_with("Memory"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sandboxs_user_is_none_of_the_hosts_when_the_server_is_root() {
    use std::os::unix::fs::MetadataExt;
    let Some(bench) = bench() else { return };
    let session = session();
    let client = start(&bench, session).await;
    assert!(run(&client, "touch file").await.succeeded());
    let owner = std::fs::metadata(bench.home_on_host(session).join("workspace/file")).unwrap().uid();
    let own = rustix::process::geteuid().as_raw();
    if own == 0 {
        assert!((0x7000_0000..0x8000_0000).contains(&owner), "{owner:#x}");
    } else {
        assert_eq!(owner, own);
    }
    remove(&bench, session).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_granted_tool_folder_is_readable_and_its_programs_are_found() {
    let Some(mut bench) = bench() else { return };
    let tools = tempfile::tempdir().unwrap();
    let program = tools.path().join("kit/bin/hello-tool");
    std::fs::create_dir_all(program.parent().unwrap()).unwrap();
    std::fs::write(&program, "#!/bin/sh\necho hello\n").unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::write(tools.path().join("neighbour"), "private").unwrap();
    bench.config.tool_dirs = vec![tools.path().join("kit"), tools.path().join("missing")];
    let session = session();
    let client = start(&bench, session).await;
    let script = format!(
        "hello-tool; command ls {}; touch {}/kit/new 2>/dev/null || echo refused",
        tools.path().display(),
        tools.path().display()
    );
    assert_eq!(run(&client, &script).await.output, "hello\nkit\nrefused\n");
    remove(&bench, session).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_cant_be_executed_is_named_with_a_remedy_and_nothing_is_left() {
    let Some(mut bench) = bench() else { return };
    let folder = tempfile::tempdir().unwrap();
    bench.config.agent = folder.path().join("octobot-agent");
    std::fs::write(&bench.config.agent, "not a program").unwrap();
    let SandboxSupport::Available { .. } = bench.provider().support().await else {
        panic!("the probe executes nothing");
    };
    let session = session();
    let spec = spec(session, ROOMY);
    let error = bench.provider().start(&spec, &LogSink::discard()).await.unwrap_err();
    assert!(error.to_string().contains("Permission denied") && error.to_string().contains("755"), "{error}");
    assert_eq!(host::processes(&session.to_string()), Vec::<String>::new());
    assert_eq!(host::control_groups(&session.to_string()), Vec::<String>::new());
    remove(&bench, session).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_namespaces_are_refused_the_remedy_is_said_and_nothing_is_left() {
    let Some(mut bench) = bench() else { return };
    // A user namespace in which no further ones can be made.
    let folder = tempfile::tempdir().unwrap();
    let confined = folder.path().join("octobot");
    let script = format!(
        "#!/bin/sh\nexec unshare --user --map-root-user sh -c \
         'echo 0 > /proc/sys/user/max_user_namespaces && exec {} \"$@\"' sh \"$@\"\n",
        bench.config.supervisor.display()
    );
    std::fs::write(&confined, script).unwrap();
    std::fs::set_permissions(&confined, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    bench.config.supervisor = confined;
    let SandboxSupport::Unavailable { remedy, .. } = bench.provider().support().await else {
        panic!("namespaces were made where none can be");
    };
    assert!(remedy.contains("user.max_user_namespaces="), "{remedy}");
    let session = session();
    let spec = spec(session, ROOMY);
    let error = bench.provider().start(&spec, &LogSink::discard()).await.unwrap_err();
    assert!(error.to_string().contains(&remedy), "{error}");
    assert_eq!(host::processes(&session.to_string()), Vec::<String>::new());
    bench.provider().remove(session).await.unwrap();
    assert_eq!(bench.traces(session), Vec::<String>::new());
}

/// Runs all of this again as a user without any rights, who has other ways through most of the code.
#[test]
fn an_ordinary_user_has_the_same_sandboxes() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    const ORDINARY: u32 = 54_321;
    if !rustix::process::geteuid().is_root() {
        return; // This is that user, or a developer who is one.
    }
    // The build's folder may be where only root gets.
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let copy = |name: &str, from: &Path| {
        let to = folder.path().join(name);
        std::fs::copy(from, &to).unwrap();
        std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o755)).unwrap();
        to
    };
    let tests = copy("tests", &std::env::current_exe().unwrap());
    let server = copy("octobot", &binary("OCTOBOT_SERVER", || env!("CARGO_BIN_EXE_octobot").into()));
    let agent = copy("octobot-agent", &agent());
    let proxy = copy("octobot-proxy", &proxy());
    let output = Command::new(tests)
        .args(["--test-threads", "2"])
        .env("OCTOBOT_SERVER", server)
        .env("OCTOBOT_AGENT", agent)
        .env("OCTOBOT_PROXY", proxy)
        .env("CARGO_MANIFEST_DIR", "the control of a test")
        .env("HOME", "/nonexistent")
        // What an ordinary user can't have here is tested by root's own run.
        .env_remove("OCTOBOT_TEST_STRICT")
        .current_dir("/")
        .stdin(Stdio::null())
        .uid(ORDINARY)
        .gid(ORDINARY)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(!text.contains("SKIPPED: the local provider"), "user namespaces are refused to ordinary users:\n{text}");
}
