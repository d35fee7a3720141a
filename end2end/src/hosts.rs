//! Hosts of the internet, played on this machine: their names lead here, and a certificate says that they are who they say.
//!
//! What they answer is the business of the servers that stand behind them, which speak HTTP/1.1 without TLS.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rcgen::CertifiedKey;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// The hosts. They are gone when this is dropped.
#[derive(Debug)]
pub struct Hosts {
    proxy_config: String,
    front: JoinHandle<()>,
}

impl Hosts {
    /// Plays hosts, each with the server behind it.
    pub async fn play(hosts: &[(&str, SocketAddr)]) -> Result<Self> {
        let names: Vec<_> = hosts.iter().map(|(name, _)| (*name).to_owned()).collect();
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut proxy_config = "upstream:\n  addresses:\n".to_owned();
        for (name, _) in hosts {
            writeln!(proxy_config, "    {name}: '{}'", listener.local_addr()?)?;
        }
        writeln!(proxy_config, "  extra_ca: [{:?}]", cert.pem())?;
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der()).into();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![cert.der().clone()], key)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let behind: HashMap<_, _> = hosts.iter().map(|&(name, server)| (name.to_owned(), server)).collect();
        let front = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (acceptor, behind) = (acceptor.clone(), behind.clone());
                tokio::spawn(async move {
                    if let Err(error) = serve(client, &acceptor, &behind).await {
                        eprintln!("a host has lost a connection: {error:#}");
                    }
                });
            }
        });
        Ok(Self { proxy_config, front })
    }

    /// What a proxy is told so that it finds the hosts and trusts them.
    pub fn proxy_config(&self) -> &str {
        &self.proxy_config
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        self.front.abort();
    }
}

async fn serve(client: TcpStream, acceptor: &TlsAcceptor, behind: &HashMap<String, SocketAddr>) -> Result<()> {
    let mut client = acceptor.accept(client).await?;
    let name = client.get_ref().1.server_name().context("a client named no host")?;
    let server = behind.get(name).with_context(|| format!("{name} isn't played"))?;
    let mut server = TcpStream::connect(server).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
