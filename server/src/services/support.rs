//! What the provider last said about this host: kept, because asking takes a while, and asked again while it is no.

use std::sync::{Arc, PoisonError, RwLock};

use octobot_wire::project::SandboxSupport;

use crate::sandbox::Provider;

/// See the module. Clones share what is known.
#[derive(Debug, Clone)]
pub struct Support(Arc<RwLock<SandboxSupport>>);

impl Support {
    /// Asks the provider for the first time.
    pub async fn of(provider: &dyn Provider) -> Self {
        let found = provider.support().await;
        if let SandboxSupport::Unavailable { reason, remedy } = &found {
            tracing::warn!(reason, remedy, "no sandboxes can be made here");
        }
        Self(Arc::new(RwLock::new(found)))
    }

    /// What is known.
    pub fn get(&self) -> SandboxSupport {
        // A value is replaced as a whole, so one that a panic left behind is whole too.
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks again if the last answer was no: an engine may have been started since.
    pub async fn look_again(&self, provider: &dyn Provider) {
        if matches!(self.get(), SandboxSupport::Available { .. }) {
            return;
        }
        let found = provider.support().await;
        if matches!(found, SandboxSupport::Available { .. }) {
            tracing::info!("sandboxes can be made now");
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = found;
    }
}
