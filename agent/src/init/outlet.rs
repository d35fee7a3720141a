//! The way out of a container that has no network but its own: process 1 opens the sockets that lead out and passes them to the
//! proxy, which runs outside, and again to the next one when that has died. Connections wait meanwhile.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use octobot_inlet::Inlets;
use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};

/// The pause between two looks whether there is a proxy. It is started together with the container.
const RETRY: Duration = Duration::from_millis(5);

/// The next one is started by a server that looks for it every few seconds.
const LATER_RETRY: Duration = Duration::from_millis(250);

/// How long the first proxy may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What opening the network takes. Nobody has it afterwards, process 1 included.
const RIGHTS: CapabilitySet =
    CapabilitySet::NET_ADMIN.union(CapabilitySet::NET_BIND_SERVICE).union(CapabilitySet::NET_RAW);

/// Opens the way out, tells programs where names are resolved, and passes the sockets from then on. Everything that is started
/// later finds a network in which every address leads to the proxy.
pub fn open(proxy: &Path) -> io::Result<()> {
    let inlets = Inlets::open()?;
    fs::write("/etc/resolv.conf", format!("nameserver {}\n", octobot_inlet::DNS.ip()))?;
    name_this_host()?;
    give_up_rights()?;
    let deadline = Instant::now() + PATIENCE;
    let line = loop {
        match pass(&inlets, proxy) {
            Ok(line) => break line,
            Err(error) if Instant::now() >= deadline => return Err(error),
            Err(_) => thread::sleep(RETRY),
        }
    };
    let proxy = proxy.to_owned();
    thread::Builder::new().name("outlet".to_owned()).spawn(move || keep(&inlets, line, &proxy)).map(|_| ())
}

/// Without a network of its own the engine doesn't write down the container's name, which programs ask for.
fn name_this_host() -> io::Result<()> {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let known = fs::read_to_string("/etc/hosts").or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(String::new()),
        _ => Err(error),
    })?;
    if known.lines().any(|line| line.split_ascii_whitespace().skip(1).any(|known| known == name)) {
        return Ok(());
    }
    fs::write("/etc/hosts", format!("{}\n127.0.0.1 {name}\n", known.trim_end()))
}

fn pass(inlets: &Inlets, proxy: &Path) -> io::Result<UnixStream> {
    let line = UnixStream::connect(proxy)?;
    inlets.pass(&line)?;
    Ok(line)
}

/// Waits for the end of each proxy, and for the next one.
fn keep(inlets: &Inlets, mut line: UnixStream, proxy: &Path) {
    loop {
        // It says nothing more; this ends with it.
        drop(line.read(&mut [0]));
        tracing::warn!("the proxy has ended; connections wait for the next one");
        line = loop {
            match pass(inlets, proxy) {
                Ok(line) => break line,
                Err(_) => thread::sleep(LATER_RETRY),
            }
        };
        tracing::info!("there is a proxy again");
    }
}

fn give_up_rights() -> io::Result<()> {
    let CapabilitySets { effective, permitted, inheritable } = capabilities(None)?;
    let sets = CapabilitySets {
        effective: effective.difference(RIGHTS),
        permitted: permitted.difference(RIGHTS),
        inheritable: inheritable.difference(RIGHTS),
    };
    Ok(set_capabilities(None, sets)?)
}
