//! Tells open tabs to reload: a server-sent event stream on a loopback port of its own, so that the real server holds
//! no code for it beyond naming the address.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};

/// A page of another origin (the server's port) reads this stream.
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-store\r\n\
    access-control-allow-origin: *\r\n\r\nretry: 500\n\n";

/// The tabs that wait for a reload.
#[derive(Debug)]
pub struct Reload {
    address: SocketAddr,
    tabs: Arc<Mutex<Vec<TcpStream>>>,
}

impl Reload {
    /// Starts to listen on a free port.
    pub fn listen() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no port is free for reloading the browser")?;
        let address = listener.local_addr()?;
        let tabs = Arc::new(Mutex::new(Vec::new()));
        let waiting = Arc::clone(&tabs);
        thread::spawn(move || {
            // A tab that closes in the middle of its request is of no interest.
            for tab in listener.incoming().flatten().filter_map(|tab| greet(tab).ok()) {
                waiting.lock().unwrap_or_else(PoisonError::into_inner).push(tab);
            }
        });
        Ok(Self { address, tabs })
    }

    /// The address of the stream: an origin, which the page's policy names.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets every tab reload, and forgets it: it comes back with its new page.
    pub fn notify(&self) {
        let tabs = std::mem::take(&mut *self.tabs.lock().unwrap_or_else(PoisonError::into_inner));
        for mut tab in tabs {
            // A tab that was closed needs no reload.
            let _ = tab.write_all(b"data: reload\n\n");
        }
    }
}

fn greet(mut tab: TcpStream) -> std::io::Result<TcpStream> {
    let mut reader = BufReader::new(tab.try_clone()?);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    tab.write_all(HEAD)?;
    Ok(tab)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_waiting_tab_is_told_to_reload() {
        let reload = Reload::listen().unwrap();
        let mut tab = TcpStream::connect(reload.address).unwrap();
        tab.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        let mut head = vec![0; HEAD.len()];
        tab.read_exact(&mut head).unwrap();
        while reload.tabs.lock().unwrap().is_empty() {
            thread::yield_now();
        }
        reload.notify();
        let mut event = String::new();
        tab.read_to_string(&mut event).unwrap();
        assert_eq!(event, "data: reload\n\n");
    }
}
