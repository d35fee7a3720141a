//! The credentials of a project as they are stored, and what can be done with them.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::credential::{Credential, CredentialType, CredentialTypeId, CredentialsView, SaveCredential};
use octobot_wire::{CredentialId, Problem};

use crate::calls;
use crate::components::frame::toasts::Toasts;
use crate::live::ProjectStore;

/// See the module.
#[derive(Clone, Copy)]
pub struct CredentialList {
    store: ProjectStore,
    toasts: Toasts,
    /// None until they have been loaded.
    pub view: RwSignal<Option<CredentialsView>>,
    /// The credential in the dialog; none for a new one.
    pub edited: RwSignal<Option<CredentialId>>,
    /// Whether the dialog is open.
    pub open: RwSignal<bool>,
    /// The credential that is being tried.
    pub trying: RwSignal<Option<CredentialId>>,
}

impl CredentialList {
    /// Loads the list.
    pub fn load() -> Self {
        let list = Self {
            store: ProjectStore::expect(),
            toasts: Toasts::expect(),
            view: RwSignal::new(None),
            edited: RwSignal::new(None),
            open: RwSignal::new(false),
            trying: RwSignal::new(None),
        };
        // Only in the browser: nobody waits for it.
        Effect::new(move |_| {
            spawn_local(async move {
                match calls::load_credentials(list.store.id()).await {
                    Ok(view) => drop(list.view.try_set(Some(view))),
                    Err(failure) => list.toasts.failure("The credentials couldn't be loaded", &failure.0),
                }
            });
        });
        list
    }

    /// Opens the dialog, for a new credential or for one that is there.
    pub fn edit(self, credential: Option<CredentialId>) {
        self.edited.set(credential);
        self.open.set(true);
    }

    /// The credential in the dialog as it is stored.
    pub fn edited_credential(self) -> Option<Credential> {
        let edited = self.edited.get_untracked()?;
        self.view.with_untracked(|view| view.as_ref()?.credentials.iter().find(|known| known.id == edited).cloned())
    }

    /// The types that there are.
    pub fn types(self) -> Vec<CredentialType> {
        self.view.with_untracked(|view| view.as_ref().map(|view| view.types.clone()).unwrap_or_default())
    }

    /// What the server says about a type.
    pub fn type_of(self, id: CredentialTypeId) -> Option<CredentialType> {
        self.view.with_untracked(|view| view.as_ref()?.types.iter().find(|known| known.id == id).cloned())
    }

    /// Saves the credential in the dialog.
    pub async fn save(self, request: SaveCredential) -> Result<(), Problem> {
        let saved = match self.edited.get_untracked() {
            Some(id) => calls::update_credential(self.store.id(), id, request).await,
            None => calls::create_credential(self.store.id(), request).await,
        };
        let credential = saved.map_err(|failure| failure.0)?;
        self.toasts.success(format!("“{}” was saved", credential.name));
        self.put(credential);
        Ok(())
    }

    /// Tries a credential with a real request.
    pub fn test(self, id: CredentialId) {
        self.trying.set(Some(id));
        spawn_local(async move {
            match calls::test_credential(self.store.id(), id).await {
                Ok(credential) => self.put(credential),
                Err(failure) => self.toasts.failure("The credential couldn't be tested", &failure.0),
            }
            let _ = self.trying.try_set(None);
        });
    }

    /// Revokes a credential.
    pub fn revoke(self, id: CredentialId) {
        spawn_local(async move {
            match calls::revoke_credential(self.store.id(), id).await {
                Ok(()) => {
                    let _ = self.view.try_update(|view| {
                        if let Some(view) = view {
                            view.credentials.retain(|known| known.id != id);
                        }
                    });
                    self.toasts.success("The credential was revoked");
                }
                Err(failure) => self.toasts.failure("The credential couldn't be revoked", &failure.0),
            }
        });
    }

    fn put(self, credential: Credential) {
        let _ = self.view.try_update(|view| {
            let Some(view) = view else { return };
            match view.credentials.iter_mut().find(|known| known.id == credential.id) {
                Some(known) => *known = credential,
                None => view.credentials.push(credential),
            }
        });
    }
}
