//! A network policy on the page: as it is stored, with what was changed since.
//!
//! A change is there at once. One save runs at a time, because each is made from the revision that the last one made; what
//! the server refuses is taken back.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::network::{
    AllowedHost, EffectivePolicy, NetworkAdditions, NetworkPhase, NetworkPolicy, NetworkView, PolicyScope,
};
use octobot_wire::{Problem, ProjectId, WorkspaceId};

use super::undo::Undo;
use crate::calls;
use crate::components::frame::toasts::Toasts;
use crate::live::ProjectStore;
use crate::live::follow::Follower;

/// See the module.
#[derive(Clone, Copy)]
pub struct Policy {
    project: StoredValue<ProjectId>,
    /// Where failures are told.
    pub toasts: Toasts,
    /// What was loaded: none before it is there.
    pub view: RwSignal<Option<Result<NetworkView, Problem>>>,
    /// The lists that are edited: the project's policy, and where a workspace is chosen with that one's lists in it.
    pub lists: RwSignal<Option<NetworkPolicy>>,
    /// The workspace whose additions are edited; none for the project's policy.
    pub workspace: Memo<Option<WorkspaceId>>,
    /// All rules in force.
    pub effective: RwSignal<Option<EffectivePolicy>>,
    /// In which part of a session's life.
    pub phase: RwSignal<NetworkPhase>,
    /// What was done last and can be taken back.
    pub undo: RwSignal<Option<Undo>>,
    /// Counts the changes that were made here.
    edits: StoredValue<u32>,
    /// Counts how often it was to be loaded.
    loads: StoredValue<u32>,
    is_saving: StoredValue<bool>,
}

impl Policy {
    /// Loads the policy, and loads it again when somebody changes it.
    pub fn follow(workspace: Memo<Option<WorkspaceId>>) -> Self {
        let policy = Self {
            project: StoredValue::new(ProjectStore::expect().id()),
            toasts: Toasts::expect(),
            view: RwSignal::new(None),
            lists: RwSignal::new(None),
            workspace,
            effective: RwSignal::new(None),
            phase: RwSignal::new(NetworkPhase::default()),
            undo: RwSignal::new(None),
            edits: StoredValue::new(0),
            loads: StoredValue::new(0),
            is_saving: StoredValue::new(false),
        };
        let changes = Follower::expect().network;
        Effect::new(move |before: Option<Option<WorkspaceId>>| {
            changes.track();
            let workspace = workspace.get();
            if before.is_some_and(|before| before != workspace) {
                policy.lists.set(None);
                policy.undo.set(None);
            }
            policy.load(workspace);
            workspace
        });
        Effect::new(move |_| {
            policy.phase.track();
            policy.load_effective();
        });
        policy
    }

    /// Loads it again.
    pub fn reload(self) {
        if let Some(workspace) = self.workspace.try_get_untracked() {
            self.load(workspace);
        }
    }

    /// Whether the caller may change it.
    pub fn may_edit(self) -> bool {
        self.view.with(|view| matches!(view, Some(Ok(view)) if view.may_edit))
    }

    /// The project.
    pub fn project(self) -> ProjectId {
        self.project.get_value()
    }

    /// Whose rules are asked about, and when.
    pub fn scope(self) -> PolicyScope {
        PolicyScope { workspace: self.workspace.get_untracked(), phase: self.phase.get_untracked() }
    }

    /// Changes the lists, at once on the page; back to what is stored when the server refuses.
    pub fn edit(self, change: impl FnOnce(&mut NetworkPolicy)) {
        self.change(change);
        // A save that is under way goes on with this one.
        if !self.is_saving.get_value() {
            spawn_local(async move {
                if let Err(problem) = self.saved().await {
                    self.toasts.failure("The change wasn't saved", &problem);
                }
            });
        }
    }

    /// The same, for who tells the failure.
    pub async fn add(self, change: impl FnOnce(&mut NetworkPolicy)) -> Result<(), Problem> {
        self.change(change);
        if self.is_saving.get_value() { Ok(()) } else { self.saved().await }
    }

    /// Takes an allowed host from the list, and offers to take that back.
    pub fn remove(self, entry: AllowedHost) {
        let text = format!("{} was removed.", entry.host);
        let removed = entry.clone();
        self.edit(move |lists| lists.allowed.retain(|known| *known != removed));
        self.undo.set(Some(Undo::new(text, move || self.edit(|lists| lists.allowed.push(entry.clone())))));
    }

    /// Takes a denied host from the list, and offers to take that back.
    pub fn permit(self, host: String) {
        let text = format!("{host} was removed.");
        let removed = host.clone();
        self.edit(move |lists| lists.denied.retain(|known| *known != removed));
        self.undo.set(Some(Undo::new(text, move || self.edit(|lists| lists.denied.push(host.clone())))));
    }

    fn change(self, change: impl FnOnce(&mut NetworkPolicy)) {
        self.undo.set(None);
        self.edits.update_value(|edits| *edits += 1);
        let _ = self.lists.try_update(|lists| lists.as_mut().map(change));
    }

    /// Saves all changes, and says so on the page.
    async fn saved(self) -> Result<(), Problem> {
        self.is_saving.set_value(true);
        let loads = self.loads.get_value();
        let saved = self.save_all().await;
        let _ = self.is_saving.try_set_value(false);
        if saved.is_err() {
            let _ = self.undo.try_set(None);
        }
        // What was to be loaded meanwhile is loaded now.
        if saved.is_err() || self.loads.try_get_value() != Some(loads) {
            self.reload();
        } else {
            self.load_effective();
        }
        saved
    }

    /// Saves until nothing has changed meanwhile, or other lists are shown.
    async fn save_all(self) -> Result<(), Problem> {
        let Some(workspace) = self.workspace.try_get_untracked() else { return Ok(()) };
        loop {
            let Some(edits) = self.edits.try_get_value() else { return Ok(()) };
            let Some(Some(wanted)) = self.lists.try_get_untracked() else { return Ok(()) };
            let stored = self.save(workspace, wanted).await?;
            if self.workspace.try_get_untracked() != Some(workspace) {
                return Ok(());
            }
            let is_last = self.edits.try_get_value().is_none_or(|now| now == edits);
            let _ = self.lists.try_update(|lists| match lists {
                Some(lists) if !is_last => lists.revision = stored.revision,
                lists => *lists = Some(stored),
            });
            if is_last {
                return Ok(());
            }
        }
    }

    async fn save(self, workspace: Option<WorkspaceId>, wanted: NetworkPolicy) -> Result<NetworkPolicy, Problem> {
        let project = self.project();
        let stored = match workspace {
            None => calls::save_network(project, wanted).await,
            Some(workspace) => {
                let NetworkPolicy { revision, allowed, denied, .. } = wanted.clone();
                let additions = NetworkAdditions { revision, allowed, denied };
                let stored = calls::save_network_additions(project, workspace, additions).await;
                stored.map(|additions| with_additions(wanted, additions))
            }
        };
        stored.map_err(|failure| failure.0)
    }

    fn load(self, workspace: Option<WorkspaceId>) {
        let Some(load) = self.loads.try_update_value(|loads| {
            *loads += 1;
            *loads
        }) else {
            return;
        };
        // What is being saved is newer than what could be loaded.
        if self.is_saving.get_value() {
            return;
        }
        let edits = self.edits.get_value();
        spawn_local(async move {
            let loaded = load_lists(self.project(), workspace).await;
            if self.loads.try_get_value() != Some(load) || self.edits.try_get_value() != Some(edits) {
                return;
            }
            match loaded {
                Ok((view, lists)) => {
                    let _ = self.view.try_set(Some(Ok(view)));
                    let _ = self.lists.try_set(Some(lists));
                }
                Err(problem) => {
                    let _ = self.view.try_set(Some(Err(problem)));
                }
            }
            self.load_effective();
        });
    }

    fn load_effective(self) {
        let (Some(phase), Some(workspace)) = (self.phase.try_get_untracked(), self.workspace.try_get_untracked())
        else {
            return;
        };
        let scope = PolicyScope { workspace, phase };
        spawn_local(async move {
            // Without it the page shows what it showed before; that the policy can't be loaded is told above.
            if let Ok(effective) = calls::load_effective_policy(self.project(), scope).await {
                let _ = self.effective.try_set(Some(effective));
            }
        });
    }
}

async fn load_lists(
    project: ProjectId,
    workspace: Option<WorkspaceId>,
) -> Result<(NetworkView, NetworkPolicy), Problem> {
    let view = calls::load_network(project.clone()).await.map_err(|failure| failure.0)?;
    let policy = view.policy.clone();
    let lists = match workspace {
        None => policy,
        Some(workspace) => {
            let additions = calls::load_network_additions(project, workspace).await;
            with_additions(policy, additions.map_err(|failure| failure.0)?)
        }
    };
    Ok((view, lists))
}

fn with_additions(policy: NetworkPolicy, additions: NetworkAdditions) -> NetworkPolicy {
    let NetworkAdditions { revision, allowed, denied } = additions;
    NetworkPolicy { revision, allowed, denied, ..policy }
}
