//! The proxy's life: opens what it needs, serves, and ends in order when it is asked to.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::serve::ListenerExt as _;
use octobot_proxy::cache::{Cache, CacheConfig};
use octobot_proxy::clock;
use octobot_proxy::config::{Config, Live, watch};
use octobot_proxy::control::{self, Control, read_token};
use octobot_proxy::descriptors;
use octobot_proxy::dns;
use octobot_proxy::listen::{self, Kind};
use octobot_proxy::log::{Log, Retention};
use octobot_proxy::mitm::Authority;
use octobot_proxy::packets;
use octobot_proxy::proxy::Proxy;
use rustix::fs::FlockOperation;
use tokio::net::{TcpListener, UdpSocket, UnixListener};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::activation::{self, Passed};
use crate::arguments::{Arguments, ControlAddress, MaybeAddress};
use crate::telling::Telling;

/// How long requests may go on after the proxy was asked to end.
const DRAIN: Duration = Duration::from_secs(10);

/// How long the log may take to get to the disk at the end.
const LAST_RECORDS: Duration = Duration::from_secs(2);

/// How often idle connections to hosts are looked after.
const SWEEP: Duration = Duration::from_secs(10);

/// Runs until it is asked to end.
pub fn run(arguments: Arguments, telling: Telling) -> anyhow::Result<()> {
    if let Err(error) = descriptors::raise() {
        tracing::warn!(error = %error, "there may be no more descriptors than there are by default");
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(arguments, telling))
}

async fn serve(arguments: Arguments, telling: Telling) -> anyhow::Result<()> {
    let end = await_end()?;
    DirBuilder::new().recursive(true).mode(0o700).create(&arguments.data).context("the data folder can't be made")?;
    let _alone = claim(&arguments.data)?;
    let (proxy, text) = open(&arguments, telling)?;
    let token = read_token(arguments.token_file.as_deref(), arguments.token).context("the token can't be used")?;
    let connections = TaskTracker::new();
    let hall = Hall { proxy: Arc::clone(&proxy), connections: connections.clone() };
    for address in arguments.listen {
        if let MaybeAddress::At(address) = address {
            hall.listen(bind(address).await?, Kind::Proxy)?;
        }
    }
    for address in arguments.listen_transparent {
        hall.listen(bind(address).await?, Kind::Transparent)?;
    }
    for address in arguments.dns {
        let socket = UdpSocket::bind(address).await.with_context(|| format!("can't answer at {address}"))?;
        hall.answer_udp(socket)?;
        hall.answer_tcp(bind(address).await?)?;
    }
    let launcher_ended = CancellationToken::new();
    if let Some(source) = arguments.sockets {
        let hall = hall.clone();
        activation::receive(source, arguments.ends_with_launcher, launcher_ended.clone(), move |passed| {
            hall.take(passed)
        })
        .context("no sockets can be received")?;
    }
    serve_control(arguments.control, Control::new(Arc::clone(&proxy), token)).await?;
    if let Some(file) = arguments.config {
        tokio::spawn(watch(Arc::clone(&proxy.live), file, text));
    }
    tokio::spawn(sweep(Arc::clone(&proxy)));

    let reason = tokio::select! {
        signal = end => signal,
        () = launcher_ended.cancelled() => "its launcher has ended",
    };
    tracing::info!(reason, "the proxy shuts down");
    proxy.closing.cancel();
    connections.close();
    if timeout(DRAIN, connections.wait()).await.is_err() {
        tracing::info!(connections = proxy.connections(), "some connections are cut off");
    }
    proxy.log.flush(LAST_RECORDS);
    Ok(())
}

/// Takes the data folder for this process, for as long as it lives. The lock is a POSIX record lock, so that who asks is told which
/// process has it.
fn claim(data: &Path) -> anyhow::Result<fs::File> {
    let path = data.join("lock");
    let file = fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.with_context(|| format!("{} can't be opened", path.display()))?;
    rustix::fs::fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive)
        .with_context(|| format!("another proxy works in {}: give this one a folder of its own", data.display()))?;
    Ok(file)
}

/// Opens the proxy, and returns the text of its configuration.
fn open(arguments: &Arguments, telling: Telling) -> anyhow::Result<(Arc<Proxy>, String)> {
    let text = match &arguments.config {
        Some(file) => fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?,
        None => String::new(),
    };
    let config = Config::from_yaml(&text).context("the configuration can't be used")?;
    let authority =
        Authority::open(&arguments.data.join("certs"), clock::system).context("there is no certificate authority")?;
    let retention = Retention {
        folder: arguments.data.join("log"),
        file_bytes: mib(config.logging.file_mib),
        total_bytes: mib(config.logging.total_mib),
    };
    let log = Log::open(arguments.session.clone(), Some(retention), clock::system).context("the log can't be read")?;
    let cache_folder = arguments.cache.clone().unwrap_or_else(|| arguments.data.join("cache"));
    let cache = Cache::open(&cache_folder, &arguments.tenant, config.cache.clone())?;
    let applied = {
        let (log, cache) = (log.clone(), cache.clone());
        move |config: &Config| {
            telling.set_level(&config.logging.level);
            log.retain(mib(config.logging.file_mib), mib(config.logging.total_mib));
            tokio::spawn(reconfigure(cache.clone(), config.cache.clone()));
        }
    };
    let live = Arc::new(Live::new(config, applied).context("the configuration can't be used")?);
    Ok((Proxy::new(live, log, authority, cache), text))
}

async fn reconfigure(cache: Cache, config: CacheConfig) {
    if let Err(error) = cache.reconfigure(config).await {
        tracing::warn!(error = %error, "the cache keeps more than it may");
    }
}

fn mib(number: u64) -> u64 {
    number.saturating_mul(1 << 20)
}

/// Where sockets are put to work.
#[derive(Clone)]
struct Hall {
    proxy: Arc<Proxy>,
    connections: TaskTracker,
}

impl Hall {
    fn listen(&self, listener: TcpListener, kind: Kind) -> io::Result<()> {
        tracing::info!(listener = ?kind, address = %listener.local_addr()?, "the proxy listens");
        tokio::spawn(listen::serve(Arc::clone(&self.proxy), listener, kind, self.connections.clone()));
        Ok(())
    }

    fn answer_udp(&self, socket: UdpSocket) -> io::Result<()> {
        tracing::info!(listener = "Dns", address = %socket.local_addr()?, "the proxy resolves names");
        tokio::spawn(dns::serve_udp(Arc::clone(&self.proxy), socket));
        Ok(())
    }

    fn answer_tcp(&self, listener: TcpListener) -> io::Result<()> {
        tracing::info!(listener = "DnsTcp", address = %listener.local_addr()?, "the proxy resolves names");
        tokio::spawn(dns::serve_tcp(Arc::clone(&self.proxy), listener));
        Ok(())
    }

    fn take(&self, passed: Passed) -> io::Result<()> {
        match passed {
            Passed::Listener(listener, kind) => self.listen(TcpListener::from_std(listener)?, kind),
            Passed::DnsTcp(listener) => self.answer_tcp(TcpListener::from_std(listener)?),
            Passed::DnsUdp(socket) => self.answer_udp(UdpSocket::from_std(socket)?),
            Passed::Packets(observer) => {
                tracing::info!(listener = "Packets", "the proxy sees what the network refuses");
                tokio::spawn(packets::observe(Arc::clone(&self.proxy), observer));
                Ok(())
            }
        }
    }
}

async fn bind(address: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("can't listen at {address}"))
}

async fn serve_control(address: ControlAddress, api: Control) -> anyhow::Result<()> {
    let router = api.router();
    match address {
        ControlAddress::None => {}
        ControlAddress::Tcp(address) => {
            let listener = bind(address).await?;
            tracing::info!(listener = "Control", address = %listener.local_addr()?, "the control API listens");
            tokio::spawn(control::serve(listener.tap_io(control::prepare), router));
        }
        ControlAddress::Unix(path) => {
            let listener = bind_unix(&path).with_context(|| format!("can't listen at {}", path.display()))?;
            tracing::info!(listener = "Control", path = %path.display(), "the control API listens");
            tokio::spawn(control::serve(listener, router));
        }
    }
    Ok(())
}

/// A socket that is there already belongs to a proxy that has died.
fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn sweep(proxy: Arc<Proxy>) {
    let mut ticks = interval(SWEEP);
    loop {
        ticks.tick().await;
        proxy.settings().pool.sweep();
    }
}

/// Resolves to the name of the signal that asks the proxy to end.
fn await_end() -> io::Result<impl Future<Output = &'static str>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    })
}
