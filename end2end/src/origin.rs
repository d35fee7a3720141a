//! Addresses of this machine that sandboxes reach: each of a test's services has one of its own, at the port of the web, because that
//! is where connections from a sandbox go without a program's doing.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context, Result};
use tokio::net::TcpListener;

/// What a server's sandboxes may reach in tests: a part of the loopback network that nothing else uses.
pub const POLICY: &str = "allowlist: { ips: ['127.7.0.0/16'] }\n";

/// How many addresses are tried.
const ATTEMPTS: u16 = 1000;

/// Listens at an address that nobody else has.
pub async fn listen() -> Result<TcpListener> {
    listen_in(7).await
}

/// The same, where no sandbox may go unless its project says so.
pub async fn listen_unlisted() -> Result<TcpListener> {
    listen_in(8).await
}

async fn listen_in(network: u8) -> Result<TcpListener> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Tests run in processes of their own, at the same time.
    let start = std::process::id().wrapping_mul(31).to_le_bytes();
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let host = u16::from_le_bytes([start[0], start[1]]).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let [high, low] = host.to_be_bytes();
        match TcpListener::bind((Ipv4Addr::new(127, network, high, low), 80)).await {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    Err(last.context("no address was tried")?).context(
        "nothing can listen on port 80 of 127.7.0.0/16 and 127.8.0.0/16: run the tests as root, or set net.ipv4.ip_unprivileged_port_start",
    )
}
