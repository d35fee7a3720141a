//! The command line. Only its shape and what can be said about a value by looking at it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};

/// Process 1 and the agent daemon of an Octobot sandbox.
#[derive(Debug, Parser)]
#[command(name = "octobot-agent", version)]
pub struct Arguments {
    /// What to be.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Be process 1: start the daemon, forward signals, reap orphans.
    Init(InitArguments),
    /// Be the agent daemon.
    Daemon(DaemonArguments),
    /// Be the root process of a tool call, an agent or a terminal's shell. For the daemon's own use.
    #[command(hide = true)]
    Run(RunArguments),
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArguments {
    /// The user id that the daemon gets. Needs root.
    #[arg(long, requires = "gid")]
    pub uid: Option<u32>,
    /// The group id that the daemon gets. Needs root.
    #[arg(long, requires = "uid")]
    pub gid: Option<u32>,
    /// What to do first in an engine's container.
    #[command(flatten)]
    pub container: Option<ContainerArguments>,
    /// The daemon's arguments.
    #[arg(last = true, required = true)]
    pub daemon: Vec<String>,
}

/// Arguments of `init` in an engine's container, whose image knows nothing of a sandbox. All of them, or none.
#[derive(Debug, Args)]
#[group(requires = "uid")]
pub struct ContainerArguments {
    /// The socket to listen on; the daemon gets it as its standard input.
    #[arg(long, required = false)]
    pub socket: PathBuf,
    /// The file with the token, which only root can read …
    #[arg(long, required = false)]
    pub secret: PathBuf,
    /// … and where the daemon is to find it.
    #[arg(long, required = false)]
    pub token: PathBuf,
    /// The home folder of the sandbox's user.
    #[arg(long, required = false)]
    pub home: Utf8Folder,
    /// The socket on which the sandbox's proxy waits for the sockets that lead out. Without it, the network is left as it is.
    #[arg(long, required = false)]
    pub outlet: Option<PathBuf>,
    /// A folder that belongs to the sandbox's user. May be given several times.
    #[arg(long = "folder", required = false)]
    pub folders: Vec<Utf8Folder>,
}

/// Arguments of `daemon`.
#[derive(Debug, Args)]
pub struct DaemonArguments {
    /// Where to listen: `unix:/path`, `tcp:127.0.0.1:PORT`, or `stdin` for a socket that listens already.
    #[arg(long)]
    pub listen: ListenAddress,
    /// The permissions of the Unix socket, in octal.
    #[arg(long, default_value = "0600", value_parser = parse_mode)]
    pub socket_mode: u32,
    /// The file that holds the token which every request must carry.
    #[arg(long)]
    pub token_file: PathBuf,
    /// The folder of the event log and of the daemon's other files.
    #[arg(long)]
    pub data: Utf8Folder,
    /// The folder for what is installed on first use, which the sandboxes of a project may share. By default one in the
    /// home folder.
    #[arg(long)]
    pub cache: Option<Utf8Folder>,
    /// The folder that the code is in.
    #[arg(long)]
    pub workspace: Utf8Folder,
    /// The home folder of the sandbox's user.
    #[arg(long)]
    pub home: Utf8Folder,
    /// The name of the sandbox's user.
    #[arg(long, env = "USER", default_value = "octobot")]
    pub user: String,
    /// Variables of the daemon's own environment that scripts get as well, with commas between their names.
    #[arg(long, value_delimiter = ',')]
    pub pass: Vec<String>,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// Whether the command converses over the socket at standard input.
    #[arg(long)]
    pub converse: bool,
    /// Whether standard input is a terminal, which becomes the command's own.
    #[arg(long, conflicts_with = "converse")]
    pub terminal: bool,
    /// The program, then its arguments.
    #[arg(last = true, required = true)]
    pub command: Vec<String>,
}

/// Where the daemon listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// On a Unix socket.
    Unix(PathBuf),
    /// On a TCP port.
    Tcp(SocketAddr),
    /// On the Unix socket that is the daemon's standard input.
    Stdin,
}

/// Text that isn't an address to listen on.
#[derive(Debug, thiserror::Error)]
#[error("expected unix:/absolute/path, tcp:ADDRESS:PORT or stdin")]
pub struct InvalidListenAddress;

impl FromStr for ListenAddress {
    type Err = InvalidListenAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "stdin" => Ok(Self::Stdin),
            Some(("unix", path)) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            Some(("tcp", address)) => address.parse().map(Self::Tcp).map_err(|_| InvalidListenAddress),
            _ => Err(InvalidListenAddress),
        }
    }
}

/// An absolute path that is also text: it is written into shell scripts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Utf8Folder(String);

/// A path that isn't absolute.
#[derive(Debug, thiserror::Error)]
#[error("expected an absolute path")]
pub struct RelativePath;

impl Utf8Folder {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path of something in the folder.
    pub fn join(&self, name: &str) -> Self {
        Self(format!("{}/{name}", self.0.trim_end_matches('/')))
    }
}

impl AsRef<std::path::Path> for Utf8Folder {
    fn as_ref(&self) -> &std::path::Path {
        self.0.as_ref()
    }
}

impl FromStr for Utf8Folder {
    type Err = RelativePath;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with('/') { Ok(Self(text.to_owned())) } else { Err(RelativePath) }
    }
}

fn parse_mode(text: &str) -> Result<u32, std::num::ParseIntError> {
    u32::from_str_radix(text, 8).map(|mode| mode & 0o777)
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
    fn an_address_is_a_socket_or_a_port() {
        assert_eq!("unix:/run/a.sock".parse::<ListenAddress>().unwrap(), ListenAddress::Unix("/run/a.sock".into()));
        assert!(matches!("tcp:127.0.0.1:80".parse(), Ok(ListenAddress::Tcp(_))));
        assert!(matches!("stdin".parse(), Ok(ListenAddress::Stdin)));
        for bad in ["", "unix:", "unix:relative", "tcp:80", "http://x", "127.0.0.1:80"] {
            assert!(bad.parse::<ListenAddress>().is_err(), "{bad:?}");
        }
    }
}
