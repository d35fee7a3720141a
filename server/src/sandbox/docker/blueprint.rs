//! What a session's container is to be: names, labels, mounts, rights and limits. Pure: data in, the engine's request
//! out.
//!
//! ```text
//! /.octobot/octobot-agent   the agent, read-only; it is process 1
//! /.octobot/run             the place on the host where server, proxy and sandbox meet
//! /.octobot/ca-bundle.crt   the certificates that programs trust, also where distributions have them
//! /.octobot/cache           the project's cache volume
//! /.data                    the session's volume: home/, events/, token
//! /home/octobot             the home/ of that volume
//! /tmp                      memory, empty after each start
//! ```

use std::collections::HashMap;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, HostConfigLogConfig, Mount, MountType, MountVolumeOptions,
    ResourcesUlimits,
};
use octobot_wire::{ProjectId, SessionId};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::engine::Image;
use crate::sandbox::SandboxSpec;
use crate::sandbox::network::{self, CA_BUNDLE, JAVA_STORE, STORES};

/// The label that says which installation a container or volume belongs to.
const INSTALLATION: &str = "octobot.installation";

/// The label with the session.
const SESSION: &str = "octobot.session";

/// The label with the project.
const PROJECT: &str = "octobot.project";

/// The label with the fingerprint of what a container was made from.
const FINGERPRINT: &str = "octobot.fingerprint";

/// Where the agent binary is inside.
const AGENT: &str = "/.octobot/octobot-agent";

/// Where the sandbox's user lives.
const HOME: &str = "/home/octobot";

/// The sandbox's user and its group.
const USER_ID: u32 = 1000;

/// What process 1 needs until the daemon runs, and to end it. Nobody else gets any of it. The network that it opens is the
/// container's own and leads nowhere.
const CAPABILITIES: [&str; 9] =
    ["CHOWN", "DAC_OVERRIDE", "KILL", "NET_ADMIN", "NET_BIND_SERVICE", "NET_RAW", "SETGID", "SETPCAP", "SETUID"];

/// Where programs are looked for when the image doesn't say.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where programs keep what the sessions of a project can share.
const CACHES: [(&str, &str); 3] = [
    ("npm_config_cache", "/.octobot/cache/npm"),
    ("PIP_CACHE_DIR", "/.octobot/cache/pip"),
    ("CARGO_HOME", "/.octobot/cache/cargo"),
];

/// Where the distributions of images have their certificates: Debian and Alpine, Fedora.
const DISTRIBUTIONS_STORES: [&str; 2] = [STORES[0], STORES[1]];

/// Variables that belong to the sandbox and its user, whatever the image says.
const OWN_VARIABLES: [&str; 5] = ["PATH", "HOME", "USER", "LOGNAME", "SHELL"];

/// The shared memory that browsers need.
const SHARED_MEMORY_BYTES: i64 = 1 << 30;

/// The length of the interval for which processor time is counted, in microseconds.
const CPU_PERIOD_US: i64 = 100_000;

/// The name of a session's container, and of its volume.
pub(super) fn name(session: SessionId) -> String {
    format!("octobot-{session}")
}

/// The name of a project's cache volume.
pub(super) fn cache_name(installation: Uuid, project: &ProjectId) -> String {
    format!("octobot-cache-{}-{project}", &installation.simple().to_string()[20..])
}

/// The label that everything of an installation has.
pub(super) fn installation_label(installation: Uuid) -> String {
    format!("{INSTALLATION}={installation}")
}

/// The session that something belongs to, by its labels.
pub(super) fn session_of(labels: &HashMap<String, String>) -> Option<SessionId> {
    labels.get(SESSION)?.parse().ok()
}

/// What a container was made from, by its labels.
pub(super) fn fingerprint_of(labels: &HashMap<String, String>) -> Option<&str> {
    labels.get(FINGERPRINT).map(String::as_str)
}

/// The labels of a project's cache volume.
pub(super) fn cache_labels(installation: Uuid, project: &ProjectId) -> HashMap<String, String> {
    let labels = [(INSTALLATION, installation.to_string()), (PROJECT, project.to_string())];
    labels.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The labels of what belongs to a session.
pub(super) fn session_labels(installation: Uuid, session: SessionId, project: &ProjectId) -> HashMap<String, String> {
    let mut labels = cache_labels(installation, project);
    labels.insert(SESSION.to_owned(), session.to_string());
    labels
}

/// What a container is made from.
#[derive(Debug)]
pub(super) struct Blueprint<'a> {
    /// The installation that it belongs to.
    pub installation: Uuid,
    /// The sandbox.
    pub spec: &'a SandboxSpec,
    /// The image's name.
    pub reference: &'a str,
    /// The image.
    pub image: &'a Image,
    /// The agent's program on the host.
    pub agent: &'a Path,
    /// Where server and daemon meet, on the host.
    pub place: &'a Path,
    /// The certificates that programs trust, on the host.
    pub ca_bundle: &'a Path,
    /// The same for Java.
    pub java_store: &'a Path,
    /// Where the engine keeps the session's volume.
    pub data: &'a Path,
    /// How many files a process may have open.
    pub open_files: u64,
}

impl Blueprint<'_> {
    /// The engine's request. Containers of the same fingerprint are alike.
    pub fn request(&self) -> (ContainerCreateBody, String) {
        let labels = session_labels(self.installation, self.spec.session, &self.spec.project);
        let mut request = ContainerCreateBody {
            hostname: Some("octobot".to_owned()),
            user: Some("0:0".to_owned()),
            env: Some(self.environment()),
            entrypoint: Some(vec![AGENT.to_owned()]),
            cmd: Some(self.arguments()),
            healthcheck: Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..Default::default() }),
            image: Some(self.reference.to_owned()),
            working_dir: Some("/".to_owned()),
            labels: Some(labels),
            stop_signal: Some("SIGTERM".to_owned()),
            host_config: Some(self.host_config()),
            ..Default::default()
        };
        let fingerprint = fingerprint(&request, &self.image.id);
        request.labels.get_or_insert_default().insert(FINGERPRINT.to_owned(), fingerprint.clone());
        (request, fingerprint)
    }

    /// The image's variables with ours in place of theirs.
    fn environment(&self) -> Vec<String> {
        let path = self.image.environment.iter().find_map(|variable| variable.strip_prefix("PATH="));
        let path = path.filter(|path| !path.is_empty()).unwrap_or(DEFAULT_PATH);
        // What the image says is there anyway.
        let own = [format!("PATH={HOME}/.local/bin:{path}"), format!("HOME={HOME}")];
        let ours = CACHES.iter().map(|(name, value)| format!("{name}={value}"));
        let of_network = network::variables().into_iter().map(|(name, value)| format!("{name}={value}"));
        own.into_iter().chain(ours).chain(of_network).collect()
    }

    /// The names of the variables that scripts get beside those of the sandbox's own.
    fn passed_variables(&self) -> String {
        let image = self.image.environment.iter().filter_map(|variable| variable.split('=').next());
        // A name with a comma can't be told from two names.
        let image = image.filter(|name| !OWN_VARIABLES.contains(name) && !name.is_empty() && !name.contains(','));
        let variables = network::variables();
        let of_network = variables.iter().map(|(name, _)| *name);
        let mut names: Vec<_> = image.chain(CACHES.iter().map(|(name, _)| *name)).chain(of_network).collect();
        names.sort_unstable();
        names.dedup();
        names.join(",")
    }

    fn arguments(&self) -> Vec<String> {
        let id = USER_ID.to_string();
        let passed = self.passed_variables();
        let init = ["init", "--uid", &id, "--gid", &id, "--socket", "/.octobot/run/agent.sock"];
        let container = ["--secret", "/.octobot/run/token", "--token", "/.data/token", "--home", HOME];
        let network = ["--outlet", "/.octobot/run/outlet.sock"];
        let folders = ["--folder", HOME, "--folder", "/.data/events", "--folder", "/.octobot/cache"];
        let daemon = ["--", "--listen", "stdin", "--token-file", "/.data/token", "--data", "/.data/events"];
        let places = ["--workspace", "/home/octobot/workspace", "--home", HOME, "--pass", &passed];
        let cache = ["--cache", "/.octobot/cache/agents"];
        let all = [&init[..], &container, &network, &folders, &daemon, &places, &cache];
        all.concat().into_iter().map(str::to_owned).collect()
    }

    fn host_config(&self) -> HostConfig {
        let limits = &self.spec.limits;
        let memory = i64::try_from(limits.memory_bytes).unwrap_or(i64::MAX);
        // On a host with SELinux `z` lets containers have what they are given; elsewhere it means nothing.
        let mut binds = vec![
            format!("{}:{AGENT}:ro,z", self.agent.display()),
            format!("{}:/.octobot/run:Z", self.place.display()),
            format!("{}/home:{HOME}", self.data.display()),
            format!("{}:{JAVA_STORE}:ro,z", self.java_store.display()),
        ];
        let stores = [CA_BUNDLE].into_iter().chain(DISTRIBUTIONS_STORES);
        binds.extend(stores.map(|at| format!("{}:{at}:ro,z", self.ca_bundle.display())));
        HostConfig {
            binds: Some(binds),
            // Its own, with nothing but a loopback: process 1 opens the way to the proxy.
            network_mode: Some("none".to_owned()),
            mounts: Some(vec![
                volume(name(self.spec.session), "/.data"),
                volume(cache_name(self.installation, &self.spec.project), "/.octobot/cache"),
            ]),
            tmpfs: Some([("/tmp".to_owned(), format!("rw,exec,nosuid,nodev,mode=1777,size={memory}"))].into()),
            shm_size: Some(SHARED_MEMORY_BYTES.min(memory)),
            memory: Some(memory),
            // As much as memory, which means: no swap on top of it.
            memory_swap: Some(memory),
            pids_limit: Some(limits.pids.into()),
            // Unlike a number of CPUs this may be more than the machine has.
            cpu_period: Some(CPU_PERIOD_US),
            cpu_quota: Some(i64::from(limits.cpu_millis) * CPU_PERIOD_US / 1000),
            ulimits: Some(vec![ulimit("nofile", self.open_files), ulimit("core", 0)]),
            cap_drop: Some(vec!["ALL".to_owned()]),
            cap_add: Some(CAPABILITIES.map(str::to_owned).to_vec()),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            log_config: Some(log_config()),
            ..Default::default()
        }
    }
}

/// A volume at a path. What the image has there isn't copied into it.
fn volume(name: String, path: &str) -> Mount {
    Mount {
        typ: Some(MountType::VOLUME),
        source: Some(name),
        target: Some(path.to_owned()),
        volume_options: Some(MountVolumeOptions { no_copy: Some(true), ..Default::default() }),
        ..Default::default()
    }
}

fn ulimit(name: &str, most: u64) -> ResourcesUlimits {
    let most = Some(i64::try_from(most).unwrap_or(i64::MAX));
    ResourcesUlimits { name: Some(name.to_owned()), soft: most, hard: most }
}

/// The log is that of process 1 and the daemon, for whoever looks for a fault. It mustn't fill the disk.
fn log_config() -> HostConfigLogConfig {
    let config = [("max-size".to_owned(), "4m".to_owned())].into();
    HostConfigLogConfig { typ: Some("json-file".to_owned()), config: Some(config) }
}

/// Names a request and an image by their content.
fn fingerprint(request: &ContainerCreateBody, image_id: &str) -> String {
    let request = serde_json::to_value(request).expect("the engine's requests are JSON");
    let text = format!("{image_id}\n{}", sorted(request));
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

/// The same value with the names in every object in order: the order of hash maps changes from run to run.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut fields: Vec<_> = object.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            fields.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(sorted).collect()),
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::{Limits, Secret};

    fn image(environment: &[&str]) -> Image {
        let environment = environment.iter().map(|&variable| variable.to_owned()).collect();
        Image { id: "sha256:1".to_owned(), environment }
    }

    fn request(image: &Image, limits: Limits) -> (ContainerCreateBody, String) {
        let network = Secret::new(String::new());
        let spec = SandboxSpec { session: SessionId::new(Uuid::nil()), project: ProjectId::local(), limits, network };
        Blueprint {
            installation: Uuid::nil(),
            spec: &spec,
            reference: "debian:12",
            image,
            agent: Path::new("/opt/octobot-agent"),
            place: Path::new("/srv/place"),
            ca_bundle: Path::new("/srv/ca-bundle.crt"),
            java_store: Path::new("/srv/cacerts"),
            data: Path::new("/volumes/data"),
            open_files: 1024,
        }
        .request()
    }

    #[test]
    fn nothing_of_a_container_is_privileged() {
        let (request, _) = request(&image(&[]), Limits::default());
        let host = request.host_config.unwrap();
        assert_eq!(host.cap_drop, Some(vec!["ALL".to_owned()]));
        let capabilities = host.cap_add.unwrap();
        assert!(capabilities.iter().all(|capability| !capability.starts_with("SYS")));
        assert_eq!(host.network_mode.as_deref(), Some("none"));
        assert_eq!(host.security_opt, Some(vec!["no-new-privileges".to_owned()]));
        assert!(host.privileged.is_none() && host.devices.is_none() && host.port_bindings.is_none());
        assert!(host.binds.unwrap().iter().all(|bind| !bind.contains("docker.sock")));
    }

    #[test]
    fn the_images_variables_are_kept_but_those_that_are_the_sandboxs_own() {
        let (request, _) =
            request(&image(&["PATH=/opt/bin:/bin", "HOME=/root", "JAVA_HOME=/opt/java"]), Limits::default());
        let environment = request.env.unwrap();
        assert!(environment.contains(&"PATH=/home/octobot/.local/bin:/opt/bin:/bin".to_owned()), "{environment:?}");
        assert!(environment.contains(&"HOME=/home/octobot".to_owned()), "{environment:?}");
        let arguments = request.cmd.unwrap();
        let passed: Vec<_> =
            arguments.iter().skip_while(|argument| *argument != "--pass").nth(1).unwrap().split(',').collect();
        for name in ["CARGO_HOME", "JAVA_HOME", "PIP_CACHE_DIR", "npm_config_cache", "HTTPS_PROXY"] {
            assert!(passed.contains(&name), "{passed:?}");
        }
        assert!(!passed.contains(&"HOME"), "{passed:?}");
    }

    #[test]
    fn the_fingerprint_is_that_of_the_content() {
        let of = |image: &Image, limits| request(image, limits).1;
        let first = of(&image(&[]), Limits::default());
        for _ in 0..20 {
            assert_eq!(of(&image(&[]), Limits::default()), first);
        }
        assert_ne!(of(&image(&[]), Limits { pids: 1, ..Limits::default() }), first);
        assert_ne!(of(&Image { id: "sha256:2".to_owned(), ..image(&[]) }, Limits::default()), first);
    }

    #[test]
    fn what_is_made_says_whose_it_is() {
        let session = SessionId::new(Uuid::max());
        let labels = session_labels(Uuid::nil(), session, &ProjectId::local());
        assert_eq!(session_of(&labels), Some(session));
        assert_eq!(session_of(&cache_labels(Uuid::nil(), &ProjectId::local())), None);
        assert_ne!(cache_name(Uuid::nil(), &ProjectId::local()), cache_name(Uuid::max(), &ProjectId::local()));
    }
}
