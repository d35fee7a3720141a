//! What the server can be told: by option, by environment variable, by default. Parsed and checked before anything
//! is opened.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, ValueEnum};
use octobot_wire::launch::Variable;

use crate::jobs::SandboxPolicy;
use crate::sandbox::limits::{LEAST_CPU_MILLIS, LEAST_MEMORY_MIB, LEAST_PIDS, LimitPolicy, Limits};
use crate::store::DatabaseUrl;

/// The image that `cargo xtask image` builds.
const DEFAULT_IMAGE: &str = "octobot/sandbox";

/// A self-hosted web app for working with AI coding agents.
#[derive(Debug, Parser)]
#[command(name = "octobot", version)]
pub struct Options {
    /// Address to listen on. Port 0 takes a free one.
    #[arg(long, env = "OCTOBOT_LISTEN", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,

    /// Folder for the database, workspace caches and sandboxes [default: the XDG data folder's `octobot`].
    #[arg(long, env = "OCTOBOT_DATA_DIR")]
    data_dir: Option<PathBuf>,

    /// `sqlite:PATH` or `postgres://…` [default: SQLite in the data folder].
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<DatabaseUrl>,

    /// Folder with the page's files [default: `site` beside this program].
    #[arg(long, env = "OCTOBOT_SITE_DIR")]
    site_dir: Option<PathBuf>,

    /// The agent daemon's program [default: `octobot-agent` beside this program].
    #[arg(long, env = "OCTOBOT_AGENT")]
    agent: Option<PathBuf>,

    /// The proxy's program, of which each sandbox has one [default: `octobot-proxy` beside this program].
    #[arg(long, env = "OCTOBOT_PROXY")]
    proxy: Option<PathBuf>,

    /// What every sandbox's proxy is told, beside what its project says: how hosts are reached, who else may be reached. A file like
    /// `octobot-proxy --config` takes.
    #[arg(long, env = "SANDBOX_PROXY_CONFIG")]
    sandbox_proxy_config: Option<PathBuf>,

    /// Folder for what must not be on a disk: what proxies are told, secrets included [default: `octobot` in
    /// `XDG_RUNTIME_DIR`, else `/run/octobot` for root, else `/dev/shm/octobot-` with the user's id].
    #[arg(long, env = "OCTOBOT_RUNTIME_DIR")]
    runtime_dir: Option<PathBuf>,

    /// What makes sandboxes.
    #[arg(long, env = "SANDBOX_PROVIDER", value_enum, default_value_t = ProviderChoice::Auto)]
    sandbox_provider: ProviderChoice,

    /// The image that the provider `docker` makes sandboxes of [default: octobot/sandbox].
    #[arg(long, env = "SANDBOX_IMAGE")]
    sandbox_image: Option<String>,

    /// The container engine's Unix socket.
    #[arg(long, env = "DOCKER_HOST", default_value = "unix:///var/run/docker.sock")]
    docker_host: String,

    /// After what time without anything to do a sandbox is stopped, such as `30m` or `1h`; `0` for never.
    #[arg(long, env = "SANDBOX_IDLE_STOP", default_value = "1h", value_parser = parse_duration)]
    sandbox_idle_stop: Duration,

    /// How many sandboxes are started before anybody wants them, so that new sessions needn't wait.
    #[arg(long, env = "SANDBOX_WARM", default_value_t = 0)]
    sandbox_warm: u16,

    /// With less room than this on the disk, in MiB, no new sandbox is made.
    #[arg(long, env = "SANDBOX_DISK_FLOOR_MIB", default_value_t = 2048)]
    sandbox_disk_floor_mib: u64,

    /// Folders that sandboxes of the provider `local` may read beside the system's own, for instance a Node installation in a home.
    #[arg(long = "tool-dir", env = "SANDBOX_TOOL_DIRS", value_delimiter = ':')]
    tool_dirs: Vec<PathBuf>,

    /// Variables of the server's own environment that agents get, for instance `ANTHROPIC_API_KEY`. Everything in a
    /// sandbox can read them, the code that an agent runs included.
    #[arg(long = "agent-env", env = "OCTOBOT_AGENT_ENV", value_delimiter = ',')]
    agent_env: Vec<String>,

    /// Most processes and threads in one sandbox, unless its workspace asks for another number.
    #[arg(long, env = "SANDBOX_PIDS", default_value_t = 2048)]
    sandbox_pids: u32,

    /// Most memory of one sandbox, in MiB, unless its workspace asks for another amount.
    #[arg(long, env = "SANDBOX_MEMORY_MIB", default_value_t = 4096)]
    sandbox_memory_mib: u32,

    /// Most processor time of one sandbox, in thousandths of a core, unless its workspace asks for another share.
    #[arg(long, env = "SANDBOX_CPU_MILLIS", default_value_t = 2000)]
    sandbox_cpu_millis: u32,

    /// Most processes and threads that a workspace may ask for [default: what every sandbox gets].
    #[arg(long, env = "SANDBOX_MAX_PIDS")]
    sandbox_max_pids: Option<u32>,

    /// Most memory that a workspace may ask for, in MiB [default: what every sandbox gets].
    #[arg(long, env = "SANDBOX_MAX_MEMORY_MIB")]
    sandbox_max_memory_mib: Option<u32>,

    /// Most processor time that a workspace may ask for, in thousandths of a core [default: what every sandbox gets].
    #[arg(long, env = "SANDBOX_MAX_CPU_MILLIS")]
    sandbox_max_cpu_millis: Option<u32>,

    /// How log lines look.
    #[arg(long, env = "OCTOBOT_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,

    /// Where a page under development listens for its reload: an origin, such as `http://127.0.0.1:4000`.
    #[arg(long, env = "OCTOBOT_DEV_RELOAD", hide = true)]
    dev_reload: Option<String>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What makes sandboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProviderChoice {
    /// The engine, where one answers that has the image or was told where to get one; else this machine's kernel.
    Auto,
    /// A container engine that speaks Docker's API.
    Docker,
    /// This machine's kernel.
    Local,
}

/// What was said about the container engine, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineConfig {
    /// Its socket; none when it is reached in a way that sandboxes can't use.
    pub socket: Option<PathBuf>,
    /// The image that sandboxes are made of.
    pub image: String,
    /// Whether somebody chose the image, so that it is worth fetching.
    pub image_was_chosen: bool,
}

/// What the server was told, checked.
#[derive(Debug)]
pub struct Config {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Folder for everything that is kept.
    pub data_dir: PathBuf,
    /// The database.
    pub database: DatabaseUrl,
    /// Folder with the page's files.
    pub site_dir: PathBuf,
    /// The agent daemon's program.
    pub agent: PathBuf,
    /// The proxy's program.
    pub proxy: PathBuf,
    /// What every sandbox's proxy is told.
    pub sandbox_proxy_config: Option<PathBuf>,
    /// Folder for what must not be on a disk.
    pub runtime_dir: PathBuf,
    /// This program, which sandboxes are started with.
    pub server: PathBuf,
    /// Folders that sandboxes may read beside the system's own.
    pub tool_dirs: Vec<PathBuf>,
    /// What agents get of the server's environment.
    pub agent_variables: Vec<Variable>,
    /// What makes sandboxes.
    pub provider: ProviderChoice,
    /// The container engine.
    pub engine: EngineConfig,
    /// After what time an idle sandbox is stopped; `None` for never.
    pub idle_stop: Option<Duration>,
    /// How many sandboxes are kept warm.
    pub warm_sandboxes: usize,
    /// Limits of one sandbox, and of all.
    pub policy: SandboxPolicy,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Where a page under development listens for its reload: an origin.
    pub dev_reload: Option<String>,
}

/// What is wrong with the options.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Without login, everyone who reaches the server owns it.
    #[error("{0} can be reached from other machines, and Octobot has no login yet: listen on 127.0.0.1 or [::1]")]
    NotLoopback(SocketAddr),
    /// No data folder was given and none can be derived.
    #[error("neither XDG_DATA_HOME nor HOME is set: say where data goes with --data-dir")]
    NoDataDir,
    /// Sandboxes and server meet in files, so the engine has to be on the same machine.
    #[error(
        "the container engine at {0} isn't reached by a Unix socket, which sandboxes need: give unix:///… or a path"
    )]
    EngineElsewhere(String),
    /// A limit is zero.
    #[error("{option} must be at least {least}")]
    LimitTooLow {
        /// The option.
        option: &'static str,
        /// The least value that works.
        least: u64,
    },
    /// A variable for agents isn't text.
    #[error("the variable {0}, which --agent-env names, isn't UTF-8")]
    NotText(String),
    /// This program can't find itself.
    #[error("can't find this program's own path")]
    NoExecutable(#[source] std::io::Error),
}

impl Options {
    /// Fills in the defaults and checks that everything fits together. `read` gives variables of the environment.
    pub fn into_config(self, read: impl Fn(&str) -> Option<OsString> + Copy) -> Result<Config, ConfigError> {
        if !self.listen.ip().is_loopback() {
            return Err(ConfigError::NotLoopback(self.listen));
        }
        let limits = self.limits()?;
        let server = std::env::current_exe().map_err(ConfigError::NoExecutable)?;
        let beside = server.parent().unwrap_or(Path::new("/")).to_owned();
        let data_dir = self
            .data_dir
            .or_else(|| {
                read("XDG_DATA_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute()).map(|dir| dir.join("octobot"))
            })
            .or_else(|| read("HOME").map(|home| PathBuf::from(home).join(".local/share/octobot")))
            .ok_or(ConfigError::NoDataDir)?;
        let data_dir = std::path::absolute(&data_dir).unwrap_or(data_dir);
        let socket = engine_socket(&self.docker_host);
        if self.sandbox_provider == ProviderChoice::Docker && socket.is_none() {
            return Err(ConfigError::EngineElsewhere(self.docker_host));
        }
        Ok(Config {
            listen: self.listen,
            database: self.database_url.unwrap_or_else(|| DatabaseUrl::Sqlite(data_dir.join("octobot.db"))),
            site_dir: self.site_dir.unwrap_or_else(|| beside.join("site")),
            agent: self.agent.unwrap_or_else(|| beside.join("octobot-agent")),
            proxy: self.proxy.unwrap_or_else(|| beside.join("octobot-proxy")),
            sandbox_proxy_config: self.sandbox_proxy_config,
            runtime_dir: self.runtime_dir.unwrap_or_else(|| runtime_dir(read("XDG_RUNTIME_DIR"))),
            server,
            tool_dirs: self.tool_dirs,
            agent_variables: agent_variables(&self.agent_env, read)?,
            provider: self.sandbox_provider,
            engine: EngineConfig {
                socket,
                image_was_chosen: self.sandbox_image.is_some(),
                image: self.sandbox_image.unwrap_or_else(|| DEFAULT_IMAGE.to_owned()),
            },
            idle_stop: Some(self.sandbox_idle_stop).filter(|limit| !limit.is_zero()),
            warm_sandboxes: self.sandbox_warm.into(),
            policy: SandboxPolicy { limits, least_room_bytes: self.sandbox_disk_floor_mib.saturating_mul(1024 * 1024) },
            log_format: self.log_format,
            dev_reload: self.dev_reload,
            data_dir,
        })
    }
}

impl Options {
    /// What sandboxes get, and the ceiling, which is never below it.
    fn limits(&self) -> Result<LimitPolicy, ConfigError> {
        let pids = at_least("--sandbox-pids", self.sandbox_pids, LEAST_PIDS)?;
        let memory_mib = at_least("--sandbox-memory-mib", self.sandbox_memory_mib, LEAST_MEMORY_MIB)?;
        let cpu_millis = at_least("--sandbox-cpu-millis", self.sandbox_cpu_millis, LEAST_CPU_MILLIS)?;
        let limits = |pids, memory_mib, cpu_millis| Limits {
            pids,
            memory_bytes: u64::from(memory_mib) * 1024 * 1024,
            cpu_millis,
        };
        let max_pids = at_least("--sandbox-max-pids", self.sandbox_max_pids.unwrap_or(pids), pids)?;
        let max_memory_mib = self.sandbox_max_memory_mib.unwrap_or(memory_mib);
        let max_memory_mib = at_least("--sandbox-max-memory-mib", max_memory_mib, memory_mib)?;
        let max_cpu_millis = self.sandbox_max_cpu_millis.unwrap_or(cpu_millis);
        let max_cpu_millis = at_least("--sandbox-max-cpu-millis", max_cpu_millis, cpu_millis)?;
        Ok(LimitPolicy {
            usual: limits(pids, memory_mib, cpu_millis),
            ceiling: limits(max_pids, max_memory_mib, max_cpu_millis),
        })
    }
}

/// A folder that isn't on a disk.
fn runtime_dir(of_user: Option<OsString>) -> PathBuf {
    let user = rustix::process::geteuid();
    match of_user.map(PathBuf::from).filter(|folder| folder.is_absolute()) {
        Some(folder) => folder.join("octobot"),
        None if user.is_root() => "/run/octobot".into(),
        None => format!("/dev/shm/octobot-{}", user.as_raw()).into(),
    }
}

/// The variables that agents get. One that isn't set is left out: the list may be the same everywhere.
fn agent_variables(names: &[String], read: impl Fn(&str) -> Option<OsString>) -> Result<Vec<Variable>, ConfigError> {
    let set = names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).filter_map(|name| {
        let value = read(name)?.into_string().map_err(|_| ConfigError::NotText(name.to_owned()));
        Some(value.map(|value| Variable { name: name.to_owned(), value }))
    });
    set.collect()
}

fn at_least<N: PartialOrd + Into<u64>>(option: &'static str, value: N, least: N) -> Result<N, ConfigError> {
    if value < least { Err(ConfigError::LimitTooLow { option, least: least.into() }) } else { Ok(value) }
}

/// The path of the engine's socket; none for an address of another kind.
fn engine_socket(address: &str) -> Option<PathBuf> {
    let path = address.strip_prefix("unix://").unwrap_or(address);
    path.starts_with('/').then(|| path.into())
}

/// Text that isn't a time.
#[derive(Debug, thiserror::Error)]
#[error("expected a number with s, m or h, such as 30m, or 0")]
struct InvalidDuration;

fn parse_duration(text: &str) -> Result<Duration, InvalidDuration> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| InvalidDuration)?;
    let seconds = match unit {
        "" if number == 0 => 0,
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        _ => return Err(InvalidDuration),
    };
    number.checked_mul(seconds).map(Duration::from_secs).ok_or(InvalidDuration)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the options make of an environment with a home, and what else it has.
    fn config_with(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let options = Options::try_parse_from([&["octobot"], arguments].concat()).unwrap();
        let all = [&[("HOME", "/home/someone")], variables].concat();
        options.into_config(|name| all.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()))
    }

    fn config(arguments: &[&str]) -> Result<Config, ConfigError> {
        config_with(arguments, &[])
    }

    #[test]
    fn data_goes_into_the_xdg_folder() {
        assert_eq!(config(&[]).unwrap().data_dir, Path::new("/home/someone/.local/share/octobot"));
        let config = config_with(&[], &[("XDG_DATA_HOME", "/xdg")]).unwrap();
        assert_eq!(config.data_dir, Path::new("/xdg/octobot"));
    }

    #[test]
    fn agents_get_the_variables_that_are_listed_and_no_others() {
        let variables = [("A_KEY", "secret"), ("ANOTHER", "x")];
        let config = config_with(&["--agent-env", "A_KEY,NOT_SET"], &variables).unwrap();
        assert_eq!(config.agent_variables, [Variable { name: "A_KEY".to_owned(), value: "secret".to_owned() }]);
        assert!(!format!("{config:?}").contains("secret"));
        assert_eq!(config_with(&[], &variables).unwrap().agent_variables, []);
    }

    #[test]
    fn only_loopback_is_listened_on_without_login() {
        assert!(config(&["--listen", "[::1]:0"]).is_ok());
        assert!(matches!(config(&["--listen", "0.0.0.0:3000"]), Err(ConfigError::NotLoopback(_))));
    }

    #[test]
    fn the_engine_is_on_this_machine() {
        assert_eq!(config(&["--docker-host", "unix:///run/a.sock"]).unwrap().engine.socket, Some("/run/a.sock".into()));
        assert_eq!(config(&["--docker-host", "/run/a.sock"]).unwrap().engine.socket, Some("/run/a.sock".into()));
        let elsewhere = ["--docker-host", "tcp://10.0.0.1:2375"];
        assert_eq!(config(&elsewhere).unwrap().engine.socket, None, "it may be meant for other programs");
        let wanted = config(&[&elsewhere[..], &["--sandbox-provider", "docker"]].concat());
        assert!(matches!(wanted, Err(ConfigError::EngineElsewhere(_))), "{wanted:?}");
    }

    #[test]
    fn the_ceiling_of_limits_is_what_every_sandbox_gets_unless_it_is_higher() {
        let limits = |arguments: &[&str]| config(arguments).map(|config| config.policy.limits);
        let same = limits(&["--sandbox-memory-mib", "1000"]).unwrap();
        assert_eq!(same.usual, same.ceiling);
        let higher = limits(&["--sandbox-max-pids", "9000"]).unwrap();
        assert_eq!((higher.usual.pids, higher.ceiling.pids), (2048, 9000));
        let lower = limits(&["--sandbox-max-pids", "9"]);
        assert!(
            matches!(lower, Err(ConfigError::LimitTooLow { option: "--sandbox-max-pids", least: 2048 })),
            "{lower:?}"
        );
    }

    #[test]
    fn sandboxes_are_stopped_when_idle_for_an_hour_unless_told_otherwise() {
        let idle_stop = |arguments: &[&str]| config(arguments).unwrap().idle_stop;
        assert_eq!(idle_stop(&[]), Some(Duration::from_hours(1)));
        assert_eq!(idle_stop(&["--sandbox-idle-stop", "90s"]), Some(Duration::from_secs(90)));
        assert_eq!(idle_stop(&["--sandbox-idle-stop", "0"]), None);
        for bad in ["", "1", "h", "1d", "-1h", "99999999999999999999h"] {
            assert!(parse_duration(bad).is_err(), "{bad:?}");
        }
    }
}
