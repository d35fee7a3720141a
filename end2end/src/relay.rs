//! A relay before a Unix socket, as a network between server and sandbox whose connections can be cut.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

/// See the module. It ends when it is dropped.
#[derive(Debug)]
pub struct Relay {
    cut: broadcast::Sender<()>,
    open: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Relay {
    /// Takes the place of a socket. Connections that there are stay as they are.
    pub fn before(socket: &Path) -> Result<Self> {
        let real = socket.with_extension("real");
        std::fs::rename(socket, &real).context("the socket can't be moved")?;
        let listener = UnixListener::bind(socket).context("the relay can't listen")?;
        let (cut, _) = broadcast::channel(1);
        let open = Arc::new(AtomicUsize::new(0));
        let (cuts, count) = (cut.clone(), Arc::clone(&open));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = UnixStream::connect(&real).await else { continue };
                let heard = cuts.subscribe();
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(carry(client, server, heard, Arc::clone(&count)));
            }
        });
        Ok(Self { cut, open, task })
    }

    /// Cuts every connection, in the middle of whatever is said, and tells how many there were.
    pub fn cut(&self) -> usize {
        let open = self.open.load(Ordering::Relaxed);
        // Nobody listens where there is no connection.
        drop(self.cut.send(()));
        open
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(
    mut client: UnixStream,
    mut server: UnixStream,
    mut cut: broadcast::Receiver<()>,
    open: Arc<AtomicUsize>,
) {
    tokio::select! {
        // How a connection ends that isn't cut is the affair of its two ends.
        ended = tokio::io::copy_bidirectional(&mut client, &mut server) => drop(ended),
        _ = cut.recv() => {}
    }
    open.fetch_sub(1, Ordering::Relaxed);
}
