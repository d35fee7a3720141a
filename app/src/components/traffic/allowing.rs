//! Letting a host be reached that was denied, and taking that back.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::network::{AllowHost, AllowedHost, DisallowHost};
use octobot_wire::traffic::{Remedy, TrafficRecord};
use octobot_wire::{SessionId, WorkspaceId};

use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::frame::toasts::Toasts;
use crate::live::ProjectStore;

/// What was allowed from this page: the host and port that was denied, and the entry that was made for it.
type Allowed = (String, u16, Option<AllowedHost>);

/// See the module.
#[derive(Clone, Copy)]
pub struct Allowing {
    store: ProjectStore,
    toasts: Toasts,
    workspace: Option<WorkspaceId>,
    /// Whether the project's list is added to, and not the workspace's.
    pub for_project: RwSignal<bool>,
    /// Whether the caller may do it.
    pub may_edit: bool,
    allowed: RwSignal<Vec<(Allowed, Option<WorkspaceId>)>>,
}

impl Allowing {
    /// For the hosts that a session was denied.
    pub fn new(session: SessionId) -> Self {
        let store = ProjectStore::expect();
        Self {
            store,
            toasts: Toasts::expect(),
            workspace: store.find_session(session).map(|session| session.workspace_id),
            for_project: RwSignal::new(false),
            may_edit: store.project.with_value(|project| project.role.may_administer()),
            allowed: RwSignal::new(Vec::new()),
        }
    }

    fn allow(self, host: String, port: u16, private: bool) {
        let workspace = self.workspace.filter(|_| !self.for_project.get_untracked());
        spawn_local(async move {
            let request = AllowHost { host: host.clone(), port, private, workspace };
            match calls::allow_host(self.store.id(), request).await {
                Ok(answer) => {
                    let _ = self.allowed.try_update(|allowed| allowed.push(((host, port, answer.added), workspace)));
                }
                Err(failure) => self.toasts.failure("The host couldn't be allowed", &failure.0),
            }
        });
    }

    fn take_back(self, host: String, port: u16) {
        let known =
            self.allowed.with_untracked(|allowed| allowed.iter().find(|(known, _)| is(known, &host, port)).cloned());
        let Some(((_, _, entry), workspace)) = known else { return };
        spawn_local(async move {
            if let Some(entry) = entry
                && let Err(failure) = calls::disallow_host(self.store.id(), DisallowHost { entry, workspace }).await
            {
                self.toasts.failure("That couldn't be taken back", &failure.0);
                return;
            }
            let _ = self.allowed.try_update(|allowed| allowed.retain(|(known, _)| !is(known, &host, port)));
        });
    }
}

fn is((known, known_port, _): &Allowed, host: &str, port: u16) -> bool {
    known == host && *known_port == port
}

/// The button of a denied record. Nothing where allowing its host wouldn't help, or isn't the caller's to do.
pub fn allow_button(allowing: Allowing, record: &TrafficRecord) -> Option<AnyView> {
    let remedy = record.remedy.filter(|_| allowing.may_edit)?;
    // A question for a name has no port: what is wanted next is nearly always HTTPS.
    let (host, port) = (record.host.clone(), if record.port == 0 { 443 } else { record.port });
    let private = remedy == Remedy::AllowPrivate;
    let shown = move || {
        let host = host.clone();
        let is_allowed = allowing.allowed.with(|allowed| allowed.iter().any(|(known, _)| is(known, &host, port)));
        if is_allowed {
            let label = format!("Undo: allow {host}");
            view! {
                <span class="faint">"Allowed"</span>
                <button
                    type="button"
                    class="button button--small"
                    aria-label=label
                    on:click=move |_| allowing.take_back(host.clone(), port)
                >
                    "Undo"
                </button>
            }
            .into_any()
        } else {
            let label = format!("Allow {host}");
            let word = if private { "Allow this private host" } else { "Allow this host" };
            view! {
                <button
                    type="button"
                    class="button button--small"
                    title=label
                    on:click=move |_| allowing.allow(host.clone(), port, private)
                >
                    {word}
                </button>
            }
            .into_any()
        }
    };
    Some(view! { <span class="traffic__allow">{dynamic(shown)}</span> }.into_any())
}

/// Whose list is added to.
#[component]
pub fn AllowFor(
    /// What allows.
    allowing: Allowing,
) -> impl IntoView {
    const ID: &str = "traffic-allow-for";
    let choose = move |event| allowing.for_project.set(event_target_value(&event) == "project");
    view! {
        <div class="network__scope">
            <label class="field__label" for=ID>
                "Allow hosts for"
            </label>
            <select id=ID class="select" on:change=choose>
                <option value="workspace">"this workspace"</option>
                <option value="project">"the whole project"</option>
            </select>
        </div>
    }
}
