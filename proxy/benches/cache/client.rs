//! Loads for a server, and what they cost it.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Pid;

use crate::server::{BLOB, BLOB_BYTES};

/// For how long manifests are asked for.
const TIME: Duration = Duration::from_secs(1);

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// Four clients, each a large blob, twice.
    Blobs,
    /// Thirty-two clients, each a small manifest, again and again.
    Manifests,
}

/// What a load cost.
#[derive(Debug)]
pub struct Figures {
    /// GiB, or requests.
    pub per_second: f64,
    /// Of the server, per GiB or request.
    pub processor_seconds: f64,
    /// Of the server and the clients, per GiB or request: a server that sends files without touching them leaves their
    /// first reading to whoever receives them.
    pub all_processor_seconds: f64,
}

/// A server that is measured.
#[derive(Debug)]
pub struct Measured {
    pub address: SocketAddr,
    /// The process that serves.
    pub pid: Pid,
    /// The path of the manifest that it has.
    pub manifest: String,
}

impl Load {
    /// How many clients there are.
    fn clients(self) -> usize {
        match self {
            Self::Blobs => 4,
            Self::Manifests => 32,
        }
    }

    /// How many units so many answers are.
    #[expect(clippy::cast_precision_loss, reason = "a few bits of billions")]
    fn units(self, answers: usize) -> f64 {
        match self {
            Self::Blobs => (answers * BLOB_BYTES) as f64 / f64::from(1 << 30),
            Self::Manifests => answers as f64,
        }
    }

    /// Whether a client has enough after so many answers.
    fn is_enough(self, answers: usize, start: Instant) -> bool {
        match self {
            Self::Blobs => answers == 2,
            Self::Manifests => start.elapsed() >= TIME,
        }
    }

    pub fn unit(self) -> &'static str {
        if self == Self::Blobs { "GiB" } else { "requests" }
    }

    pub fn time_unit(self) -> &'static str {
        if self == Self::Blobs { "processor seconds per GiB" } else { "processor µs per request" }
    }

    pub fn time_factor(self) -> f64 {
        if self == Self::Blobs { 1.0 } else { 1e6 }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Blobs { "blobs" } else { "manifests" })
    }
}

impl Measured {
    /// Puts a load on it.
    pub fn measure(&self, load: Load) -> Figures {
        let path = if load == Load::Blobs { BLOB } else { &self.manifest };
        let before = processor_seconds(self.pid);
        let start = Instant::now();
        let (mut answers, mut of_clients) = (0, 0.0);
        thread::scope(|scope| {
            let asking = || (ask(self.address, path, |answers| load.is_enough(answers, start)), thread_seconds());
            let clients: Vec<_> = (0..load.clients()).map(|_| scope.spawn(asking)).collect();
            for client in clients {
                let (of_client, seconds) = client.join().unwrap();
                answers += of_client;
                of_clients += seconds;
            }
        });
        let (elapsed, units) = (start.elapsed().as_secs_f64(), load.units(answers));
        let taken = processor_seconds(self.pid) - before;
        Figures {
            per_second: units / elapsed,
            processor_seconds: taken / units,
            all_processor_seconds: (taken + of_clients) / units,
        }
    }
}

/// Asks for a path over one connection until there are answers enough, and reads everything. How many there were.
fn ask(address: SocketAddr, path: &str, is_enough: impl Fn(usize) -> bool) -> usize {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: registry.example\r\n\r\n");
    let mut buffer = vec![0; 512 * 1024];
    let mut answers = 0;
    while !is_enough(answers) {
        stream.write_all(request.as_bytes()).unwrap();
        let mut filled = 0;
        let head = loop {
            let read = stream.read(&mut buffer[filled..]).unwrap();
            assert_ne!(read, 0, "the server hung up");
            filled += read;
            if let Some(end) = buffer[..filled].windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let text = std::str::from_utf8(&buffer[..head]).unwrap().to_ascii_lowercase();
        assert!(text.starts_with("http/1.1 200"), "{text}");
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut left = length.parse::<usize>().unwrap() - (filled - head);
        while left > 0 {
            let read = stream.read(&mut buffer).unwrap();
            assert_ne!(read, 0, "the server hung up");
            left -= read;
        }
        answers += 1;
    }
    answers
}

/// The processor time that the threads of a process have taken.
fn processor_seconds(pid: Pid) -> f64 {
    let threads = std::fs::read_dir(format!("/proc/{}/task", pid.as_raw_pid())).unwrap();
    threads.map(|thread| seconds(&thread.unwrap().path().join("schedstat"))).sum()
}

/// The processor time that this thread has taken.
fn thread_seconds() -> f64 {
    seconds(Path::new("/proc/thread-self/schedstat"))
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of a few hours")]
fn seconds(schedstat: &Path) -> f64 {
    let stat = std::fs::read_to_string(schedstat).unwrap_or_default();
    stat.split_ascii_whitespace().next().map_or(0.0, |nanoseconds| nanoseconds.parse::<u64>().unwrap() as f64 / 1e9)
}
