//! The configuration: what stands in the file, and what is read from it. Who changes it when stands in `live`.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

use crate::cache::CacheConfig;
use crate::inject::{self, Injector, RuleError, Rules};
use crate::listen::Patience;
use crate::policy::{Allowlist, Phase, Policy};
use crate::secret::Secret;
use crate::upstream::{Overrides, Pool, UpstreamConfig, UpstreamError};

mod live;
mod patch;
mod text;
mod watch;

pub use live::{ChangeError, Live};
pub use text::{TextError, read_yaml};
pub use watch::watch;

/// The longest that anything may take, in seconds: a year. Clocks can't count much further.
const LONGEST_SECONDS: u64 = 365 * 24 * 60 * 60;

/// The largest file of the log, in MiB: 1 TiB.
const LARGEST_MIB: u64 = 1 << 20;

/// The configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether the agent runs, or the setup before it.
    pub phase: Phase,
    /// Who may be reached.
    pub allowlist: Allowlist,
    /// Lists that take away from that, such as those of workspaces.
    pub workspaces: Vec<Allowlist>,
    /// The addresses of the machine as a sandbox would reach it, which are refused unless named.
    pub hosts: Vec<IpAddr>,
    /// What is added to requests and taken from them, by domain.
    pub headers: Rules,
    /// How hosts are reached.
    pub upstream: UpstreamConfig,
    /// What is kept of answers that never change.
    pub cache: CacheConfig,
    /// What is logged and kept.
    pub logging: Logging,
    /// What clients may do.
    pub limits: Limits,
}

/// What is logged and kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Logging {
    /// What the proxy says of itself on standard error: `info`, or more exactly `info,octobot_proxy=debug`.
    pub level: String,
    /// A file of the log of requests with this many MiB is put aside.
    pub file_mib: u64,
    /// How many MiB the log of requests has on disk at most.
    pub total_mib: u64,
}

/// What clients may do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// How many connections there may be at a time.
    pub connections: usize,
    /// How many bytes the head of a request may have.
    pub head_bytes: u32,
    /// How long a client may take for the head of a request, or for a handshake, in seconds.
    pub head_timeout: u64,
    /// How long a connection may be without a request, in seconds.
    pub idle_timeout: u64,
    /// How long a tunnel may be without a byte, in seconds.
    pub tunnel_timeout: u64,
    /// How many requests may be under way in an HTTP/2 connection.
    pub streams: u32,
}

/// A configuration that is in force.
#[derive(Debug)]
pub struct Settings {
    /// What it was read from.
    pub config: Config,
    /// Who may be reached.
    pub policy: Policy,
    /// What is added to requests.
    pub injector: Injector,
    /// Connections to hosts.
    pub pool: Pool,
    /// Addresses in place of others.
    pub overrides: Overrides,
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A rule for headers.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The way to hosts.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// A number that nothing could work with.
    #[error("{key} has to be between {least} and {most}")]
    Bound {
        /// What the number is for.
        key: &'static str,
        /// The smallest that is taken.
        least: u64,
        /// The largest that is taken.
        most: u64,
    },
    /// Nobody could tell how much to tell.
    #[error("logging.level isn't a level like `info`, or a list like `info,octobot_proxy=debug`")]
    Level,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            phase: Phase::Agent,
            allowlist: Allowlist::default(),
            workspaces: Vec::new(),
            hosts: Vec::new(),
            headers: Rules::default(),
            upstream: UpstreamConfig::default(),
            cache: CacheConfig::default(),
            logging: Logging::default(),
            limits: Limits::default(),
        }
    }
}

impl Default for Logging {
    fn default() -> Self {
        Self { level: "info".to_owned(), file_mib: 16, total_mib: 128 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            head_bytes: 64 * 1024,
            head_timeout: 10,
            idle_timeout: 300,
            tunnel_timeout: 3600,
            streams: 128,
        }
    }
}

impl Limits {
    /// How long things of HTTP/1 may take.
    pub fn patience(&self) -> Patience {
        Patience {
            head: Duration::from_secs(self.head_timeout),
            idle: Duration::from_secs(self.idle_timeout),
            longest_head: usize::try_from(self.head_bytes).unwrap_or(usize::MAX),
        }
    }

    /// How long a tunnel may be without a byte.
    pub fn tunnel(&self) -> Duration {
        Duration::from_secs(self.tunnel_timeout)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let connections = u64::try_from(self.connections).unwrap_or(u64::MAX);
        within("limits.connections", connections, 1, 1_000_000)?;
        within("limits.head_bytes", self.head_bytes.into(), 1024, 16 << 20)?;
        within("limits.head_timeout", self.head_timeout, 1, LONGEST_SECONDS)?;
        within("limits.idle_timeout", self.idle_timeout, 1, LONGEST_SECONDS)?;
        within("limits.tunnel_timeout", self.tunnel_timeout, 1, LONGEST_SECONDS)?;
        within("limits.streams", self.streams.into(), 1, 1_000_000)
    }
}

impl Logging {
    fn check(&self) -> Result<(), ConfigError> {
        within("logging.file_mib", self.file_mib, 1, LARGEST_MIB)?;
        // Room for the file that is written to and for one that was put aside.
        within("logging.total_mib", self.total_mib, 2 * self.file_mib, 2 * LARGEST_MIB)?;
        EnvFilter::try_new(&self.level).map(drop).map_err(|_| ConfigError::Level)
    }
}

fn within(key: &'static str, number: u64, least: u64, most: u64) -> Result<(), ConfigError> {
    if (least..=most).contains(&number) { Ok(()) } else { Err(ConfigError::Bound { key, least, most }) }
}

impl Config {
    /// All that is secret in it.
    fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let of_rules = self.headers.values().flat_map(inject::OneOrMany::rules).flat_map(inject::Rule::secrets);
        of_rules.chain(self.upstream.proxy.iter().filter_map(|parent| parent.password.as_ref()))
    }

    /// Puts the secrets of `before` where this one only refers to them.
    pub fn restore(&mut self, before: &Self) {
        inject::restore(&mut self.headers, &before.headers);
        self.upstream.restore(&before.upstream);
    }
}

impl Settings {
    /// Reads everything in a configuration. Connections of `before` are kept while the way to hosts stays the same.
    pub fn new(config: Config, before: Option<&Self>) -> Result<Self, ConfigError> {
        config.limits.check()?;
        config.logging.check()?;
        within("upstream.connect_timeout", config.upstream.connect_timeout, 1, LONGEST_SECONDS)?;
        within("upstream.answer_timeout", config.upstream.answer_timeout, 1, LONGEST_SECONDS)?;
        let pool = match before.filter(|before| before.config.upstream == config.upstream) {
            Some(before) => before.pool.clone(),
            None => Pool::new(config.upstream.dialer()?, Duration::from_secs(config.upstream.answer_timeout)),
        };
        Ok(Self {
            policy: Policy::new(&config.allowlist, &config.workspaces, config.phase, config.hosts.clone()),
            injector: Injector::new(&config.headers)?,
            overrides: config.upstream.overrides()?,
            pool,
            config,
        })
    }
}

#[cfg(test)]
mod tests;
