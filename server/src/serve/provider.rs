//! Which provider makes this server's sandboxes.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use octobot_wire::project::SandboxSupport;
use uuid::Uuid;

use crate::config::{Config, ProviderChoice};
use crate::sandbox::Provider;
use crate::sandbox::docker::{DockerConfig, DockerProvider, OutletConfig};
use crate::sandbox::local::{LocalConfig, LocalProvider};
use crate::sandbox::network::RuntimeFolder;

/// The provider that was chosen, or the one that fits this machine.
pub(super) async fn choose(config: &Config, installation: Uuid) -> anyhow::Result<Arc<dyn Provider>> {
    let docker = docker(config, installation)?;
    let provider: Arc<dyn Provider> = match (config.provider, docker) {
        (ProviderChoice::Docker, Some(docker)) => Arc::new(docker),
        (ProviderChoice::Auto, Some(docker)) if is_usable(&docker, config).await => Arc::new(docker),
        _ => Arc::new(local(config, installation)?),
    };
    tracing::info!(sandbox.provider = provider.name(), "sandboxes are made by the provider {}", provider.name());
    Ok(provider)
}

/// What the operator says of every sandbox's proxy.
pub(super) fn of_operator(config: &Config) -> anyhow::Result<octobot_proxy::config::Config> {
    let Some(file) = &config.sandbox_proxy_config else { return Ok(octobot_proxy::config::Config::default()) };
    let text = std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
    let config = octobot_proxy::config::Config::from_yaml(&text);
    let config = config.with_context(|| format!("{} can't be used", file.display()))?;
    octobot_proxy::config::Settings::new(config.clone(), None)
        .with_context(|| format!("{} can't be used", file.display()))?;
    Ok(config)
}

/// Whether an engine answers, and an image can be expected: ours is built, not fetched, so that a machine which happens to
/// have an engine isn't one where every session fails.
async fn is_usable(docker: &DockerProvider, config: &Config) -> bool {
    if matches!(docker.support().await, SandboxSupport::Unavailable { .. }) {
        return false;
    }
    if config.engine.image_was_chosen || matches!(docker.lacks_image().await, Ok(false)) {
        return true;
    }
    let image = &config.engine.image;
    tracing::info!(
        sandbox.image = image,
        "a container engine is there, but not the image {image}: `cargo xtask image` builds it"
    );
    false
}

fn docker(config: &Config, installation: Uuid) -> anyhow::Result<Option<DockerProvider>> {
    let Some(socket) = config.engine.socket.clone() else { return Ok(None) };
    let outlet = OutletConfig {
        program: config.proxy.clone(),
        root: root(config, "outlets", installation),
        runtime: RuntimeFolder::open(&config.runtime_dir, &part(installation))?,
        cache: config.data_dir.join("proxy-cache"),
    };
    Ok(Some(DockerProvider::new(DockerConfig {
        socket,
        outlet,
        image: config.engine.image.clone(),
        agent: config.agent.clone(),
        root: root(config, "places", installation),
        installation,
    })))
}

fn local(config: &Config, installation: Uuid) -> anyhow::Result<LocalProvider> {
    let runtime = RuntimeFolder::open(&config.runtime_dir, &part(installation))?;
    Ok(LocalProvider::new(LocalConfig {
        supervisor: config.server.clone(),
        proxy: config.proxy.clone(),
        runtime,
        cache: config.data_dir.join("proxy-cache"),
        agent: config.agent.clone(),
        root: root(config, "sandboxes", installation),
        tool_dirs: config.tool_dirs.clone(),
    }))
}

/// Two databases over one data folder must not take each other's sandboxes for orphans.
fn root(config: &Config, name: &str, installation: Uuid) -> PathBuf {
    config.data_dir.join(name).join(part(installation))
}

/// The end of an installation's id, which is random.
fn part(installation: Uuid) -> String {
    installation.simple().to_string()[20..].to_owned()
}
