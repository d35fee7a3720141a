//! Adding a workspace.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::Problem;
use octobot_wire::workspace::AddWorkspace;
use web_sys::SubmitEvent;

use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::form::dialog::Dialog;
use crate::components::form::field::{Field, description_id};
use crate::components::form::problem::{OtherProblem, about};
use crate::components::frame::toasts::Toasts;
use crate::live::ProjectStore;

/// The dialog that adds a workspace.
#[component]
pub fn AddWorkspaceDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    view! {
        <Dialog open title="Add a workspace">
            <AddWorkspaceForm on_added=move |()| open.set(false)/>
        </Dialog>
    }
}

/// The form that adds a workspace.
#[component]
pub fn AddWorkspaceForm(
    /// It was added.
    #[prop(into)]
    on_added: Callback<()>,
) -> impl IntoView {
    let store = ProjectStore::expect();
    let toasts = Toasts::expect();
    let (source, name) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        let name = Some(name.get_untracked()).filter(|name| !name.trim().is_empty());
        let request = AddWorkspace { source: source.get_untracked(), name };
        spawn_local(async move {
            let answer = calls::add_workspace(store.id(), request).await;
            let _ = busy.try_set(false);
            match answer {
                Ok(workspace) => {
                    toasts.success(format!("“{}” was added", workspace.name));
                    store.take_workspace(workspace);
                    // The list of workspaces may have taken the place of this form, because it has heard of it already.
                    let _ = on_added.try_run(());
                }
                Err(failure) => {
                    let _ = problem.try_set(Some(failure.0));
                }
            }
        });
    };
    view! {
        <form class="form" on:submit=submit>
            <Field
                id="workspace-source"
                label="Folder path or git URL"
                hint="For example /home/ada/engine, https://github.com/ada/engine.git, git@host:engine.git or file:///srv/engine"
                error=about(problem, "source")
            >
                <input
                    id="workspace-source"
                    class="input"
                    autofocus
                    required
                    autocomplete="off"
                    spellcheck="false"
                    autocapitalize="off"
                    aria-describedby=description_id("workspace-source")
                    prop:value=dynamic(move || source.get())
                    on:input=move |event| source.set(event_target_value(&event))
                />
            </Field>
            <Field
                id="workspace-name"
                label="Name (optional)"
                hint="Without one, the last part of the path or URL"
                error=about(problem, "name")
            >
                <input
                    id="workspace-name"
                    class="input"
                    maxlength="100"
                    autocomplete="off"
                    aria-describedby=description_id("workspace-name")
                    prop:value=dynamic(move || name.get())
                    on:input=move |event| name.set(event_target_value(&event))
                />
            </Field>
            <OtherProblem problem/>
            <div class="dialog__actions">
                <button type="submit" class="button button--primary" disabled=dynamic(move || busy.get())>
                    {dynamic(move || if busy.get() { "Adding…" } else { "Add workspace" })}
                </button>
            </div>
        </form>
    }
}
