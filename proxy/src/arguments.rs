//! The command line: what can't change while the proxy runs. Everything else is in the configuration.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Parser, ValueEnum};

/// A forward proxy that decides each request, injects headers and keeps a log.
#[derive(Debug, Parser)]
#[command(name = "octobot-proxy", version)]
pub struct Arguments {
    /// The configuration, a YAML file that is read again when it changes. Without it, nothing may be reached until the
    /// control API says otherwise.
    #[arg(long, env = "OCTOBOT_PROXY_CONFIG")]
    pub config: Option<PathBuf>,
    /// The folder of the certificate authority, the log and the cache.
    #[arg(long, env = "OCTOBOT_PROXY_DATA", default_value = "octobot-proxy-data")]
    pub data: PathBuf,
    /// The folder of the cache, which the proxies of a machine may share; in the data folder unless given.
    #[arg(long)]
    pub cache: Option<PathBuf>,
    /// Who may have what this proxy fetched with credentials: proxies that name the same one.
    #[arg(long, default_value = "local")]
    pub tenant: String,
    /// Where clients connect to. May be given several times; `none` for nowhere.
    #[arg(long, default_value = "127.0.0.1:17080")]
    pub listen: Vec<MaybeAddress>,
    /// Where connections arrive whose destination is their own address, in a network in which every address leads here. May
    /// be given several times.
    #[arg(long)]
    pub listen_transparent: Vec<SocketAddr>,
    /// Where names are resolved for clients, over UDP and TCP. May be given several times.
    #[arg(long)]
    pub dns: Vec<SocketAddr>,
    /// A Unix socket on which a launcher passes sockets that listen already, or `stdin` if standard input is one.
    #[arg(long)]
    pub sockets: Option<SocketSource>,
    /// Whether the proxy ends when the launcher does that has passed it its sockets.
    #[arg(long, requires = "sockets")]
    pub ends_with_launcher: bool,
    /// Where the control API listens: an address, `unix:/path`, or `none`.
    #[arg(long, default_value = "127.0.0.1:17081")]
    pub control: ControlAddress,
    /// The file with the control API's token.
    #[arg(long)]
    pub token_file: Option<PathBuf>,
    /// The control API's token.
    #[arg(long, env = "OCTOBOT_PROXY_TOKEN", hide = true, hide_env_values = true)]
    pub token: Option<String>,
    /// What stands in each record as its session.
    #[arg(long)]
    pub session: Option<String>,
    /// How the proxy tells about itself on standard error.
    #[arg(long, env = "OCTOBOT_PROXY_LOG_FORMAT", default_value = "text")]
    pub log_format: LogFormat,
}

/// How the proxy tells about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// An address, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MaybeAddress {
    /// Nowhere.
    None,
    /// There.
    At(SocketAddr),
}

/// Where the control API listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ControlAddress {
    /// Nowhere.
    None,
    /// On a TCP port.
    Tcp(SocketAddr),
    /// On a Unix socket, for its owner alone.
    Unix(PathBuf),
}

/// Where sockets are passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketSource {
    /// On standard input.
    Stdin,
    /// On a Unix socket that is made there.
    At(PathBuf),
}

/// Text that isn't an address.
#[derive(Debug, thiserror::Error)]
#[error("expected {0}")]
pub struct InvalidAddress(&'static str);

impl FromStr for MaybeAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self::None),
            _ => text.parse().map(Self::At).map_err(|_| InvalidAddress("ADDRESS:PORT or none")),
        }
    }
}

impl FromStr for ControlAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("unix:") {
            Some(path) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            None if text == "none" => Ok(Self::None),
            _ => text.parse().map(Self::Tcp).map_err(|_| InvalidAddress("ADDRESS:PORT, unix:/path or none")),
        }
    }
}

impl FromStr for SocketSource {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "stdin" => Ok(Self::Stdin),
            path if path.starts_with('/') => Ok(Self::At(path.into())),
            _ => Err(InvalidAddress("an absolute path or stdin")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }

    #[test]
    fn an_address_is_what_it_says() {
        assert!(matches!("unix:/run/a".parse(), Ok(ControlAddress::Unix(_))));
        assert!(matches!("[::1]:1".parse(), Ok(ControlAddress::Tcp(_))));
        assert!("unix:a".parse::<ControlAddress>().is_err());
        assert!("17080".parse::<MaybeAddress>().is_err());
        assert!("a".parse::<SocketSource>().is_err());
    }
}
