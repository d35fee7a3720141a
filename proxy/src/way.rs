//! From a target to the addresses that may be dialled for it: where the policy's decisions about names and addresses meet the
//! resolver. Everything that goes out goes through [`find`].

use std::net::{IpAddr, SocketAddr};

use crate::config::Settings;
use crate::policy::{Denial, Host, Target};
use crate::upstream::{ResolveError, Resolver, Route};

/// Why there is no way.
#[derive(Debug, thiserror::Error)]
pub enum WayError {
    /// The policy refuses.
    #[error("denied by {0}")]
    Denied(#[from] Denial),
    /// The name has no address.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
}

/// Finds the way to a target. A name that isn't allowed isn't even resolved, and of its addresses only the permitted ones
/// are left.
pub async fn find(settings: &Settings, resolver: &Resolver, target: &Target) -> Result<Route, WayError> {
    settings.policy.admit(target)?;
    if let Some(address) = settings.overrides.find(target) {
        return Ok(Route { target: target.clone(), addresses: vec![address] });
    }
    let addresses = match &target.host {
        Host::Address(address) => settings.policy.permit(target, &[*address])?,
        Host::Name(_) if settings.pool.dialer().has_parent() => {
            return Ok(Route { target: target.clone(), addresses: Vec::new() });
        }
        Host::Name(name) => settings.policy.permit(target, &resolver.resolve(name).await?)?,
    };
    let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, target.port)).collect();
    Ok(Route { target: target.clone(), addresses })
}

/// Whether a connection that was made may go on: to a target, at an address unless another proxy knows it alone.
pub fn check(settings: &Settings, target: &Target, address: Option<IpAddr>) -> Result<(), Denial> {
    settings.policy.admit(target)?;
    match address {
        Some(address) if settings.overrides.find(target).is_none() => {
            settings.policy.permit(target, &[address]).map(|_| ())
        }
        _ => Ok(()),
    }
}
