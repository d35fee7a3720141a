//! A Postgres of our own: made for one run of the tests, on a free loopback port, and gone afterwards.
//!
//! The server is the child of a small shell script that ends it and removes its data as soon as its standard input
//! closes. So nothing is left behind in whichever way this program ends, by Ctrl-C or a kill too.

use std::fs::{self, DirBuilder};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread;

use anyhow::{Context, Result, ensure};

use super::machine;
use crate::command;

/// `$1` is the folder of the data, the rest is the server's command line.
const SUPERVISOR: &str =
    r#"data=$1; shift; "$@" & server=$!; read -r _; kill -INT $server; wait $server; rm -rf "$data""#;

/// What Postgres prints when it takes connections.
const READY: &str = "database system is ready to accept connections";

/// Losing this data in a crash is no loss, and not waiting for the disk makes the tests several times faster.
const SETTINGS: [&str; 6] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
    "lc_messages=C",
    "log_min_messages=log",
];

/// A running Postgres; it ends when this is dropped.
#[derive(Debug)]
pub struct Postgres {
    supervisor: Child,
    port: u16,
    #[cfg_attr(not(test), expect(dead_code, reason = "tests look whether it is gone"))]
    data: PathBuf,
}

impl Postgres {
    /// Makes a cluster and starts its server.
    pub fn start() -> Result<Self> {
        let programs = machine::postgres_programs().context("Postgres isn't installed")?;
        let owner = Owner::find()?;
        let data = owner.make_folder()?;
        let initdb = programs.join("initdb");
        let mut init = owner.command(&initdb);
        init.arg("--pgdata").arg(&data);
        init.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]);
        let output = init.stdin(Stdio::null()).output().context("initdb couldn't be started")?;
        ensure!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr));
        let port = free_port()?;
        let mut supervisor = owner.supervise(&programs.join("postgres"), &data, port)?;
        wait_until_ready(supervisor.stderr.take().expect("standard error is piped"))?;
        Ok(Self { supervisor, port, data })
    }

    /// Where to connect, as a user who may create databases.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        // If it can't be waited for, it has ended already.
        let _ = self.supervisor.wait();
    }
}

/// Who runs the server: Postgres refuses to run as root.
#[derive(Debug, Clone, Copy)]
enum Owner {
    Me,
    Other { user: u32, group: u32 },
}

impl Owner {
    fn find() -> Result<Self> {
        if !machine::is_root() {
            return Ok(Self::Me);
        }
        Ok(Self::Other { user: id("-u")?, group: id("-g")? })
    }

    fn make_folder(self) -> Result<PathBuf> {
        let folder = std::env::temp_dir().join(format!("octobot-postgres-{}", std::process::id()));
        DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .with_context(|| format!("{} couldn't be made", folder.display()))?;
        if let Self::Other { user, group } = self {
            chown(&folder, Some(user), Some(group))
                .with_context(|| format!("{} can't be given away", folder.display()))?;
        }
        // The test runner's folder may be closed to the owner.
        fs::canonicalize(&folder).with_context(|| format!("{} isn't there", folder.display()))
    }

    fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/");
        if let Self::Other { user, group } = self {
            command.uid(user).gid(group);
        }
        command
    }

    fn supervise(self, postgres: &Path, data: &Path, port: u16) -> Result<Child> {
        let mut shell = self.command(Path::new("/bin/sh"));
        shell.args(["-c", SUPERVISOR, "sh"]).arg(data).arg(postgres).arg("-D").arg(data);
        shell.args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k"]).arg(data);
        for setting in SETTINGS {
            shell.args(["-c", setting]);
        }
        // A process group of its own, so that Ctrl-C reaches this program only, and the script still cleans up.
        shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        shell.spawn().context("the supervisor of Postgres couldn't be started")
    }
}

fn id(option: &str) -> Result<u32> {
    let id = command::first_line(Command::new("id").args([option, "postgres"]));
    id.context("there is no user postgres to run the server as")?.parse().context("`id` prints a number")
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0").context("no port is free")?.local_addr()?.port())
}

/// Reads on after that, because a server whose log nobody reads would stop.
fn wait_until_ready(log: ChildStderr) -> Result<()> {
    let mut lines = BufReader::new(log).lines();
    let mut seen = Vec::new();
    loop {
        let Some(line) = lines.next() else {
            anyhow::bail!("Postgres has ended: {}", seen.join("\n"));
        };
        seen.push(line?);
        if seen.last().is_some_and(|line| line.contains(READY)) {
            break;
        }
    }
    thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_cluster_takes_connections_and_leaves_nothing_behind() {
        if machine::postgres_programs().is_none() {
            assert!(std::env::var_os(crate::test::STRICT).is_none(), "Postgres isn't installed");
            eprintln!("SKIPPED: a Postgres for one run: it isn't installed");
            return;
        }
        let postgres = Postgres::start().unwrap();
        let (address, data) = (("127.0.0.1", postgres.port), postgres.data.clone());
        TcpStream::connect(address).unwrap();
        assert!(data.exists());
        drop(postgres);
        TcpStream::connect(address).unwrap_err();
        assert!(!data.exists());
    }
}
