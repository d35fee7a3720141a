//! Who may be reached from a project's sandboxes: read and changed, explained, and one host at a time allowed.
//!
//! Every member sees the policy; owners and admins change it.

use std::sync::Arc;

use octobot_app::ports::Caller;
use octobot_proxy::policy::{Allowlist, Phase};
use octobot_wire::event::Change;
use octobot_wire::network::{
    AllowHost, DisallowHost, EffectivePolicy, HostAllowed, HostVerdict, NetworkPhase, NetworkView, PolicyScope,
};
use octobot_wire::{ProjectId, WorkspaceId, network as wire};

use super::{Core, Egress, ServiceError};
use crate::domain::network::{AllowedHost, Effective, InvalidPolicy, catalogue, check_room, read_host, read_target};
use crate::domain::{NetworkAdditions, NetworkPolicy};
use crate::store::Tx;

/// See the module.
pub struct NetworkService {
    core: Arc<Core>,
    egress: Arc<Egress>,
}

impl NetworkService {
    /// Works on `core`; `egress` puts changes into force.
    pub fn new(core: Arc<Core>, egress: Arc<Egress>) -> Self {
        Self { core, egress }
    }

    /// A project's policy, and what there could be in it.
    pub async fn view(&self, caller: Caller, project: &ProjectId) -> Result<NetworkView, ServiceError> {
        let mut tx = self.core.store.read().await?;
        let role = self.core.member(&mut tx, caller, project).await?;
        let policy = tx.network_policy(project).await?.to_wire();
        Ok(NetworkView { policy, presets: catalogue(), may_edit: role.may_administer() })
    }

    /// Changes a project's policy.
    pub async fn save(
        &self,
        caller: Caller,
        project: &ProjectId,
        request: wire::NetworkPolicy,
    ) -> Result<NetworkPolicy, ServiceError> {
        let mut policy = NetworkPolicy::parse(&request)?;
        let mut tx = self.core.store.begin().await?;
        self.core.administrator(&mut tx, caller, project).await?;
        let before = tx.network_policy(project).await?;
        policy.revision = next_revision(before.revision, policy.revision)?;
        tx.save_network_policy(project, &policy, self.core.now()).await?;
        self.commit(tx, project).await?;
        Ok(policy)
    }

    /// What a workspace adds to its project's policy.
    pub async fn additions(
        &self,
        caller: Caller,
        project: &ProjectId,
        workspace: WorkspaceId,
    ) -> Result<NetworkAdditions, ServiceError> {
        let mut tx = self.core.store.read().await?;
        self.core.member(&mut tx, caller, project).await?;
        additions_of(&mut tx, project, Some(workspace)).await
    }

    /// Changes what a workspace adds.
    pub async fn save_additions(
        &self,
        caller: Caller,
        project: &ProjectId,
        workspace: WorkspaceId,
        request: wire::NetworkAdditions,
    ) -> Result<NetworkAdditions, ServiceError> {
        let mut additions = NetworkAdditions::parse(&request)?;
        let mut tx = self.core.store.begin().await?;
        self.core.administrator(&mut tx, caller, project).await?;
        let before = additions_of(&mut tx, project, Some(workspace)).await?;
        additions.revision = next_revision(before.revision, additions.revision)?;
        tx.save_network_additions(workspace, &additions, self.core.now()).await?;
        self.commit(tx, project).await?;
        Ok(additions)
    }

    /// All rules in force, and where they come from.
    pub async fn effective(
        &self,
        caller: Caller,
        project: &ProjectId,
        scope: PolicyScope,
    ) -> Result<EffectivePolicy, ServiceError> {
        Ok(self.in_force(caller, project, scope.workspace).await?.explain(phase(scope.phase)))
    }

    /// Whether a host would be reached, and by which rule. `host` may have a port, and may be a whole URL.
    pub async fn check(
        &self,
        caller: Caller,
        project: &ProjectId,
        scope: PolicyScope,
        host: &str,
    ) -> Result<HostVerdict, ServiceError> {
        let target = read_target(host)?;
        Ok(self.in_force(caller, project, scope.workspace).await?.verdict(&target, phase(scope.phase)))
    }

    /// Lets a host be reached. Nothing is added where it is reached already.
    pub async fn allow(
        &self,
        caller: Caller,
        project: &ProjectId,
        request: AllowHost,
    ) -> Result<HostAllowed, ServiceError> {
        let target = read_host(&request.host, request.port)?;
        let mut tx = self.core.store.begin().await?;
        self.core.administrator(&mut tx, caller, project).await?;
        let mut policy = tx.network_policy(project).await?;
        let mut additions = additions_of(&mut tx, project, request.workspace).await?;
        let operator = self.egress.operators_list();
        let Some(entry) = Effective::new(operator, &policy, &additions).entry_for(&target, request.private) else {
            return Ok(HostAllowed { added: None });
        };
        let now = self.core.now();
        if let Some(workspace) = request.workspace {
            put(&mut additions.allowed, &mut additions.revision, &entry)?;
            Effective::new(operator, &policy, &additions).check_reached(&target)?;
            tx.save_network_additions(workspace, &additions, now).await?;
        } else {
            put(&mut policy.allowed, &mut policy.revision, &entry)?;
            Effective::new(operator, &policy, &additions).check_reached(&target)?;
            tx.save_network_policy(project, &policy, now).await?;
        }
        self.commit(tx, project).await?;
        tracing::info!(project.id = %project, network.target = %target, "{target} was allowed in project {project}");
        Ok(HostAllowed { added: Some(entry.to_wire()) })
    }

    /// Takes an allowed host from a list. One that isn't there needn't be taken.
    pub async fn disallow(
        &self,
        caller: Caller,
        project: &ProjectId,
        request: DisallowHost,
    ) -> Result<(), ServiceError> {
        let entry = AllowedHost::parse("entry", &request.entry)?;
        let mut tx = self.core.store.begin().await?;
        self.core.administrator(&mut tx, caller, project).await?;
        let now = self.core.now();
        if let Some(workspace) = request.workspace {
            let mut additions = additions_of(&mut tx, project, Some(workspace)).await?;
            if !take(&mut additions.allowed, &mut additions.revision, &entry) {
                return Ok(());
            }
            tx.save_network_additions(workspace, &additions, now).await?;
        } else {
            let mut policy = tx.network_policy(project).await?;
            if !take(&mut policy.allowed, &mut policy.revision, &entry) {
                return Ok(());
            }
            tx.save_network_policy(project, &policy, now).await?;
        }
        self.commit(tx, project).await
    }

    async fn in_force(
        &self,
        caller: Caller,
        project: &ProjectId,
        workspace: Option<WorkspaceId>,
    ) -> Result<Effective, ServiceError> {
        let mut tx = self.core.store.read().await?;
        self.core.member(&mut tx, caller, project).await?;
        effective(&mut tx, self.egress.operators_list(), project, workspace).await
    }

    /// Commits a change of the policy, and tells pages and proxies.
    async fn commit(&self, mut tx: Tx, project: &ProjectId) -> Result<(), ServiceError> {
        tx.record(project, Change::NetworkPolicy);
        self.core.commit(tx).await?;
        self.egress.policy_changed(project).await;
        tracing::info!(project.id = %project, "the network policy of project {project} was changed");
        Ok(())
    }
}

/// What the proxies of a workspace's sandboxes let through, where the operator says this of every sandbox.
pub(super) async fn allowlist(
    tx: &mut Tx,
    operator: &Allowlist,
    project: &ProjectId,
    workspace: WorkspaceId,
) -> Result<Allowlist, ServiceError> {
    Ok(effective(tx, operator, project, Some(workspace)).await?.into_list())
}

async fn effective(
    tx: &mut Tx,
    operator: &Allowlist,
    project: &ProjectId,
    workspace: Option<WorkspaceId>,
) -> Result<Effective, ServiceError> {
    let policy = tx.network_policy(project).await?;
    Ok(Effective::new(operator, &policy, &additions_of(tx, project, workspace).await?))
}

/// What a workspace of the project adds; nothing where no workspace is meant.
async fn additions_of(
    tx: &mut Tx,
    project: &ProjectId,
    workspace: Option<WorkspaceId>,
) -> Result<NetworkAdditions, ServiceError> {
    let Some(id) = workspace else { return Ok(NetworkAdditions::default()) };
    tx.workspace(project, id).await?.ok_or(ServiceError::NotFound("workspace"))?;
    Ok(tx.network_additions(id).await?)
}

/// The revision after a change that was made from `seen`.
fn next_revision(stored: u64, seen: u64) -> Result<u64, ServiceError> {
    if stored == seen { Ok(stored + 1) } else { Err(ServiceError::PolicyChanged) }
}

fn put(list: &mut Vec<AllowedHost>, revision: &mut u64, entry: &AllowedHost) -> Result<(), InvalidPolicy> {
    check_room(list)?;
    if !list.contains(entry) {
        list.push(entry.clone());
    }
    *revision += 1;
    Ok(())
}

/// Whether it was there.
fn take(list: &mut Vec<AllowedHost>, revision: &mut u64, entry: &AllowedHost) -> bool {
    let before = list.len();
    list.retain(|known| known != entry);
    *revision += u64::from(list.len() < before);
    list.len() < before
}

fn phase(phase: NetworkPhase) -> Phase {
    match phase {
        NetworkPhase::Setup => Phase::Setup,
        NetworkPhase::Agent => Phase::Agent,
    }
}

#[cfg(test)]
mod tests;
