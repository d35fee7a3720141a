//! Renaming a workspace.

use leptos::prelude::*;
use octobot_wire::WorkspaceId;
use octobot_wire::name::parse_name;
use web_sys::SubmitEvent;

use super::actions::WorkspaceActions;
use crate::components::dynamic::dynamic;
use crate::components::form::dialog::Dialog;
use crate::components::form::field::{Field, description_id};

/// The dialog that renames a workspace.
#[component]
pub fn RenameWorkspaceDialog(
    /// The workspace.
    id: WorkspaceId,
    /// Its name.
    name: Signal<String>,
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let actions = WorkspaceActions::new();
    let typed = RwSignal::new(String::new());
    let error = RwSignal::new(None::<String>);
    Effect::new(move |_| {
        if open.get() {
            typed.set(name.get_untracked());
            error.set(None);
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        match parse_name(&typed.get_untracked()) {
            Ok(name) => {
                open.set(false);
                actions.rename(id, name);
            }
            Err(refusal) => error.set(Some(refusal.to_string())),
        }
    };
    view! {
        <Dialog open title="Rename the workspace">
            <form class="form" on:submit=submit>
                <Field id="rename-workspace" label="Name" error=error>
                    <input
                        id="rename-workspace"
                        class="input"
                        autofocus
                        autocomplete="off"
                        aria-describedby=description_id("rename-workspace")
                        prop:value=dynamic(move || typed.get())
                        on:input=move |event| typed.set(event_target_value(&event))
                    />
                </Field>
                <div class="dialog__actions">
                    <button type="submit" class="button button--primary">
                        "Rename"
                    </button>
                </div>
            </form>
        </Dialog>
    }
}
